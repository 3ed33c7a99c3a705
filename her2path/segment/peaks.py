"""Peaks of a map: the places that are higher than all around them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Ints
from her2path.compiled import compiled

NEAREST = 4
"""Neighbours that a whole row is compared with at once, before the rest of the window is looked at."""


def local_maxima(
    values: NDArray[np.int16] | Floats, window: NDArray[np.uint8], *, above: float
) -> tuple[Ints, Ints]:
    """Pixels that are the largest within a window around them; of equal ones the first in reading order.

    Parameters
    ----------
    values
        ``(y, x)`` int16 or float32.
    window
        Odd in size, the same after half a turn; not zero where a pixel is compared.
    above
        Only pixels higher than this are looked at.

    Returns
    -------
    tuple of Ints
        ``(n,)`` row and column, in reading order.
    """
    away = np.argwhere(window) - np.array(window.shape) // 2
    # Who is near is the likeliest to be higher, and one is enough.
    away = away[np.argsort((away**2).sum(axis=1), kind="stable")][1:]
    places = np.empty(values.size, np.int32)
    n = _peaks(np.ascontiguousarray(values), np.ascontiguousarray(away.T), above, places)
    y, x = np.divmod(places[:n], np.int32(values.shape[1]))
    return y, x


@compiled
def _peaks(values: NDArray[Any], away: NDArray[np.intp], above: float, places: Ints) -> int:
    """Write down where the peaks are, counted along the rows; ``away`` is ``(2, neighbours)``."""
    height, width = values.shape
    highest, maybe = np.empty(width, values.dtype), np.empty(width, np.bool_)
    n = 0
    for y in range(height):
        row = values[y]
        highest[:] = row
        for k in range(min(NEAREST, away.shape[1])):
            dy, dx = away[0, k], away[1, k]
            if 0 <= y + dy < height:
                beside, here = values[y + dy, max(dx, 0) :], highest[max(-dx, 0) :]
                for x in range(width - abs(dx)):
                    here[x] = beside[x] if beside[x] > here[x] else here[x]
        for x in range(width):
            maybe[x] = row[x] >= highest[x]
        for x in range(width):
            if maybe[x] and row[x] > above:
                places[n] = y * width + x
                n += 1
    kept = 0
    for place in places[:n]:
        if _is_peak(values, away, place // width, place % width):
            places[kept] = place
            kept += 1
    return kept


@compiled
def _is_peak(values: NDArray[Any], away: NDArray[np.intp], y: int, x: int) -> bool:
    height, width = values.shape
    for k in range(away.shape[1]):
        beside_y, beside_x = y + away[0, k], x + away[1, k]
        if 0 <= beside_y < height and 0 <= beside_x < width:
            beside = values[beside_y, beside_x]
            is_before = away[0, k] < 0 or (away[0, k] == 0 and away[1, k] < 0)
            if beside > values[y, x] or (is_before and beside == values[y, x]):
                return False
    return True
