"""Which cells there are: places, shapes, nuclei and what their membranes were asked to look like."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from her2path.arrays import Codes, Doubles
from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, PATTERNS, STROMA, TUMOUR
from her2path.phantom.spec import SlideSpec
from her2path.phantom.texture import smooth_field
from her2path.phantom.tissue import EPITHELIUM_UM, TissueMap

CREST_OD = np.array([0.0, 0.14, 0.29, 0.49, 0.82])
"""Optical density of a mean membrane of intensity none, faint, weak, moderate and strong."""

LONGEST_NUCLEUS_UM = 7.5
"""Longest semi-axis of a nucleus."""

CLOSEST_UM = 5.3
"""No two cells lie nearer: nuclei that a reader could not tell apart are no truth to test against."""

NO_NUCLEUS = 0.05
"""Share of tumour profiles that a 4 µm section cuts beside the nucleus."""


@dataclass(frozen=True, eq=False)
class CellPlan:
    """Columns of equal length, one row a cell; lengths in µm, angles in radians."""

    y_um: Doubles
    x_um: Doubles
    """The middle of the cell."""

    kind: Codes
    reach_um: Doubles
    """How far the cell spreads from its spine where no neighbour stops it."""

    spine_um: Doubles
    """Half the length of the line that the cell is drawn around."""

    axis: Doubles
    """Direction of the spine."""

    nucleus_y_um: Doubles
    nucleus_x_um: Doubles
    nucleus_long_um: Doubles
    """Semi-axis along ``axis``; 0 where the section misses the nucleus."""

    nucleus_short_um: Doubles
    nucleus_od: Doubles
    vesicular: Doubles
    """0 for a dark nucleus without structure to 1 for a clear one with a rim and nucleoli."""

    nucleus_soft_um: Doubles
    """Over which the nucleus fades at its edge: sharp in the focal plane, soft above and below."""

    nucleolus_angle: Doubles
    cytoplasm_od: Doubles
    pattern: Codes
    """As asked for; what is drawn, and therefore true, also depends on the neighbours."""

    crest_od: Doubles
    arc_count: Doubles
    """Stained arcs of an incomplete membrane: 1 or 2 (opposite)."""

    arc_axis: Doubles
    """Direction in the middle of the first arc."""

    arc_half: Doubles
    """Half the opening of an arc; π or more is a full ring."""

    def __len__(self) -> int:
        return len(self.y_um)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Take the rows of an index array or of a mask."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def lay_out_cells(spec: SlideSpec, tissue: TissueMap, rng: Generator) -> CellPlan:
    """Place every cell of a slide and decide what it looks like.

    Parameters
    ----------
    spec
        The slide.
    tissue
        Its coarse maps.
    rng
        Source of randomness.

    Returns
    -------
    CellPlan
        Tumour cells first, then stroma, lymphocytes and red cells (kind ``other``).
    """
    tumour = _tumour_points(spec, tissue, rng)
    stroma = _points(tissue, spec.stroma.spacing_um, rng)
    stroma = stroma[_in_stroma(tissue, stroma)]
    lymphocytes = _lymphocytes(spec, tissue, rng)
    red_cells = _points(tissue, 7.0, rng)
    red_cells = red_cells[(tissue.at(tissue.vessel, *red_cells.T) > 1) & (rng.random(len(red_cells)) < 0.6)]
    points = np.concatenate([tumour, red_cells, lymphocytes, stroma])
    kind = np.repeat(
        np.array([TUMOUR, OTHER, LYMPHOCYTE, STROMA], np.int8),
        [len(tumour), len(red_cells), len(lymphocytes), len(stroma)],
    )
    keep = _thin(points, CLOSEST_UM, np.arange(len(points), dtype=float))
    points, kind = points[keep], kind[keep]
    return _cells(spec, tissue, points, kind, rng)


def _points(tissue: TissueMap, spacing_um: float, rng: Generator) -> Doubles:
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
    return points[_thin(points, 0.60 * spacing_um, rng.random(len(points)))]


def _tumour_points(spec: SlideSpec, tissue: TissueMap, rng: Generator) -> Doubles:
    spacing = spec.tumour.cell_um
    if spec.tumour.architecture != "glands":
        points = _points(tissue, spacing, rng)
        return points[tissue.at(tissue.tumour, *points.T) > (0 if spec.tumour.architecture == "files" else 4)]
    # One pseudostratified layer of columnar cells: narrow, nuclei at uneven heights.
    points = _points(tissue, 0.36 * spacing, rng)
    depth, lumen = tissue.at(tissue.tumour, *points.T), tissue.at(tissue.lumen, *points.T)
    layer = (depth > 0.28 * EPITHELIUM_UM) & (depth < 0.62 * EPITHELIUM_UM) & (lumen < -0.3 * EPITHELIUM_UM)
    points = points[layer]
    return points[_thin(points, 0.45 * spacing, rng.random(len(points)))]


def _in_stroma(tissue: TissueMap, points: Doubles) -> NDArray[np.bool_]:
    return (
        (tissue.at(tissue.tissue, *points.T) > 4)
        & (tissue.at(tissue.tumour, *points.T) < -4)
        & (tissue.at(tissue.lumen, *points.T) < -2)
    )


def _lymphocytes(spec: SlideSpec, tissue: TissueMap, rng: Generator) -> Doubles:
    """Place lymphocytes: closely packed in places, a few everywhere."""
    points = _points(tissue, 8.5, rng)
    points = points[_in_stroma(tissue, points)]
    if not len(points) or not spec.stroma.lymphocytes:
        return points[:0]
    crowd = tissue.at(smooth_field(rng, tissue.tissue.shape, 55 / tissue.grid_um), *points.T)
    dense = crowd > np.quantile(crowd, 1 - spec.stroma.lymphocytes)
    return points[rng.random(len(points)) < np.where(dense, 0.75, 0.5 * spec.stroma.lymphocytes)]


def _thin(points: Doubles, distance: float, priority: Doubles) -> NDArray[np.int64]:
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


def _cells(spec: SlideSpec, tissue: TissueMap, points: Doubles, kind: Codes, rng: Generator) -> CellPlan:
    n = len(points)
    y, x = points[:, 0], points[:, 1]
    glands = spec.tumour.architecture == "glands"
    is_tumour, is_stroma = kind == TUMOUR, kind == STROMA
    inward = _inward(tissue, y, x)
    wander = np.pi * tissue.at(smooth_field(rng, tissue.tissue.shape, 70 / tissue.grid_um), y, x)
    gap = np.asarray(cKDTree(points).query(points, k=2)[0])[:, 1] if n > 1 else np.full(n, 20.0)

    # Spines: long across the epithelium of a gland, short in nests, thin and long in the stroma.
    axis = np.where(is_tumour & glands, inward + rng.normal(0, 0.12, n), wander + rng.normal(0, 0.3, n))
    axis = np.where(is_stroma, wander + rng.normal(0, 0.35, n), axis)
    spine = np.select(
        [is_tumour & glands, is_tumour, is_stroma],
        [np.full(n, 0.40 * EPITHELIUM_UM), 0.26 * spec.tumour.cell_um * rng.random(n), rng.uniform(2, 6, n)],
        0.0,
    )
    if glands:
        # The middle of a columnar cell lies half-way up the epithelium, wherever its nucleus lies.
        shift = 0.5 * EPITHELIUM_UM - tissue.at(tissue.tumour, y, x)
        middle_y, middle_x = y + is_tumour * shift * np.sin(inward), x + is_tumour * shift * np.cos(inward)
    else:
        middle_y, middle_x = y, x
    reach = np.select(
        [is_tumour, is_stroma, kind == LYMPHOCYTE],
        [(0.55 if glands else 0.75) * spec.tumour.cell_um, np.full(n, 2.4), np.full(n, 4.4)],
        3.2,
    ) * rng.uniform(0.92, 1.08, n)

    # Nuclei.
    diameter = spec.tumour.nucleus_um * np.exp(rng.normal(0, 0.14, n))
    stretch = np.where(glands, rng.uniform(1.25, 1.9, n), rng.uniform(1.0, 1.45, n))
    short = np.minimum(diameter / np.sqrt(stretch) / 2, (0.64 if glands else 0.50) * gap)
    long = np.minimum(short * stretch * rng.uniform(0.95, 1.1, n), LONGEST_NUCLEUS_UM)
    short = np.select(
        [is_tumour, is_stroma, kind == LYMPHOCYTE],
        [short, rng.uniform(0.9, 2.0, n), rng.uniform(2.7, 3.4, n)],
        0,
    )
    long = np.select(
        [is_tumour, is_stroma, kind == LYMPHOCYTE],
        [long, rng.uniform(3.0, LONGEST_NUCLEUS_UM, n), rng.uniform(2.9, 3.7, n)],
        0,
    )
    missed = is_tumour & (rng.random(n) < NO_NUCLEUS)
    off = np.where(is_tumour & ~np.bool_(glands), 0.09 * spec.tumour.cell_um, 0.2)
    nucleus_y, nucleus_x = y + off * rng.normal(0, 1, n), x + off * rng.normal(0, 1, n)
    dark = is_tumour & (rng.random(n) < spec.tumour.hyperchromatic)
    vesicular = np.where(
        is_tumour, rng.uniform(0.45, 1, n), np.where(is_stroma, rng.uniform(0, 0.7, n), 0.15)
    )
    vesicular = np.where(dark, 0.1, vesicular)
    od = spec.tumour.nucleus_od * np.exp(rng.normal(0, 0.2, n))
    od *= np.where(dark, 1.6, 1.0) * np.where(is_stroma, 1.1, 1.0) * np.where(kind == LYMPHOCYTE, 1.55, 1.0)

    pattern = np.zeros(n, np.int8)
    pattern[is_tumour] = _assign(spec, tissue, y[is_tumour], x[is_tumour], rng)
    intensity, complete = (pattern + 1) // 2, (pattern > 0) & (pattern % 2 == 0)
    crest = CREST_OD[intensity] * np.clip(np.exp(rng.normal(0, 0.10, n)), 0.82, 1.25)
    # Lateral membranes stain in pairs: what one cell shows its neighbour shows too.
    lateral = rng.random(n) < 0.75
    arc_half = np.where(lateral, rng.uniform(0.17, 0.30, n), rng.uniform(0.30, 0.55, n)) * np.pi
    return CellPlan(
        y_um=middle_y,
        x_um=middle_x,
        kind=kind,
        reach_um=reach,
        spine_um=spine,
        axis=axis,
        nucleus_y_um=nucleus_y,
        nucleus_x_um=nucleus_x,
        nucleus_long_um=np.where(missed, 0, np.maximum(long, short)),
        nucleus_short_um=np.where(missed, 0, short),
        nucleus_od=od,
        vesicular=vesicular,
        nucleus_soft_um=rng.choice([0.35, 0.6, 1.1], n, p=[0.5, 0.33, 0.17]),
        nucleolus_angle=rng.uniform(0, 2 * np.pi, n),
        cytoplasm_od=spec.tumour.cytoplasm_od * np.exp(rng.normal(0, 0.3, n)),
        pattern=pattern,
        crest_od=crest,
        arc_count=np.where(lateral, 2.0, 1.0),
        # In a gland the sides stain, or all but the top; in a nest whichever side the field says.
        arc_axis=np.where(lateral, axis + np.pi / 2, axis + np.pi if glands else axis)
        + rng.normal(0, 0.15, n),
        arc_half=np.where(complete, rng.uniform(0.95, 1.1, n) * np.pi, arc_half),
    )


def _inward(tissue: TissueMap, y_um: Doubles, x_um: Doubles) -> Doubles:
    """Direction from the outline of the tumour to its inside."""
    step = 2 * tissue.grid_um
    along_y = tissue.at(tissue.tumour, y_um + step, x_um) - tissue.at(tissue.tumour, y_um - step, x_um)
    along_x = tissue.at(tissue.tumour, y_um, x_um + step) - tissue.at(tissue.tumour, y_um, x_um - step)
    return np.asarray(np.arctan2(along_y, along_x), float)


def _assign(spec: SlideSpec, tissue: TissueMap, y_um: Doubles, x_um: Doubles, rng: Generator) -> Codes:
    """Patterns in the wanted shares, neighbours alike.

    A slow field is cut at its quantiles, so that staining fades from one patch to the next as it does in
    tissue: a strong cell seldom touches an unstained one, whose outline it would stain.
    """
    scale_um = 60.0 if spec.mixing == "mixed" else 220.0
    field = tissue.at(smooth_field(rng, tissue.tissue.shape, scale_um / tissue.grid_um), y_um, x_um)
    noisy = field + (0.15 if spec.mixing == "mixed" else 0.0) * rng.normal(0, 1, len(field))
    rank = np.argsort(np.argsort(noisy)) + 0.5
    shares = np.cumsum([spec.patterns.get(name, 0.0) for name in PATTERNS])
    codes = np.searchsorted(shares, rank / max(len(field), 1))
    return np.minimum(codes, len(PATTERNS) - 1).astype(np.int8)
