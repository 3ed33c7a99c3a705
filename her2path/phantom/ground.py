"""Everything in a window that is neither nucleus nor membrane: stroma, cytoplasm, dirt."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats, Ints, Mask
from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, STROMA, TUMOUR
from her2path.phantom.plan import CellPlan
from her2path.phantom.shapes import Shapes
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap
from her2path.phantom.view import View

RED_CELL_OD, RED_CELL_RIM_OD = 0.10, 0.30
"""Of the neutral absorber, read off the 40x cores."""

RIM_KERNEL = np.ones((3, 3), np.uint8)
"""The dark line round a red cell, which bends light at its edge, is about three pixels wide."""


@dataclass(frozen=True, eq=False)
class Ground:
    """The coarse maps at the pixels of a window, all ``(y, x)``."""

    in_tissue_um: Floats
    """Signed distance to the edge of the section, positive inside."""

    lumen_um: Floats
    """Signed distance to the edge of the nearest lumen, positive inside."""

    eosin: Floats
    pen_um: Floats

    @property
    def outside(self) -> Mask:
        """Glass, inside or outside the section."""
        return np.asarray((self.in_tissue_um < 0) | (self.lumen_um > 0))


def read_ground(view: View, tissue: TissueMap, warp: tuple[Floats, Floats]) -> Ground:
    """Read the coarse maps; ``warp`` (pixels) roughens their outlines as it bends the cells'."""
    at = (view.y_px, view.x_px, view.height_px, view.width_px, view.mpp_um)
    return Ground(
        in_tissue_um=np.asarray(tissue.block(tissue.tissue, *at) + view.mpp_um * warp[0], np.float32),
        lumen_um=np.asarray(tissue.block(tissue.lumen, *at) + 0.5 * view.mpp_um * warp[1], np.float32),
        eosin=tissue.block(tissue.eosin, *at),
        pen_um=tissue.block(tissue.pen, *at),
    )


def draw_stroma(densities: Floats, view: View, shapes: Shapes, ground: Ground, spec: SlideSpec) -> None:
    """Draw collagen, streaks and a net of fibrils with white holes; in lumina a little debris."""
    textures = view.textures
    net: Floats = np.exp(-(view.read(textures.clump, 311) ** 2) / 0.03)
    bubble = view.read(textures.bubble)
    thin = bubble + 0.6 * view.read(textures.patch) - (2.3 - 3.2 * spec.tissue.gaps)
    hole = np.asarray(1 / (1 + np.exp(-7 * thin)), np.float32)
    fibre = np.float32(1 - spec.stroma.lacy) * view.read(textures.fibre)
    if spec.stroma.lacy:
        net, hole = _lace(view, net, hole, spec)
    streaks = 0.45 * fibre + 0.5 * net + 0.2 * view.read(textures.grain)
    matrix = np.clip(0.55 + streaks, 0.05, None) * (1 - 0.93 * hole)
    # The section thins out over the last two micrometres.
    matrix *= ground.eosin * np.clip(ground.in_tissue_um / 2, 0, 1)
    amount = np.where((shapes.cell < 0) & ~ground.outside, matrix, 0).astype(np.float32)
    densities[..., 0] += spec.stroma.fibre_od * amount
    densities[..., 1] += spec.confounders.background_od * amount
    densities[..., 2] += spec.confounders.eosinophilic_od * amount
    densities[..., 3] += 0.006 * amount
    skin = np.exp(-(((ground.lumen_um + 0.4) / 0.5) ** 2)) * (ground.in_tissue_um > 0)
    debris = (ground.lumen_um > 1) & (bubble + view.read(textures.patch, 97) > 2.6)
    densities[..., 0] += 0.05 * skin + np.where(debris, 0.05 * np.maximum(net, 0.3), 0)


def _lace(view: View, net: Floats, hole: Floats, spec: SlideSpec) -> tuple[Floats, Floats]:
    """Mix in a crisp net: dark threads along the edges of white holes of one to five micrometres."""
    textures = view.textures
    slow = 0.8 * view.read(textures.bubble, 641) + 0.5 * view.read(textures.patch, 29)
    fine = 0.5 * view.read(textures.clump, 77) + 0.5 * view.read(textures.fibre, 205)
    level = slow + fine + 0.25 * view.read(textures.grain, 513)
    share = np.float32(spec.stroma.lacy)
    crisp = 1 / (1 + np.exp(-9 * (level - np.float32(2.1 - 2.0 * spec.tissue.gaps))))
    thread = 1.1 * np.exp(-(((level - np.float32(1.85 - 2.0 * spec.tissue.gaps)) / 0.25) ** 2))
    thread = np.maximum(thread, 0.5 * np.exp(-((level / 0.15) ** 2)))
    return np.asarray(net + share * (thread - net)), np.maximum((1 - share) * hole, crisp)


def draw_cytoplasm(
    densities: Floats, view: View, shapes: Shapes, plan: CellPlan, ground: Ground, spec: SlideSpec
) -> None:
    """Draw the bodies of tumour cells, of small cells, and red cells."""
    textures = view.textures
    kind = np.append(plan.kind, np.int8(-1))[shapes.cell]
    flat = densities.reshape(-1, 5)
    index = np.flatnonzero(kind == TUMOUR)
    row = shapes.cell.ravel()[index]
    body = 1 + 0.26 * view.pick(textures.grain, index) + 0.20 * view.pick(textures.clump, index)
    # Foam: vacuoles where the slow texture peaks.
    body *= np.clip(2 - view.pick(textures.clump, index, 501), 0.15, 1) * ground.eosin.ravel()[index]
    if plan.vacuole_um.any():
        body *= 1 - 0.85 * _mucin(view, plan, index, row)
    flat[index, 0] += plan.cytoplasm_od.astype(np.float32)[row] * body
    flat[index, 2] += 0.7 * spec.confounders.eosinophilic_od * body
    flat[index, 3] += 0.006 * body
    # Membranes above and below the focal plane lend strongly stained cells a brown haze.
    haze = (0.05 * plan.crest_od + 0.14 * plan.crest_od**2).astype(np.float32)[row]
    haze *= np.float32(spec.confounders.haze)
    blush = spec.confounders.blush_od * np.clip(0.6 + 0.5 * view.pick(textures.patch, index, 733), 0, 1.6)
    flat[index, 1] += (haze + blush + spec.confounders.background_od) * body

    if plan.golgi_od.any():
        flat[index, 1] += _golgi(view, plan, index, row)
    small = np.flatnonzero((kind == STROMA) | (kind == LYMPHOCYTE))
    flat[small, 0] += 0.05 * (1 + 0.3 * view.pick(textures.grain, small))
    red = kind == OTHER
    if red.any():
        label = shapes.cell.astype(np.float32)
        rim = cv2.dilate(label, RIM_KERNEL) != cv2.erode(label, RIM_KERNEL)
        densities[..., 3] += np.where(red, np.where(rim, RED_CELL_RIM_OD, RED_CELL_OD), 0).astype(np.float32)


def _mucin(view: View, plan: CellPlan, index: NDArray[np.int64], row: Ints) -> Floats:
    """1 in the balls of signet-ring cells, 0 elsewhere, at flat indices of the window and their cells."""
    away_um = _away_um(view, plan.y_um, plan.x_um, index, row)
    vacuole_um = plan.vacuole_um.astype(np.float32)[row]
    return np.where(vacuole_um > 0, np.clip((vacuole_um - away_um) / 0.4 + 0.5, 0, 1), 0).astype(np.float32)


GOLGI_SPREAD_UM = 1.5
"""Standard deviation of the heap of granules, which lies just outside the nucleus."""


def _golgi(view: View, plan: CellPlan, index: NDArray[np.int64], row: Ints) -> Floats:
    """Density of the granules beside nuclei, at flat indices of the window and their cells."""
    off_um = plan.nucleus_short_um + 0.6 * GOLGI_SPREAD_UM
    angle = plan.nucleolus_angle
    y_um, x_um = plan.nucleus_y_um + off_um * np.sin(angle), plan.nucleus_x_um + off_um * np.cos(angle)
    away_um = _away_um(view, y_um, x_um, index, row)
    granules = np.clip(1.2 + 1.5 * view.pick(view.textures.chromatin, index, 331), 0, 2.5)
    heap = np.exp(-0.5 * (away_um / GOLGI_SPREAD_UM) ** 2)
    return np.asarray(plan.golgi_od.astype(np.float32)[row] * granules * heap, np.float32)


def _away_um(view: View, y_um: Doubles, x_um: Doubles, index: NDArray[np.int64], row: Ints) -> Floats:
    """Distance of pixels from a point of their cells."""
    y, x = np.divmod(index, view.width_px)
    dy = (y + 0.5) * view.mpp_um + view.y_um - y_um[row]
    dx = (x + 0.5) * view.mpp_um + view.x_um - x_um[row]
    return np.hypot(dy, dx).astype(np.float32)


def draw_confounders(densities: Floats, view: View, ground: Ground, spec: SlideSpec) -> None:
    """Draw pigment and pen over everything."""
    if spec.confounders.pigment and spec.confounders.pigment_kind == "mixed":
        # Clumps about 8 µm wide lie where the slow texture peaks, more of them the lower the threshold.
        level = np.interp(spec.confounders.pigment, [0, 5, 20, 60, 100], [3.9, 3.3, 2.8, 2.3, 2.0])
        clump = view.read(view.textures.patch, 161) > level
        granules = clump & (view.read(view.textures.chromatin, 41) > -0.2) & ~ground.outside
        densities[..., 1] += np.where(granules, 0.25, 0)
        densities[..., 3] += np.where(granules, 0.55, 0)
    if spec.confounders.pen:
        density = np.clip(ground.pen_um / 4, 0, 1) * (0.55 + 0.06 * view.read(view.textures.patch, 13))
        densities[..., 4] += density.astype(np.float32)
