"""Where cells lie: irregular points of a wanted density, thinned to a least distance."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from her2path.arrays import Codes, Doubles
from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, STROMA, TUMOUR
from her2path.phantom.spec import SlideSpec
from her2path.phantom.texture import smooth_field
from her2path.phantom.tissue import EPITHELIUM_UM, TissueMap

CLOSEST_UM = 5.3
"""No two cells lie nearer: nuclei that a reader could not tell apart are no truth to test against."""

USUAL_UM = 4.0
"""Thickness of a usual section, which densities are given for."""

OVERLAP_UM = 3.6
"""Nor do those that a recipe lets overlap: half a nucleus of each is still to be seen."""


def place_cells(
    spec: SlideSpec, tissue: TissueMap, rng: Generator, overlaps: Generator
) -> tuple[Doubles, Codes]:
    """Place every cell of a slide.

    Parameters
    ----------
    spec, tissue
        The slide and its coarse maps.
    rng, overlaps
        Sources of randomness; the second for overlapping cells alone.

    Returns
    -------
    points : (n, 2) float64
        Where nuclei are expected, µm.
    kind : (n,) int8
        Of each: tumour first, then red cells (kind ``other``), lymphocytes, stroma.
    """
    tumour = _tumour_points(spec, tissue, rng)
    stroma = irregular_points(tissue, spec.stroma.spacing_um, rng)
    stroma = stroma[_in_stroma(tissue, stroma)]
    lymphocytes = _lymphocytes(spec, tissue, rng)
    red_cells = irregular_points(tissue, 7.0, rng)
    red_cells = red_cells[(tissue.at(tissue.vessel, *red_cells.T) > 1) & (rng.random(len(red_cells)) < 0.6)]
    if spec.confounders.haemorrhage:
        red_cells = np.concatenate([red_cells, _blood(spec, tissue)])
    points = np.concatenate([tumour, red_cells, lymphocytes, stroma])
    kind = np.repeat(
        np.array([TUMOUR, OTHER, LYMPHOCYTE, STROMA], np.int8),
        [len(tumour), len(red_cells), len(lymphocytes), len(stroma)],
    )
    keep = thinned(points, CLOSEST_UM, np.arange(len(points), dtype=float))
    points, kind = points[keep], kind[keep]
    if overlap := overlap_of(spec):
        return _crowd(points, kind, overlap, overlaps)
    return points, kind


THICK_OVERLAP = 0.12
"""Share of cells that each micrometre beyond a usual section lays over a neighbour."""


def overlap_of(spec: SlideSpec) -> float:
    """Share of tumour cells that lie over a neighbour, those of a thick section included."""
    thick = max(spec.confounders.thickness_um - USUAL_UM, 0)
    return min(spec.tumour.overlap + THICK_OVERLAP * thick, 1.0)


def _blood(spec: SlideSpec, tissue: TissueMap) -> Doubles:
    """Red cells shoulder to shoulder, with a gap here and there."""
    rng = np.random.default_rng((spec.seed, _BLOOD))
    points = irregular_points(tissue, 5.4, rng)
    return points[
        (tissue.at(tissue.guests.damage.haemorrhage, *points.T) > 2) & (rng.random(len(points)) < 0.93)
    ]


_BLOOD = 71
"""Keeps these choices apart from all others of the slide."""


def _crowd(points: Doubles, kind: Codes, share: float, rng: Generator) -> tuple[Doubles, Codes]:
    """Push a share of the tumour cells towards the nearest other one, until their nuclei overlap."""
    tumour = np.flatnonzero(kind == TUMOUR)
    if len(tumour) < 2:
        return points, kind
    distance, near = (np.asarray(found)[:, 1] for found in cKDTree(points[tumour]).query(points[tumour], k=2))
    # Only one of two neighbours moves, and none is followed, so that no three meet in one place.
    moves = (rng.random(len(tumour)) < share) & (near > np.arange(len(tumour)))
    moves &= ~moves[near]
    way = np.where(moves, np.clip(1 - rng.uniform(OVERLAP_UM, CLOSEST_UM, len(tumour)) / distance, 0, 1), 0)
    moved = points.copy()
    moved[tumour] += way[:, None] * (points[tumour[near]] - points[tumour])
    keep = thinned(moved, OVERLAP_UM, np.arange(len(moved), dtype=float))
    return moved[keep], kind[keep]


def irregular_points(tissue: TissueMap, spacing_um: float, rng: Generator) -> Doubles:
    """Irregular points over the whole slide: ``(n, 2)``.

    ``spacing_um`` is the mean distance between neighbours; none is nearer than 0.6 of it.
    """
    height_um, width_um = (n * tissue.grid_um for n in tissue.tissue.shape)
    step = 0.64 * spacing_um
    rows = np.arange(0, height_um, step * 0.866)
    columns = np.arange(0, width_um, step)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    x[1::2] += step / 2
    points = np.stack([y.ravel(), x.ravel()], axis=1) + rng.uniform(-0.45, 0.45, (y.size, 2)) * step
    # Tissue is squeezed here and stretched there: cells of all sizes and shapes.
    squeeze = [smooth_field(rng, tissue.tissue.shape, 2.4 * spacing_um / tissue.grid_um) for _ in range(2)]
    points += 0.30 * spacing_um * np.stack([tissue.at(field, *points.T) for field in squeeze], axis=1)
    return points[thinned(points, 0.60 * spacing_um, rng.random(len(points)))]


def _tumour_points(spec: SlideSpec, tissue: TissueMap, rng: Generator) -> Doubles:
    if spec.tumour.sparse:
        return tissue.guests.lone_um
    spacing = spec.tumour.cell_um
    if spec.tumour.architecture != "glands":
        points = irregular_points(tissue, spacing, rng)
        return points[tissue.at(tissue.tumour, *points.T) > (0 if spec.tumour.architecture == "files" else 4)]
    # One pseudostratified layer of columnar cells: narrow, nuclei at uneven heights.
    points = irregular_points(tissue, 0.36 * spacing, rng)
    depth, lumen = tissue.at(tissue.tumour, *points.T), tissue.at(tissue.lumen, *points.T)
    layer = (depth > 0.28 * EPITHELIUM_UM) & (depth < 0.62 * EPITHELIUM_UM) & (lumen < -0.3 * EPITHELIUM_UM)
    points = points[layer]
    return points[thinned(points, 0.45 * spacing, rng.random(len(points)))]


def _in_stroma(tissue: TissueMap, points: Doubles) -> NDArray[np.bool_]:
    return (
        (tissue.at(tissue.tissue, *points.T) > 4)
        & (tissue.at(tissue.tumour, *points.T) < -4)
        & (tissue.at(tissue.lumen, *points.T) < -2)
        & (tissue.at(tissue.guests.ducts.in_situ, *points.T) < -7)
        & (tissue.at(tissue.guests.ducts.normal, *points.T) < -4)
        & (tissue.at(tissue.guests.damage.haemorrhage, *points.T) < 0)
    )


def _lymphocytes(spec: SlideSpec, tissue: TissueMap, rng: Generator) -> Doubles:
    """Place lymphocytes: closely packed in places, a few everywhere."""
    points = irregular_points(tissue, 8.5, rng)
    points = points[_in_stroma(tissue, points) & (tissue.at(tissue.guests.damage.bundle, *points.T) < 0)]
    if not len(points) or not spec.stroma.lymphocytes:
        return points[:0]
    crowd = tissue.at(smooth_field(rng, tissue.tissue.shape, 55 / tissue.grid_um), *points.T)
    dense = crowd > np.quantile(crowd, 1 - spec.stroma.lymphocytes)
    return points[rng.random(len(points)) < np.where(dense, 0.75, 0.5 * spec.stroma.lymphocytes)]


def thinned(points: Doubles, distance: float, priority: Doubles) -> NDArray[np.int64]:
    """Rows that stay when no two may be nearer than ``distance``, the lower priority value winning."""
    if len(points) < 2:
        return np.arange(len(points))
    a, b = cKDTree(points).query_pairs(distance, output_type="ndarray").T
    # Each pair points from the winner to the loser.
    winner, loser = np.where(priority[a] < priority[b], (a, b), (b, a))
    alive = np.ones(len(points), bool)
    kept = np.zeros(len(points), bool)
    while alive.any():
        blocked = np.zeros(len(points), bool)
        blocked[loser] = True
        new = alive & ~blocked
        kept |= new
        out = np.zeros(len(points), bool)
        out[loser[new[winner]]] = True
        alive &= ~(new | out)
        open_pairs = alive[winner] & alive[loser]
        winner, loser = winner[open_pairs], loser[open_pairs]
    return np.flatnonzero(kept)
