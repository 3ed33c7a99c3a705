"""How evenly the tumour stains: hexagonal bins, indices, hot spots."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats, Ints
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.image.geometry import PixelSize
from her2path.scoring.arrangement import Pattern, arrangement
from her2path.scoring.diversity import rao, shannon, simpson
from her2path.scoring.hexagons import adjacent_pairs, hex_bins, hex_centres
from her2path.scoring.settings import Statistics
from her2path.scoring.spatial import Moran, false_discovery, getis_ord, moran, two_sided_p

__all__ = ["HeterogeneityIndices", "HeterogeneityMap", "Pattern", "heterogeneity", "hex_bins"]

POSITIVE_GRADE = 2
"""Cells from this grade on are positive in ``arrangement`` (domain: at or above the 2+ level)."""

HOT_Q = 0.05
"""A hexagon is hot below this false discovery rate."""


@dataclass(frozen=True, slots=True)
class HeterogeneityIndices:
    """Slide-wide numbers; None where the table does not allow them."""

    shannon: float | None
    """Of the grades 0 to 3, in nats; 0 to 1.386."""

    simpson: float | None
    rao: float | None
    moran_i: float | None
    """Of the hexagons' H-scores, neighbours being hexagons that share an edge."""

    moran_p: float | None
    hotspot_fraction: float | None
    """Share of the counted cells that lie in hot hexagons."""

    pattern: Pattern | None


@dataclass(frozen=True, eq=False)
class HeterogeneityMap:
    """One row a hexagon that holds at least one counted cell, in order of ``bin``."""

    bin_um: float
    """Distance between the centres of neighbouring hexagons."""

    bin: Ints
    y_um: Floats
    """Centre of the hexagon, µm from the slide's corner."""

    x_um: Floats
    n_cells: Ints
    fractions: Floats
    """``(n, 9)``: share of each membrane pattern among the hexagon's counted cells."""

    h_score: Floats
    """NaN where the hexagon holds fewer cells than ``bin_min_cells``; so are the next three."""

    membrane_od: Floats
    gi_z: Floats
    """Getis-Ord Gi* of the H-score."""

    gi_q: Floats
    """Its p-value after Benjamini-Hochberg."""

    hot: NDArray[np.bool_]
    """Gi* above 0 with q < 0.05."""

    indices: HeterogeneityIndices


def heterogeneity(
    table: CellTable, *, pixel_size: PixelSize | None, statistics: Statistics
) -> HeterogeneityMap:
    """Map the staining of the counted cells and say how uneven it is.

    Parameters
    ----------
    table
        Rows that are ``counted`` and have a pattern and a grade take part; nothing else is read.
    pixel_size
        Of level 0; where it is None the map has no hexagons, and indices of distance are None.
    statistics
        Size of the hexagons, fewest cells of one, permutations and seed.

    Returns
    -------
    HeterogeneityMap
        Its statistics leave out hexagons with fewer than ``bin_min_cells`` counted cells.
    """
    cells = table.take(table.in_denominator & (table.grade >= 0))
    if pixel_size is None:
        return _without_hexagons(cells, statistics)
    yx_um = cells.yx_um(pixel_size)
    bins, place = np.unique(hex_bins(yx_um[:, 0], yx_um[:, 1], statistics.bin_um), return_inverse=True)
    n_cells = np.bincount(place, minlength=len(bins))
    known = n_cells >= statistics.bin_min_cells

    counts = np.bincount(place * len(PATTERNS) + cells.pattern, minlength=len(bins) * len(PATTERNS))
    # Whole numbers divided once: equal mixtures have equal H-scores to the last bit.
    h_score = np.where(known, 100 * np.bincount(place, cells.grade, minlength=len(bins)) / n_cells, np.nan)
    gi_z, autocorrelation = _spatial(bins, h_score, known, statistics)
    gi_q = false_discovery(two_sided_p(gi_z), np.isfinite(gi_z))
    hot = (gi_z > 0) & (gi_q < HOT_Q)
    y_um, x_um = hex_centres(bins, statistics.bin_um)
    return HeterogeneityMap(
        bin_um=statistics.bin_um,
        bin=bins,
        y_um=y_um.astype(np.float32),
        x_um=x_um.astype(np.float32),
        n_cells=n_cells.astype(np.int32),
        fractions=(counts.reshape(len(bins), len(PATTERNS)) / n_cells[:, None]).astype(np.float32),
        h_score=h_score.astype(np.float32),
        membrane_od=np.where(known, _mean_od(cells, place, len(bins)), np.nan).astype(np.float32),
        gi_z=gi_z.astype(np.float32),
        gi_q=gi_q.astype(np.float32),
        hot=hot,
        indices=_indices(
            cells,
            autocorrelation=autocorrelation,
            hotspot_fraction=float(n_cells[hot].sum() / n_cells.sum()) if np.isfinite(gi_z).any() else None,
            pattern=arrangement(yx_um, cells.grade >= POSITIVE_GRADE)
            if len(cells) >= statistics.min_cells
            else None,
        ),
    )


def _without_hexagons(cells: CellTable, statistics: Statistics) -> HeterogeneityMap:
    none = np.zeros(0, np.float32)
    return HeterogeneityMap(
        bin_um=statistics.bin_um,
        bin=np.zeros(0, np.int32),
        y_um=none,
        x_um=none,
        n_cells=np.zeros(0, np.int32),
        fractions=np.zeros((0, len(PATTERNS)), np.float32),
        h_score=none,
        membrane_od=none,
        gi_z=none,
        gi_q=none,
        hot=np.zeros(0, np.bool_),
        indices=_indices(cells, autocorrelation=None, hotspot_fraction=None, pattern=None),
    )


def _spatial(
    bins: Ints, h_score: Doubles, known: NDArray[np.bool_], statistics: Statistics
) -> tuple[Doubles, Moran | None]:
    """Gi* of every hexagon, NaN where unknown, and Moran's I of the slide."""
    gi_z = np.full(len(bins), np.nan)
    pairs = adjacent_pairs(bins[known])
    gi_z[known] = getis_ord(h_score[known], pairs)
    return gi_z, moran(h_score[known], pairs, permutations=statistics.permutations, seed=statistics.seed)


def _mean_od(cells: CellTable, place: NDArray[np.int64], n_bins: int) -> Doubles:
    """Mean membrane density of the stained cells of each hexagon; NaN where none is stained."""
    stained = (cells.pattern > 0) & np.isfinite(cells.membrane_od)
    n = np.bincount(place[stained], minlength=n_bins)
    sums = np.bincount(place[stained], cells.membrane_od[stained], minlength=n_bins)
    mean: Doubles = np.divide(sums, n, out=np.full(n_bins, np.nan), where=n > 0)
    return mean


def _indices(
    cells: CellTable,
    *,
    autocorrelation: Moran | None,
    hotspot_fraction: float | None,
    pattern: Pattern | None,
) -> HeterogeneityIndices:
    p = np.bincount(cells.grade, minlength=4) / len(cells) if len(cells) else None
    return HeterogeneityIndices(
        shannon=None if p is None else shannon(p),
        simpson=None if p is None else simpson(p),
        rao=None if p is None else rao(p),
        moran_i=None if autocorrelation is None else autocorrelation.i,
        moran_p=None if autocorrelation is None else autocorrelation.p,
        hotspot_fraction=hotspot_fraction,
        pattern=pattern,
    )
