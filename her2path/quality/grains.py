"""Dark brown or black bits that are no part of a membrane: grains of precipitate, of pigment, and clumps."""

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Mask

GRAIN_UM = 4.0
"""A bit that is shorter along every line through it. A membrane runs farther: the chord of a ring of 10 µm
that is 1 µm wide has 6 µm."""

CLUMP_UM = 3.5
"""A bit that is longer, and nowhere narrower, is a clump; a strong membrane is 2.1 µm wide (PMC5848460)."""


def grains(dark: NDArray[np.uint8], mpp_yx_um: tuple[float, float]) -> tuple[Mask, Mask]:
    """Find the dark bits that are short in all directions, and those that are wide in all.

    Parameters
    ----------
    dark
        ``(y, x)`` uint8, 1 where a pixel of about 0.5 µm is dark; 8 µm from its border it is not looked for.
    mpp_yx_um
        Its pixel size.

    Returns
    -------
    tuple of (Mask, Mask)
        Grains and clumps, of the same shape.
    """
    height, width = (max(2, round(GRAIN_UM / um)) for um in mpp_yx_um)
    line = np.zeros_like(dark)
    for kernel in _lines(height, width):
        cv2.max(line, cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel), dst=line)
    tall, wide = (max(2, round(CLUMP_UM / um)) for um in mpp_yx_um)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, tall))
    clump = np.asarray(cv2.morphologyEx(dark, cv2.MORPH_OPEN, disc), np.uint8)
    return dark > line, clump.view(np.bool_)


def _lines(height: int, width: int) -> tuple[NDArray[np.uint8], ...]:
    """Upright, level, and both slants of the same length."""
    slant = np.eye(max(2, round(0.5 * (height + width) / np.sqrt(2))), dtype=np.uint8)
    return np.ones((height, 1), np.uint8), np.ones((1, width), np.uint8), slant, np.fliplr(slant).copy()
