"""Peaks of a map: the places that are higher than all around them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Floats


def local_maxima(values: NDArray[np.int16] | Floats, window: NDArray[np.uint8]) -> Bools:
    """Pixels that are the largest within a window around them; of equal ones the first in reading order.

    Parameters
    ----------
    values
        ``(y, x)`` int16 or float32.
    window
        Odd in size, the same after half a turn; not zero where a pixel is compared.
    """
    middle = window.shape[0] // 2
    before = window.copy()
    before[middle, window.shape[1] // 2 :] = 0
    before[middle + 1 :] = 0
    after = before[::-1, ::-1].copy()
    peaks: Bools = (values > cv2.dilate(values, before)) & (values >= cv2.dilate(values, after))
    return peaks
