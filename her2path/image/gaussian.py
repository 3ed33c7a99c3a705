"""Gaussian blur of stain planes in fixed point: of a whole plane, or at a few places of it."""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Ints, Plane16
from her2path.compiled import compiled

Lines: TypeAlias = NDArray[np.intp]
"""Rows or columns to read, those that stand for what lies beyond either edge among them."""

Taps: TypeAlias = NDArray[np.uint32]
"""Weights, in parts of ``ONE``."""

ONE = 1 << 16
"""What the weights along an axis add up to."""

PAIRS = 4
"""Pairs of lines that are weighed in one run."""


def gaussian(plane: Plane16, sigma_px: float) -> Plane16:
    """Gaussian blur, support ±3 sigma, mirrored at the edge: the bits of OpenCV's ``GaussianBlur``, sooner.

    Weights are whole 65536ths and sums are exact; they are rounded once, at the end.

    Parameters
    ----------
    plane
        ``(y, x)`` uint16.
    sigma_px
        Standard deviation.

    Returns
    -------
    Plane16
        ``(y, x)`` uint16.
    """
    blurred = np.empty(plane.shape, np.uint16)
    _blur(np.ravel(plane), *_lines_and_taps(plane, sigma_px), blurred)
    return blurred


def gaussian_difference(plane: Plane16, sigma_px: float, wider_px: float) -> NDArray[np.int16]:
    """Give ``gaussian(plane, sigma_px)`` less ``gaussian(plane, wider_px)`` of a plane below 2¹⁵."""
    difference = np.empty(plane.shape, np.int16)
    lines_and_taps = (*_lines_and_taps(plane, sigma_px), *_lines_and_taps(plane, wider_px))
    _blur_twice(np.ravel(plane), *lines_and_taps, difference)
    return difference


def gaussian_at(plane: Plane16, sigma_px: float, y: Ints, x: Ints) -> Plane16:
    """Give ``gaussian(plane, sigma_px)[y, x]``, ``(n,)``, without the rest of it."""
    taps = _taps(sigma_px)
    weights = np.concatenate([taps[:0:-1], taps])
    blurred = np.empty(len(y), np.uint16)
    _blur_at(np.ascontiguousarray(plane), *_mirrored(plane, len(taps) - 1), weights, y, x, blurred)
    return blurred


def _lines_and_taps(plane: Plane16, sigma_px: float) -> tuple[Lines, Lines, Taps]:
    """Where in ``np.ravel(plane)`` the rows begin, the columns, and the taps, whole ``PAIRS`` of them."""
    taps = _taps(sigma_px)
    taps = np.append(taps, np.zeros(-(len(taps) - 1) % PAIRS, np.uint32))
    rows, columns = _mirrored(plane, len(taps) - 1)
    return rows * plane.shape[1], columns, taps


def _taps(sigma_px: float) -> Taps:
    """Weights of the middle and of what lies 1, 2, … pixels from it, in parts of ``ONE``."""
    reach = int(np.ceil(3 * sigma_px))
    weights = cv2.getGaussianKernel(2 * reach + 1, sigma_px, cv2.CV_64F)[:, 0]
    # What adds up is rounded, not each weight: the middle makes up for no more than one rounding a side.
    side = np.diff(np.rint(np.cumsum(weights[:reach]) * ONE), prepend=0)
    return np.append(ONE - 2 * side.sum(), side[::-1]).astype(np.uint32)


def _mirrored(plane: Plane16, reach: int) -> tuple[Lines, Lines]:
    """Which row and which column is read from ``reach`` before the first to ``reach`` beyond the last."""
    rows, columns = (np.pad(np.arange(n), reach, mode="reflect") for n in plane.shape)
    return rows, columns


@compiled
def _blur(values: Plane16, starts: Lines, columns: Lines, taps: Taps, blurred: Plane16) -> None:
    """Blur the rows that begin at ``starts``, those beyond the edge among them."""
    for y in range(len(blurred)):
        _blur_row(values, starts[y:], columns, taps, blurred[y])


@compiled
def _blur_twice(
    values: Plane16,
    starts: Lines,
    columns: Lines,
    taps: Taps,
    wider_starts: Lines,
    wider_columns: Lines,
    wider_taps: Taps,
    difference: NDArray[np.int16],
) -> None:
    width = difference.shape[1]
    narrow, wide = np.empty(width, np.uint16), np.empty(width, np.uint16)
    for y in range(len(difference)):
        _blur_row(values, starts[y:], columns, taps, narrow)
        _blur_row(values, wider_starts[y:], wider_columns, wider_taps, wide)
        row = difference[y]
        for x in range(width):
            row[x] = narrow[x] - wide[x]


@compiled
def _blur_row(values: Plane16, starts: Lines, columns: Lines, taps: Taps, row: Plane16) -> None:
    """Blur the row in the middle of those that begin at the first of ``starts``."""
    width, reach = len(row), len(taps) - 1
    total, sums = np.empty(width, np.uint32), np.empty((2, width), np.uint32)
    halves = np.empty((2, width + 2 * reach), np.uint16)
    steps = np.arange(2 * reach + 1)
    _weigh(values, starts, taps, total)
    # Weighed again, 32 bits would not fit into 32: the upper and the lower 16 are summed up apart.
    upper, lower = halves[0, reach:], halves[1, reach:]
    for x in range(width):
        upper[x] = total[x] >> 16
        lower[x] = total[x]
    for half in range(2):
        line, within = halves[half], halves[half, reach:]
        for x in range(reach):
            line[x] = within[columns[x]]
            line[reach + width + x] = within[columns[reach + width + x]]
        _weigh(line, steps, taps, sums[half])
    more, less = sums[0], sums[1]
    for x in range(width):
        row[x] = np.uint32(more[x] + (less[x] >> 16) + 0x8000) >> 16


@compiled
def _weigh(values: Plane16, starts: Lines, taps: Taps, total: NDArray[np.uint32]) -> None:
    """Sum up lines of ``values``, each as long as ``total``; those as far from the middle weigh the same."""
    middle = len(taps) - 1
    line = values[starts[middle] :]
    for x in range(len(total)):
        total[x] = taps[0] * line[x]
    for tap in range(1, middle, PAIRS):
        before, after = starts[middle - tap - PAIRS + 1 :], starts[middle + tap :]
        p, q, r, s = values[before[3] :], values[before[2] :], values[before[1] :], values[before[0] :]
        t, u, v, w = values[after[0] :], values[after[1] :], values[after[2] :], values[after[3] :]
        a, b, c, d = taps[tap], taps[tap + 1], taps[tap + 2], taps[tap + 3]
        for x in range(len(total)):
            total[x] += a * (p[x] + t[x]) + b * (q[x] + u[x]) + c * (r[x] + v[x]) + d * (s[x] + w[x])


@compiled
def _blur_at(
    plane: Plane16, rows: Lines, columns: Lines, weights: Taps, y: Ints, x: Ints, blurred: Plane16
) -> None:
    """Blur at ``(n,)`` places, each for itself."""
    size = len(weights)
    at_edge = np.empty(size, np.uint16)
    for place in range(len(y)):
        left = x[place] - size // 2
        total = np.uint64(1 << 31)
        for step in range(size):
            row = plane[rows[y[place] + step]]
            line = row[max(left, 0) :]
            if left < 0 or left + size > len(row):
                line = at_edge
                for i in range(size):
                    line[i] = row[columns[x[place] + i]]
            along = np.uint32(0)
            for i in range(size):
                along += weights[i] * np.uint32(line[i])
            total += np.uint64(along) * np.uint64(weights[step])
        blurred[place] = total >> np.uint64(32)
