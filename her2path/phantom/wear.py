"""What nerves, vessels, bleeding, crushing and a section's thickness do to a window; only where asked."""

import cv2
import numpy as np

from her2path.arrays import Floats
from her2path.cells.vocabulary import OTHER
from her2path.phantom.gradient import HAEMATOXYLIN_SHARE
from her2path.phantom.pigment import GOLDEN, granule_od
from her2path.phantom.places import USUAL_UM
from her2path.phantom.plan import CellPlan
from her2path.phantom.shapes import Shapes
from her2path.phantom.spec import SlideSpec
from her2path.phantom.texture import along_fibres
from her2path.phantom.tissue import TissueMap
from her2path.phantom.view import View

FIBRE_UM, SMEAR_UM = 12.0, 8.0
"""Over which fibres keep their density, and over which crush draws out whatever it meets."""

RED_CELL_OD = 0.27
"""Of red cells in thick fields, along ``GOLDEN``."""

CRUSH_GAIN = 1.25
"""Crushed tissue is denser by this factor."""


def draw_bundles(densities: Floats, view: View, tissue: TissueMap) -> None:
    """Lay pale wavy fibres where nerves are, denser smooth ones in the walls of vessels, over the stroma."""
    damage = tissue.guests.damage
    nerve, muscle = (
        np.clip(_map(tissue, field, view) / 2 + 0.5, 0, 1) for field in (damage.nerve, damage.muscle)
    )
    muscle *= np.clip(0.5 - _map(tissue, damage.muscle_lumen, view) / 2, 0, 1)
    if not (nerve.any() or muscle.any()):
        return
    textures = view.textures
    fine = view.read(textures.grain, 83) + 0.7 * view.read(textures.chromatin, 151)
    fibres = along_fibres(fine, _angle(tissue, view), FIBRE_UM / view.mpp_um)
    # The mean over a fibre's length takes this much from the spread of the noise.
    fibres *= np.float32(2.6)
    for cover, haematoxylin, pink, contrast in ((nerve, 0.03, 0.006, 0.55), (muscle, 0.065, 0.012, 0.35)):
        matrix = np.clip(1 + np.float32(contrast) * fibres, 0.05, 2.2)
        densities[..., 0] += cover * (haematoxylin * matrix - densities[..., 0])
        densities[..., 2] += cover * (pink * matrix - densities[..., 2])
        densities[..., 3] += cover * (0.006 * matrix - densities[..., 3])


def blood_od(view: View, shapes: Shapes, plan: CellPlan, tissue: TissueMap) -> Floats:
    """Give the tan of red cells in fields of blood: ``(y, x, 3)`` red, green and blue densities."""
    inside = np.clip(_map(tissue, tissue.guests.damage.haemorrhage, view) / 3 + 0.5, 0, 1)
    red = np.append(plan.kind == OTHER, False)[shapes.cell] & (inside > 0)
    # A red cell is a dish: thinner in the middle.
    away_um = cv2.distanceTransform(red.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) * view.mpp_um
    dish = np.clip(away_um / 0.5, 0, 1) * (1 - 0.12 * np.clip(away_um - 1.2, 0, 2))
    uneven = np.clip(1 + 0.16 * view.read(view.textures.patch, 277), 0.5, 1.5)
    amount = np.where(red, RED_CELL_OD * dish * uneven, 0.04 * inside).astype(np.float32)
    return amount[..., None] * np.asarray(GOLDEN, np.float32)


def clear_for_blood(densities: Floats, view: View, tissue: TissueMap) -> None:
    """Thin out what lies between and round red cells in fields of blood, in place."""
    inside = np.clip(_map(tissue, tissue.guests.damage.haemorrhage, view) / 3 + 0.5, 0, 1)
    densities *= (1 - 0.7 * inside)[..., None]


def draw_crush(densities: Floats, view: View, tissue: TissueMap) -> None:
    """Draw out and darken everything in crushed tissue, in place."""
    cover = np.clip(_map(tissue, tissue.guests.damage.crush, view) / 8 + 0.5, 0, 1)
    if not cover.any():
        return
    # Only what is crushed, and what is drawn into it, is worth the eight filters.
    half = int(np.ceil(SMEAR_UM / view.mpp_um))
    near = tuple(
        slice(max(0, int(lines[0]) - half), int(lines[-1]) + half + 1)
        for lines in (np.flatnonzero(cover.any(axis=axis)) for axis in (1, 0))
    )
    cover, angle, around = cover[near], _angle(tissue, view)[near], densities[near]
    # Not the pen, which lies on the glass.
    smeared = along_fibres(np.ascontiguousarray(around[..., :4]), angle, SMEAR_UM / view.mpp_um)
    around[..., :4] += cover[..., None] * (np.float32(CRUSH_GAIN) * smeared - around[..., :4])


def lose_stain(densities: Floats, view: View, tissue: TissueMap, spec: SlideSpec) -> None:
    """Scale stains by what fixation left of them and by the thickness of the section, in place."""
    if spec.tumour.gradient.kind != "none":
        left = _map(tissue, tissue.guests.stain_left, view)
        densities[..., 1] *= left
        densities[..., 0] *= 1 - HAEMATOXYLIN_SHARE * (1 - left)
    if spec.confounders.thickness_um != USUAL_UM:
        densities *= np.float32(spec.confounders.thickness_um / USUAL_UM)


def guest_od(view: View, shapes: Shapes, plan: CellPlan, tissue: TissueMap, spec: SlideSpec) -> Floats | None:
    """Give red, green and blue densities, ``(y, x, 3)``, of what is no stain; None without any."""
    parts = [granule_od(view, granules) for granules in tissue.granules]
    if spec.confounders.haemorrhage:
        parts.append(blood_od(view, shapes, plan, tissue))
    return np.asarray(sum(parts), np.float32) if parts else None


def _angle(tissue: TissueMap, view: View) -> Floats:
    damage = tissue.guests.damage
    return np.asarray(
        0.5 * np.arctan2(_map(tissue, damage.flow_sin, view), _map(tissue, damage.flow_cos, view)), np.float32
    )


def _map(tissue: TissueMap, field: Floats, view: View) -> Floats:
    return tissue.block(field, view.y_px, view.x_px, view.height_px, view.width_px, view.mpp_um)
