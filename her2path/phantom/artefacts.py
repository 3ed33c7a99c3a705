"""What preparation, mucus and death leave in a section; drawn only where a recipe asks."""

import cv2
import numpy as np
from scipy.special import ndtri

from her2path.arrays import Floats
from her2path.cells.vocabulary import TUMOUR
from her2path.phantom.ground import Ground
from her2path.phantom.plan import CellPlan
from her2path.phantom.shapes import Shapes
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap
from her2path.phantom.view import View

EDGE_UM = 15.0
"""Over which the darker edge of a section fades."""

FOLD_SHIFT_UM = 4.0
"""From what the lower layer of a fold shows to the upper one's: other cells, and still within the halo."""

CLEFT_UM = 3.5
"""Mean width of the clefts that shrinking leaves round nests; on the cores 1 to 6 µm."""

DUST_OD = 0.30
"""Haematoxylin of the fragments of dead nuclei."""


def draw_artefacts(
    densities: Floats,
    view: View,
    shapes: Shapes,
    plan: CellPlan,
    ground: Ground,
    tissue: TissueMap,
    spec: SlideSpec,
) -> None:
    """Draw clefts, secretion, dead tumour, the dark edge of the section, and folds over everything.

    Parameters
    ----------
    densities
        ``(y, x, 5)`` float32, changed in place.
    view, shapes, plan, ground, tissue, spec
        The window and its slide.
    """
    if spec.stroma.retraction:
        _clefts(densities, view, shapes, plan, spec.stroma.retraction)
    if spec.confounders.secretion_od:
        _secretion(densities, view, ground, tissue, spec.confounders.secretion_od)
    if spec.tumour.necrosis or spec.tissue.in_situ:
        _necrosis(densities, view, tissue, spec.tumour.necrosis_od)
    if spec.confounders.edge_od:
        near = np.exp(-np.clip(ground.in_tissue_um, 0, None) / EDGE_UM) * ~ground.outside
        uneven = np.clip(0.8 + 0.3 * view.read(view.textures.patch, 331), 0.2, None)
        densities[..., 1] += np.float32(spec.confounders.edge_od) * near * uneven
    if spec.confounders.folds:
        cover = _map(tissue, tissue.fold, view)
        step = round(FOLD_SHIFT_UM / view.mpp_um)
        densities += cover[..., None] * np.roll(densities, (step, -step), axis=(0, 1))


def _clefts(densities: Floats, view: View, shapes: Shapes, plan: CellPlan, share: float) -> None:
    """Clear a strip of stroma along parts of the tumour's outline."""
    cells = np.append(plan.kind == TUMOUR, False)[shapes.cell]
    away_px = cv2.distanceTransform((~cells).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    textures = view.textures
    # Slow noise is standard normal: it lies above this level along the wanted share of the outline.
    wide = view.read(textures.patch, 523) - np.float32(ndtri(1 - share))
    width_um = CLEFT_UM * np.clip(2 * wide, 0, 2) + 0.4 * view.read(textures.clump, 353)
    clear = np.clip((width_um - away_px * view.mpp_um) / 0.5, 0, 1) * (shapes.cell < 0)
    densities *= (1 - clear.astype(np.float32))[..., None]


def _secretion(densities: Floats, view: View, ground: Ground, tissue: TissueMap, od: float) -> None:
    """Fill parts of the lumina of glands, smoothly and with small holes."""
    in_gland = (ground.lumen_um > 0) & (_map(tissue, tissue.tumour, view) > 0)
    textures = view.textures
    amount = np.clip(
        0.4 + 0.5 * view.read(textures.patch, 211) + 0.12 * view.read(textures.clump, 17), 0, 1.5
    )
    holes = np.clip(3 * (1.5 - view.read(textures.bubble, 401)), 0, 1)
    filling = np.where(in_gland, amount * holes, 0).astype(np.float32)
    densities[..., 1] += np.float32(od) * filling
    densities[..., 0] += 0.04 * filling


def _necrosis(densities: Floats, view: View, tissue: TissueMap, haze_od: float) -> None:
    """Make the dead tumour granular, and strew it with the dust of nuclei."""
    dead = np.clip(_map(tissue, tissue.necrosis, view) / 3 + 0.5, 0, 1)
    textures = view.textures
    crumbs = 0.85 + 0.4 * view.read(textures.chromatin, 91) + 0.25 * view.read(textures.clump, 241)
    crumbs = np.clip(crumbs, 0.1, 2.5)
    densities[..., 0] *= 1 + dead * (crumbs - 1)
    speck = view.read(textures.clump, 137) + 0.5 * view.read(textures.grain, 59)
    dust = np.clip(6 * (speck - 2.5), 0, 1)
    densities[..., 0] += DUST_OD * dead * dust
    densities[..., 2] += 0.015 * dead * crumbs
    if haze_od:
        patches = np.clip(0.7 + 0.6 * view.read(textures.patch, 467), 0, 2)
        densities[..., 1] += np.float32(haze_od) * dead * patches * crumbs


def _map(tissue: TissueMap, field: Floats, view: View) -> Floats:
    return tissue.block(field, view.y_px, view.x_px, view.height_px, view.width_px, view.mpp_um)
