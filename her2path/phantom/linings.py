"""The cells of ducts: carcinoma in situ, the lining of normal ducts, and the flat cells round both."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from her2path.arrays import Codes, Doubles, Floats
from her2path.cells.vocabulary import STROMA, TUMOUR
from her2path.phantom.places import irregular_points, thinned
from her2path.phantom.plan import CellPlan
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap

IN_SITU_SIZE = 1.08
"""Of a cell in situ to one that invades: those that stain strongly are of high grade."""

NORMAL_NUCLEUS_UM = 6.6
"""Diameter of the nuclei of a resting duct: small and alike."""

LUMINAL_UM = 7.5
"""Depth below the outline at which the nuclei of the inner layer lie."""


def in_situ_spec(spec: SlideSpec) -> SlideSpec:
    """Give the slide as its cells in situ know it: solid sheets with their own patterns."""
    tumour = spec.tumour.model_copy(
        update={
            "architecture": "sheets",
            "cell_um": min(IN_SITU_SIZE * spec.tumour.cell_um, 25.0),
            "nucleus_um": min(IN_SITU_SIZE * spec.tumour.nucleus_um, 14.0),
        }
    )
    return spec.model_copy(update={"tumour": tumour, "patterns": spec.in_situ_patterns})


def normal_spec(spec: SlideSpec) -> SlideSpec:
    """Give the slide as the lining of its normal ducts knows it: small even cells."""
    tumour = spec.tumour.model_copy(
        update={
            "architecture": "nests",
            "cell_um": 9.5,
            "nucleus_um": NORMAL_NUCLEUS_UM,
            "nucleus_od": min(1.25 * spec.tumour.nucleus_od, 1.5),
            "hyperchromatic": 0.1,
            "vesicular": (0.3, 0.7),
            "signet": 0.0,
        }
    )
    return spec.model_copy(update={"tumour": tumour, "patterns": spec.normal_patterns})


def in_situ_cells(spec: SlideSpec, tissue: TissueMap, rng: Generator) -> tuple[Doubles, Codes]:
    """Place the cells that fill ducts, and flat ones round them.

    Returns
    -------
    points : (n, 2) float64
        Where nuclei are expected, µm.
    kind : (n,) int8
        Of each.
    """
    depth = tissue.guests.ducts.in_situ
    points = irregular_points(tissue, IN_SITU_SIZE * spec.tumour.cell_um, rng)
    return _ringed(points[tissue.at(depth, *points.T) > 6], depth, -3.0, tissue, rng)


def normal_cells(spec: SlideSpec, tissue: TissueMap, rng: Generator) -> tuple[Doubles, Codes]:
    """Place the inner layer of normal ducts, and the flat myoepithelium; returns as ``in_situ_cells``."""
    depth = tissue.guests.ducts.normal
    points = irregular_points(tissue, 3.6, rng)
    points = points[np.abs(tissue.at(depth, *points.T) - LUMINAL_UM) < 1.5]
    points = points[thinned(points, 6.2, rng.random(len(points)))]
    return _ringed(points, depth, 1.2, tissue, rng)


def _ringed(
    points: Doubles, depth: Floats, ring_um: float, tissue: TissueMap, rng: Generator
) -> tuple[Doubles, Codes]:
    """Add flat cells along a line round the outline."""
    ring = irregular_points(tissue, 3.6, rng)
    ring = ring[np.abs(tissue.at(depth, *ring.T) - ring_um) < 0.9]
    ring = ring[thinned(ring, 10.0, rng.random(len(ring)))]
    kind = np.repeat(np.array([TUMOUR, STROMA], np.int8), [len(points), len(ring)])
    return np.concatenate([points, ring]), kind


def lined(plan: CellPlan, depth: Floats, tissue: TissueMap, *, luminal: bool) -> CellPlan:
    """Turn cells to the outline of their duct: flat ones along it, those of an inner layer across.

    Parameters
    ----------
    plan
        Cells of ducts.
    depth
        Signed distance to the outline of the ducts on the coarse grid.
    tissue
        The slide's maps.
    luminal
        Whether the cells that are not flat stand in a layer.
    """
    step = 2 * tissue.grid_um
    along_y = tissue.at(depth, plan.y_um + step, plan.x_um) - tissue.at(depth, plan.y_um - step, plan.x_um)
    along_x = tissue.at(depth, plan.y_um, plan.x_um + step) - tissue.at(depth, plan.y_um, plan.x_um - step)
    inward = np.arctan2(along_y, along_x).astype(float)
    flat = plan.kind == STROMA
    turned = replace(
        plan,
        axis=np.where(flat, inward + np.pi / 2, plan.axis),
        spine_um=np.where(flat, 4.0, plan.spine_um),
        nucleus_short_um=np.where(flat, np.minimum(plan.nucleus_short_um, 1.1), plan.nucleus_short_um),
        nucleus_long_um=np.where(flat, np.minimum(plan.nucleus_long_um, 4.5), plan.nucleus_long_um),
        reach_um=np.where(flat, 2.0, plan.reach_um),
    )
    if not luminal:
        return turned
    return replace(
        turned,
        axis=np.where(flat, turned.axis, inward),
        spine_um=np.where(flat, turned.spine_um, 2.2),
        reach_um=np.where(flat, turned.reach_um, 5.2),
    )
