"""The coarse grid that the tissue of a slide is laid out on."""

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Mask

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
