"""Cells that are not like the others, made of ordinary ones; none unless a recipe asks."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from her2path.arrays import Bools, Doubles
from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, STROMA, TUMOUR
from her2path.phantom.places import overlap_of
from her2path.phantom.plan import CellPlan
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap

VACUOLE_UM = (2.8, 6.5)
"""Smallest and largest radius of the mucin in a signet-ring cell."""

CRESCENT_UM = 1.6
"""Half the thickness of a nucleus that mucin presses flat."""

GOLGI_OD = (0.15, 0.5)
"""Of the granules: as dark as weak to moderate membranes, which they must not be taken for."""

BROWN_NUCLEUS_OD = (0.1, 0.5)


def with_oddities(plan: CellPlan, spec: SlideSpec, tissue: TissueMap, rng: Generator) -> CellPlan:
    """Give a plan in which the shares that a recipe asks for are unusual.

    Parameters
    ----------
    plan
        Ordinary cells of a slide.
    spec, tissue
        The slide.
    rng
        Source of randomness; what is drawn for one oddity does not depend on the others.
    """
    n, tumour = len(plan), plan.kind == TUMOUR
    lots = rng.random((5, n))
    angle, size = rng.uniform(0, 2 * np.pi, n), rng.random((3, n))
    if spec.tumour.signet:
        plan = _signet_rings(plan, tumour & (lots[0] < spec.tumour.signet), angle)
    if spec.stroma.pale_cells:
        small = (plan.kind == STROMA) | (plan.kind == LYMPHOCYTE)
        plan = _pale_cells(plan, small & (lots[1] < spec.stroma.pale_cells), size[0])
    if spec.tumour.necrosis or spec.tissue.in_situ:
        plan = _ghosts(plan, tumour & (tissue.at(tissue.necrosis, plan.y_um, plan.x_um) > 0))
    damage = tissue.guests.damage
    if spec.confounders.nerve or spec.confounders.vessels_muscle:
        fibres = (plan.kind == STROMA) & (tissue.at(damage.bundle, plan.y_um, plan.x_um) > 0)
        plan = _along(plan, fibres, _flow(tissue, plan), size[0])
    if spec.confounders.crush:
        crushed = (plan.kind != OTHER) & (tissue.at(damage.crush, plan.y_um, plan.x_um) > 0)
        plan = _streaks(_along(plan, crushed, _flow(tissue, plan), size[0]), crushed)
    if spec.confounders.decalcified:
        plan = _decalcified(plan, size[2])
    golgi = tumour & (lots[2] < spec.confounders.golgi)
    brown = tumour & (lots[3] < spec.confounders.brown_nuclei)
    return replace(
        plan,
        golgi_od=np.where(golgi, np.interp(size[1], [0, 1], GOLGI_OD), 0),
        nucleus_dab_od=np.where(brown, np.interp(size[2], [0, 1], BROWN_NUCLEUS_OD), 0),
        spills=tumour & (plan.nucleus_long_um > 0) & (lots[4] < overlap_of(spec)),
    )


def _signet_rings(plan: CellPlan, rings: Bools, angle: Doubles) -> CellPlan:
    """Round cells, the nucleus a crescent between mucin and membrane."""
    points = np.stack([plan.y_um, plan.x_um], axis=1)
    gap_um = np.asarray(cKDTree(points).query(points, k=2)[0])[:, 1] if len(plan) > 1 else np.full(1, 12.0)
    vacuole_um = np.clip(0.40 * np.minimum(gap_um, plan.reach_um * 1.6), *VACUOLE_UM)
    off_um = vacuole_um + 0.5 * CRESCENT_UM

    def on_rings(ring: Doubles, other: Doubles) -> Doubles:
        return np.where(rings, ring, other)

    has_nucleus = plan.nucleus_long_um > 0
    return replace(
        plan,
        spine_um=on_rings(np.zeros(len(plan)), plan.spine_um),
        axis=on_rings(angle + np.pi / 2, plan.axis),
        nucleus_y_um=on_rings(plan.y_um + off_um * np.sin(angle), plan.nucleus_y_um),
        nucleus_x_um=on_rings(plan.x_um + off_um * np.cos(angle), plan.nucleus_x_um),
        nucleus_long_um=on_rings(has_nucleus * (0.75 * vacuole_um + 1), plan.nucleus_long_um),
        nucleus_short_um=on_rings(has_nucleus * np.full(len(plan), CRESCENT_UM), plan.nucleus_short_um),
        vesicular=on_rings(0.3 * plan.vesicular, plan.vesicular),
        vacuole_um=on_rings(vacuole_um, plan.vacuole_um),
    )


def _pale_cells(plan: CellPlan, pale: Bools, size: Doubles) -> CellPlan:
    """Plump stromal cells and large lymphoid ones: a pale oval nucleus in a body that can be seen."""
    stroma = plan.kind == STROMA
    short_um = np.where(stroma, 1.8 + 1.2 * size, 2.8 + 0.8 * size)
    return replace(
        plan,
        spine_um=np.where(pale, 0.5 * plan.spine_um, plan.spine_um),
        reach_um=np.where(pale, short_um + 2.2, plan.reach_um),
        nucleus_short_um=np.where(pale, short_um, plan.nucleus_short_um),
        nucleus_long_um=np.where(pale, short_um * np.where(stroma, 1.9, 1.2), plan.nucleus_long_um),
        nucleus_od=np.where(pale, (0.65 + 0.25 * size) * plan.nucleus_od, plan.nucleus_od),
        vesicular=np.where(pale, 0.5 + 0.7 * size, plan.vesicular),
    )


def _ghosts(plan: CellPlan, ghosts: Bools) -> CellPlan:
    """Dead cells: outlines without nucleus and without staining."""
    return replace(
        plan,
        nucleus_long_um=np.where(ghosts, 0, plan.nucleus_long_um),
        nucleus_short_um=np.where(ghosts, 0, plan.nucleus_short_um),
        vacuole_um=np.where(ghosts, 0, plan.vacuole_um),
        crest_od=np.where(ghosts, 0, plan.crest_od),
        pattern=np.where(ghosts, 0, plan.pattern).astype(np.int8),
    )


def _flow(tissue: TissueMap, plan: CellPlan) -> Doubles:
    """Direction of fibres at every cell."""
    damage = tissue.guests.damage
    cos, sin = (tissue.at(field, plan.y_um, plan.x_um) for field in (damage.flow_cos, damage.flow_sin))
    return np.asarray(0.5 * np.arctan2(sin, cos), float)


def _along(plan: CellPlan, rows: Bools, angle: Doubles, size: Doubles) -> CellPlan:
    """Thin long nuclei that lie along fibres."""
    return replace(
        plan,
        axis=np.where(rows, angle, plan.axis),
        nucleus_long_um=np.where(rows & (plan.nucleus_long_um > 0), 4.5 + 2.5 * size, plan.nucleus_long_um),
        nucleus_short_um=np.where(rows & (plan.nucleus_long_um > 0), 0.9 + 0.5 * size, plan.nucleus_short_um),
    )


CRUSHED_GAIN = 2.6
"""Squeezed chromatin is denser by this factor, before the smear that thins it again."""


def _streaks(plan: CellPlan, crushed: Bools) -> CellPlan:
    """Nuclei without structure, drawn out and dark, in bodies that lost their outlines."""
    return replace(
        plan,
        spine_um=np.where(crushed, 6.0, plan.spine_um),
        nucleus_short_um=np.where(crushed, 1.4 * plan.nucleus_short_um, plan.nucleus_short_um),
        nucleus_od=np.where(crushed, CRUSHED_GAIN * plan.nucleus_od, plan.nucleus_od),
        vesicular=np.where(crushed, 0, plan.vesicular),
        nucleus_soft_um=np.where(crushed, 1.1, plan.nucleus_soft_um),
    )


DECALCIFIED_OD = (0.45, 0.65)
"""Of the haematoxylin of a nucleus, what acid leaves."""


def _decalcified(plan: CellPlan, size: Doubles) -> CellPlan:
    """Nuclei that acid left pale, even and without an edge."""
    return replace(
        plan,
        nucleus_od=np.interp(size, [0, 1], DECALCIFIED_OD) * plan.nucleus_od,
        vesicular=0.3 * plan.vesicular,
        nucleus_soft_um=plan.nucleus_soft_um + 1.0,
        cytoplasm_od=1.25 * plan.cytoplasm_od,
    )
