"""What the network sees of a pixel: its share of the light of empty glass."""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Rgb8
from her2path.compiled import compiled
from her2path.image.stains import Vector

LIGHTEST = 1.2
"""Light of empty glass is 1; what is brighter than this tells nothing."""


def light_share(rgb: Rgb8, white: Vector) -> Floats:
    """Divide pixels by the white point.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.
    white
        Grey values of empty glass.

    Returns
    -------
    Floats
        ``(y, x, 3)`` float32, at most ``LIGHTEST``.
    """
    height, width, _ = rgb.shape
    share = np.empty((height, width, 3), np.float32)
    grey = np.ascontiguousarray(rgb).reshape(height, width * 3)
    # A divisor for every lane of a row: what LLVM vectorises.
    _divide(
        grey, np.tile(np.asarray(white, np.float32), width), np.float32(LIGHTEST), share.reshape(grey.shape)
    )
    return share


@compiled
def _divide(grey: NDArray[np.uint8], white: Floats, lightest: np.float32, share: Floats) -> None:
    """Divide rows ``(y, n)`` of bytes by one row ``(n,)`` of float32, into ``share`` ``(y, n)`` float32."""
    for y in range(grey.shape[0]):
        for i in range(grey.shape[1]):
            share[y, i] = min(np.float32(grey[y, i]) / white[i], lightest)
