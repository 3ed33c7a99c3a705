"""Peaks of a map: the places that are higher than all around them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Floats, Ints
from her2path.compiled import compiled


def local_maxima(
    values: NDArray[np.int16] | Floats, window: NDArray[np.uint8], *, above: float
) -> tuple[Ints, Ints]:
    """Pixels that are the largest within a window around them; of equal ones the first in reading order.

    Parameters
    ----------
    values
        ``(y, x)`` int16 or float32.
    window
        Odd in size, the same after half a turn; not zero where a pixel is compared, as the four nearest are.
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
    # The four nearest are compared a whole row at once; few places are left for the rest of the window.
    maybe = np.ones(-(-width // 8) * 8, np.bool_)
    eights = maybe.view(np.uint64)
    n = 0
    for y in range(height):
        row, over, under = values[y], values[max(y - 1, 0)], values[min(y + 1, height - 1)]
        before, after = row[:-2], row[2:]
        for x in range(width - 2):
            highest = max(max(before[x], after[x]), max(over[x + 1], under[x + 1]))
            maybe[x + 1] = row[x + 1] >= highest
        for eight in range(len(eights)):
            if eights[eight] != 0:
                for x in range(8 * eight, min(8 * eight + 8, width)):
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
