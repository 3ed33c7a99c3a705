"""Nuclei: vesicular or dark, sharp or above the focal plane, with rim, chromatin and nucleoli."""

import numpy as np

from her2path.arrays import Floats, Mask
from her2path.cells.vocabulary import TUMOUR
from her2path.phantom.plan import LONGEST_NUCLEUS_UM, CellPlan
from her2path.phantom.shapes import Shapes
from her2path.phantom.spec import TumourSpec
from her2path.phantom.view import View


def draw_nuclei(densities: Floats, view: View, shapes: Shapes, plan: CellPlan, tumour: TumourSpec) -> Mask:
    """Draw rim, chromatin and nucleoli over whatever lies below; a nucleus ends at its cell's border.

    Parameters
    ----------
    densities
        ``(y, x, 5)`` float32, changed in place.
    view
        The window.
    shapes, plan
        Cells of the window.
    tumour
        How coarse chromatin is and how irregular outlines are.

    Returns
    -------
    Mask
        ``(y, x)``: inside the nucleus of the cell of that pixel.
    """
    has_nucleus = np.append(plan.nucleus_long_um > 0, False)
    index = np.flatnonzero(has_nucleus[shapes.cell])
    row = shapes.cell.ravel()[index]
    centre_y, centre_x = (
        ((values - corner) / view.mpp_um - 0.5).astype(np.float32)
        for values, corner in ((plan.nucleus_y_um, view.y_um), (plan.nucleus_x_um, view.x_um))
    )
    py, px = np.divmod(index.astype(np.int32), np.int32(view.width_px))
    dy, dx = (py - centre_y[row]) * np.float32(view.mpp_um), (px - centre_x[row]) * np.float32(view.mpp_um)
    near = np.flatnonzero(np.maximum(np.abs(dy), np.abs(dx)) < 1.25 * LONGEST_NUCLEUS_UM)
    index, row, dy, dx = index[near], row[near], dy[near], dx[near]

    long_um, short_um = plan.nucleus_long_um.astype(np.float32), plan.nucleus_short_um.astype(np.float32)
    long_um, short_um = np.maximum(long_um, 0.01)[row], np.maximum(short_um, 0.01)[row]
    cos, sin = np.cos(plan.axis).astype(np.float32)[row], np.sin(plan.axis).astype(np.float32)[row]
    u_um, v_um = dx * cos + dy * sin, dy * cos - dx * sin
    bend = 0.07 * view.pick(view.textures.bubble, index, 207) + 0.04 * view.pick(
        view.textures.patch, index, 77
    )
    bend *= np.float32(1 + tumour.irregular)
    radius = np.sqrt((u_um / long_um) ** 2 + (v_um / short_um) ** 2) + bend
    inward_um = (1 - radius) * np.sqrt(long_um * short_um)
    cover = np.clip(inward_um / plan.nucleus_soft_um.astype(np.float32)[row] + 0.5, 0, 1)
    clear = plan.vesicular.astype(np.float32)[row]
    rim = np.exp(-(((inward_um - 0.35) / 0.38) ** 2))
    chromatin = (
        (1 - 0.22 * clear)
        + 0.42 * clear * rim
        + (0.10 + 0.12 * clear) * view.pick(view.textures.chromatin, index)
        + (0.06 + 0.10 * clear) * view.pick(view.textures.clump, index, 129)
    )
    if tumour.granular:
        chromatin += (
            np.float32(tumour.granular) * (0.10 + 0.08 * clear) * view.pick(view.textures.grain, index, 613)
        )
    angle = plan.nucleolus_angle.astype(np.float32)
    # Half of the nuclei show a second, smaller nucleolus.
    second = (np.sin(7 * angle) > 0).astype(np.float32)[row]
    spot = _spot(
        u_um - 0.28 * long_um * np.cos(angle)[row], v_um - 0.28 * short_um * np.sin(angle)[row], 0.48
    )
    spot += second * _spot(
        u_um - 0.45 * long_um * np.cos(angle + 2.4)[row],
        v_um - 0.45 * short_um * np.sin(angle + 2.4)[row],
        0.33,
    )
    chromatin += 0.75 * np.clip(clear - 0.25, 0, 1) * spot
    od = plan.nucleus_od.astype(np.float32)[row] * np.maximum(chromatin, 0.15)
    flat = densities.reshape(-1, 5)
    flat[index, 0] += cover * (od - flat[index, 0])
    flat[index, 1] *= 1 - 0.5 * cover
    if plan.nucleus_dab_od.any():
        flat[index, 1] += cover * plan.nucleus_dab_od.astype(np.float32)[row] * np.maximum(chromatin, 0.15)
    flat[index, 2] *= 1 - cover
    flat[index, 3] *= 1 - cover
    if plan.spills.any():
        _spill(densities, view, shapes, plan)
    nucleus = np.zeros(shapes.cell.size, bool)
    nucleus[index] = radius < 1
    return nucleus.reshape(shapes.cell.shape)


def _spill(densities: Floats, view: View, shapes: Shapes, plan: CellPlan) -> None:
    """Add what reaches into neighbouring cells: there two nuclei lie one over the other."""
    row = np.flatnonzero(plan.spills)
    side = np.arange(-int(LONGEST_NUCLEUS_UM / view.mpp_um), int(LONGEST_NUCLEUS_UM / view.mpp_um) + 1)
    y = np.floor(plan.nucleus_y_um[row] / view.mpp_um).astype(np.int64) - view.y_px
    x = np.floor(plan.nucleus_x_um[row] / view.mpp_um).astype(np.int64) - view.x_px
    y, x = y[:, None, None] + side[:, None], x[:, None, None] + side
    dy = (view.y_um + (y + 0.5) * view.mpp_um) - plan.nucleus_y_um[row, None, None]
    dx = (view.x_um + (x + 0.5) * view.mpp_um) - plan.nucleus_x_um[row, None, None]
    cos, sin = np.cos(plan.axis[row, None, None]), np.sin(plan.axis[row, None, None])
    long_um, short_um = plan.nucleus_long_um[row, None, None], plan.nucleus_short_um[row, None, None]
    radius = np.hypot((dx * cos + dy * sin) / long_um, (dy * cos - dx * sin) / short_um)
    y, x = np.broadcast_arrays(y, x)
    inside = (y >= 0) & (y < view.height_px) & (x >= 0) & (x < view.width_px) & (radius < 1.3)
    index = (y * view.width_px + x)[inside]
    cell = np.broadcast_to(row[:, None, None], inside.shape)[inside]
    beside = shapes.cell.ravel()[index]
    over = (beside != cell) & (np.append(plan.kind, -1)[beside] == TUMOUR)
    index, cell = index[over], cell[over]
    depth_um = (1 - radius[inside][over]) * np.sqrt(plan.nucleus_long_um * plan.nucleus_short_um)[cell]
    cover = np.clip(depth_um / plan.nucleus_soft_um[cell] + 0.5, 0, 1)
    grain = np.clip(1 + 0.2 * view.pick(view.textures.chromatin, index, 19), 0.3, 2)
    flat = densities.reshape(-1, 5)
    # Not `+=` on an index: two nuclei may reach the same pixel.
    np.add.at(flat[:, 0], index, (0.8 * plan.nucleus_od[cell] * cover * grain).astype(np.float32))


def _spot(u_um: Floats, v_um: Floats, sigma_um: float) -> Floats:
    return np.asarray(np.exp(-(u_um**2 + v_um**2) / (2 * sigma_um**2)), np.float32)
