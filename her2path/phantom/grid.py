"""The coarse grid that the tissue of a slide is laid out on."""

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats, Mask

GRID_UM = 3.0
"""Step of the coarse grid: fine enough for outlines that turn within a cell, 16 MB a cm² and map."""


def signed_distance(inside: Mask) -> Floats:
    """Distance in µm from every node to the outline of a mask, positive inside: ``(y, x)`` float32."""
    mask = inside.astype(np.uint8)
    # A border of the other kind all round would bend distances at the edge of the slide; there is none.
    to_outside, to_inside = _steps_to_zero(mask), _steps_to_zero(np.uint8(1) - mask)
    far = np.float32(10 * max(inside.shape))
    distance = (np.minimum(to_outside, far) - np.minimum(to_inside, far)) * GRID_UM
    # Rounds off the steps of the grid, which would show as corners.
    return np.asarray(cv2.GaussianBlur(distance, (0, 0), 1.2), np.float32)


def _steps_to_zero(mask: NDArray[np.uint8]) -> Floats:
    """Exact distance in steps to the nearest 0.

    OpenCV's last bit depends on where in memory the array lies. The squares are whole numbers, so they are
    taken from it and their roots are not.
    """
    steps = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.sqrt(np.rint(np.square(steps, dtype=np.float64))).astype(np.float32)


def values_at(field: Floats, y_um: Doubles, x_um: Doubles) -> Floats:
    """Values of a map on the coarse grid at points, linear between its nodes."""
    y, x = y_um / GRID_UM, x_um / GRID_UM
    y0 = np.clip(y.astype(np.int64), 0, field.shape[0] - 2)
    x0 = np.clip(x.astype(np.int64), 0, field.shape[1] - 2)
    fy, fx = np.clip(y - y0, 0, 1), np.clip(x - x0, 0, 1)
    top = field[y0, x0] * (1 - fx) + field[y0, x0 + 1] * fx
    bottom = field[y0 + 1, x0] * (1 - fx) + field[y0 + 1, x0 + 1] * fx
    return np.asarray(top * (1 - fy) + bottom * fy, np.float32)


def values_in(field: Floats, y_px: int, x_px: int, height_px: int, width_px: int, mpp_um: float) -> Floats:
    """Values of a map on the coarse grid at the pixels of a block: ``(height_px, width_px)`` float32.

    The grid is cut out around the block first, because OpenCV counts pixels in 16 bits.
    """
    step = mpp_um / GRID_UM
    first_y, first_x = max(0, int(y_px * step) - 2), max(0, int(x_px * step) - 2)
    cut = field[first_y : int((y_px + height_px) * step) + 4, first_x : int((x_px + width_px) * step) + 4]
    to_grid = np.array([[step, 0, x_px * step - first_x], [0, step, y_px * step - first_y]])
    return np.asarray(
        cv2.warpAffine(
            np.ascontiguousarray(cut),
            to_grid,
            (width_px, height_px),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )
