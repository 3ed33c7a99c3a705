"""Which cells there are: places, shapes, nuclei and what their membranes were asked to look like."""

from collections.abc import Mapping

import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from her2path.arrays import Codes, Doubles
from her2path.cells.vocabulary import LYMPHOCYTE, PATTERNS, STROMA, TUMOUR
from her2path.phantom.arrangement import CONTROL_PATTERNS
from her2path.phantom.linings import in_situ_cells, in_situ_spec, lined, normal_cells, normal_spec
from her2path.phantom.oddities import with_oddities
from her2path.phantom.places import place_cells
from her2path.phantom.plan import CREST_OD, LONGEST_NUCLEUS_UM, CellPlan
from her2path.phantom.spec import SlideSpec
from her2path.phantom.texture import smooth_field
from her2path.phantom.tissue import EPITHELIUM_UM, TissueMap

__all__ = ["CellPlan", "lay_out_cells"]

NO_NUCLEUS = 0.05
"""Share of tumour profiles that a 4 µm section cuts beside the nucleus."""


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
        Tumour cells first, then stroma, lymphocytes and red cells (kind ``other``); those of ducts last.
    """
    # What is off by default has sources of its own: asking for it takes no number from the rest.
    overlaps, odd = rng.spawn(2)
    points, kind = place_cells(spec, tissue, rng, overlaps)
    plan = with_oddities(_cells(spec, tissue, points, kind, rng), spec, tissue, odd)
    in_ducts = np.random.default_rng((spec.seed, _IN_DUCTS))
    ducts = tissue.guests.ducts
    if spec.tissue.in_situ:
        asked = in_situ_spec(spec)
        cells = _cells(asked, tissue, *in_situ_cells(asked, tissue, in_ducts), in_ducts)
        cells = lined(cells, ducts.in_situ, tissue, luminal=False)
        plan = plan.and_then(with_oddities(cells, asked, tissue, in_ducts))
    if spec.tissue.normal_ducts:
        asked = normal_spec(spec)
        cells = _cells(asked, tissue, *normal_cells(asked, tissue, in_ducts), in_ducts)
        plan = plan.and_then(lined(cells, ducts.normal, tissue, luminal=True))
    return plan


_IN_DUCTS = 7101
"""Keeps what the seed decides of cells in ducts apart from everything else."""


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
        is_tumour, rng.uniform(*spec.tumour.vesicular, n), np.where(is_stroma, rng.uniform(0, 0.7, n), 0.15)
    )
    vesicular = np.where(dark, 0.1, vesicular)
    od = spec.tumour.nucleus_od * np.exp(rng.normal(0, 0.2, n))
    od *= np.where(dark, 1.6, 1.0) * np.where(is_stroma, 1.1, 1.0) * np.where(kind == LYMPHOCYTE, 1.55, 1.0)

    pattern = np.zeros(n, np.int8)
    pattern[is_tumour] = _assign(spec, tissue, y[is_tumour], x[is_tumour], rng)
    intensity, complete = (pattern + 1) // 2, (pattern > 0) & (pattern % 2 == 0)
    crest = np.append(CREST_OD[:-1], spec.tumour.strong_od)[intensity] * np.clip(
        np.exp(rng.normal(0, 0.10, n)), 0.82, 1.25
    )
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
        vacuole_um=np.zeros(n),
        spills=np.zeros(n, bool),
        golgi_od=np.zeros(n),
        nucleus_dab_od=np.zeros(n),
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
    if spec.tissue.control == "none":
        return _by_rank(noisy, spec.patterns)
    control = tissue.at(tissue.control, y_um, x_um) > 0
    codes = np.zeros(len(noisy), np.int8)
    codes[~control] = _by_rank(noisy[~control], spec.patterns)
    codes[control] = _by_rank(noisy[control], CONTROL_PATTERNS[spec.tissue.control])
    return codes


def _by_rank(noisy: Doubles, patterns: Mapping[str, float]) -> Codes:
    rank = np.argsort(np.argsort(noisy)) + 0.5
    shares = np.cumsum([patterns.get(name, 0.0) for name in PATTERNS])
    codes = np.searchsorted(shares, rank / max(len(noisy), 1))
    return np.minimum(codes, len(PATTERNS) - 1).astype(np.int8)
