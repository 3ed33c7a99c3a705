"""Cell outlines of a block: which cell every pixel belongs to, and where membranes run."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Ints, Mask
from her2path.cells.vocabulary import OTHER, TUMOUR
from her2path.phantom.plan import CellPlan
from her2path.phantom.view import View

SPINE_POINTS = 9
"""Points that stand for the spine of a cell; closer than 2 µm at every length drawn."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """Cells of one block."""

    cell: Ints
    """``(y, x)`` row of ``CellPlan``, -1 between cells."""

    edge: NDArray[np.int64]
    """Flat indices of the pixels along membranes: of a tumour cell, with another cell or nothing beside."""

    neighbour: Ints
    """Row of ``CellPlan`` on the other side of each of ``edge``, -1 for none."""


def draw_shapes(plan: CellPlan, view: View, *, warp: tuple[Floats, Floats], outside: Mask) -> Shapes:
    """Draw the cells of a window: every pixel goes to the nearest spine that reaches it.

    Parameters
    ----------
    plan
        Cells that can reach the window.
    view
        The window.
    warp
        Displacements along y and x in pixels, ``(y, x)`` float32 each, that bend straight borders.
    outside
        ``(y, x)``: no cell but red ones is here (lumen, glass).

    Returns
    -------
    Shapes
        With rows of ``plan``.
    """
    shape = view.shape
    along = np.linspace(-1, 1, SPINE_POINTS)
    y = (
        (plan.y_um[:, None] + plan.spine_um[:, None] * np.sin(plan.axis)[:, None] * along) - view.y_um
    ) / view.mpp_um
    x = (
        (plan.x_um[:, None] + plan.spine_um[:, None] * np.cos(plan.axis)[:, None] * along) - view.x_um
    ) / view.mpp_um
    row = np.repeat(np.arange(len(plan), dtype=np.int32), SPINE_POINTS)
    y_px, x_px = np.floor(y).astype(int).ravel(), np.floor(x).astype(int).ravel()
    seen = (y_px >= 0) & (y_px < shape[0]) & (x_px >= 0) & (x_px < shape[1])
    empty = np.full(shape, -1, np.int32)
    if not seen.any():
        return Shapes(empty, np.zeros(0, np.int64), np.zeros(0, np.int32))
    seeds = empty.copy()
    seeds[y_px[seen], x_px[seen]] = row[seen]
    distance, owner = nearest(seeds >= 0, seeds)
    reach_px = (plan.reach_um / view.mpp_um).astype(np.float32)
    reached = np.where(distance <= reach_px[owner], owner, -1).astype(np.float32)
    grid_y, grid_x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    # Rows of a block stay far below 2^24, so they are exact in float32, which remap wants.
    moved = cv2.remap(
        reached, grid_x + warp[1], grid_y + warp[0], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    cell: Ints = moved.astype(np.int32)
    # Red cells lie in vessels.
    cell[outside & (np.append(plan.kind, -1)[cell] != OTHER)] = -1
    return Shapes(cell, *edges_of(cell, plan))


def nearest(marked: Mask, values: NDArray[np.int32]) -> tuple[Floats, Ints]:
    """Distance in pixels to the nearest marked pixel, and the value found there; at least one is marked."""
    distance, label = cv2.distanceTransformWithLabels(
        (~marked).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value_of_label = np.zeros(int(label.max()) + 1, np.int32)
    value_of_label[label[marked]] = values[marked]
    return np.asarray(distance, np.float32), np.asarray(value_of_label[label], np.int32)


def edges_of(cell: Ints, plan: CellPlan) -> tuple[NDArray[np.int64], Ints]:
    """Find the pixels along membranes in a map of cells: ``edge`` and ``neighbour`` of ``Shapes``."""
    kind = np.append(plan.kind, -1)  # the last answers for -1, between cells
    other = np.full(cell.shape, -2, np.int32)
    for ahead, behind in (
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
    ):
        a, b = cell[ahead], cell[behind]
        differs = a != b
        other[ahead] = np.where(differs & (other[ahead] < b), b, other[ahead])
        other[behind] = np.where(differs & (other[behind] < a), a, other[behind])
    edge = np.flatnonzero((other > -2) & (kind[cell] == TUMOUR))
    return edge, other.ravel()[edge]
