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

Words: TypeAlias = NDArray[np.uint32]
"""Sums of 32 bits, or two pixels each: the former in the lower half."""

ONE = 1 << 16
"""What the weights along an axis add up to."""

PAIRS = 2
"""Pairs of lines that are weighed in one run."""

HIGHEST = (1 << 15) - 1
"""Two values up to this add up within half a word, and the weighed sums of two lines within a whole one."""


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
    if plane.max() > HIGHEST:
        size = 2 * len(_taps(sigma_px)) - 1
        return np.asarray(cv2.GaussianBlur(plane, (size, size), sigma_px), np.uint16)
    blurred = np.empty(plane.shape, np.uint16)
    _blur(_words(plane), *_lines_and_taps(plane, sigma_px), blurred)
    return blurred


def gaussian_difference(plane: Plane16, sigma_px: float, wider_px: float) -> NDArray[np.int16]:
    """Give ``gaussian(plane, sigma_px)`` less ``gaussian(plane, wider_px)`` of a plane up to ``HIGHEST``."""
    difference = np.empty(plane.shape, np.int16)
    lines_and_taps = (*_lines_and_taps(plane, sigma_px), *_lines_and_taps(plane, wider_px))
    _blur_twice(_words(plane), *lines_and_taps, difference)
    return difference


def gaussian_at(plane: Plane16, sigma_px: float, y: Ints, x: Ints) -> Plane16:
    """Give ``gaussian(plane, sigma_px)[y, x]``, ``(n,)``, without the rest of it."""
    taps = _taps(sigma_px)
    weights = np.concatenate([taps[:0:-1], taps])
    blurred = np.empty(len(y), np.uint16)
    _blur_at(np.ascontiguousarray(plane), *_mirrored(plane, len(taps) - 1), weights, y, x, blurred)
    return blurred


def _lines_and_taps(plane: Plane16, sigma_px: float) -> tuple[Lines, Lines, Taps]:
    """Where in ``_words(plane)`` the rows begin, the columns, and the taps, whole ``PAIRS`` of them."""
    taps = _taps(sigma_px)
    taps = np.append(taps, np.zeros(-(len(taps) - 1) % PAIRS, np.uint32))
    rows, columns = _mirrored(plane, len(taps) - 1)
    return rows * -(-plane.shape[1] // 2), columns, taps


def _words(plane: Plane16) -> Words:
    """Take two neighbours along a row as one word."""
    even = np.pad(plane, ((0, 0), (0, 1))) if plane.shape[1] % 2 else np.ascontiguousarray(plane)
    return even.reshape(-1).view("<u4")


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
def _blur(words: Words, starts: Lines, columns: Lines, taps: Taps, blurred: Plane16) -> None:
    """Blur the rows that begin at ``starts``, those beyond the edge among them."""
    for y in range(len(blurred)):
        _blur_row(words, starts[y:], columns, taps, blurred[y])


@compiled
def _blur_twice(
    words: Words,
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
        _blur_row(words, starts[y:], columns, taps, narrow)
        _blur_row(words, wider_starts[y:], wider_columns, wider_taps, wide)
        row = difference[y]
        for x in range(width):
            row[x] = narrow[x] - wide[x]


@compiled
def _blur_row(words: Words, starts: Lines, columns: Lines, taps: Taps, row: Plane16) -> None:
    """Blur the row in the middle of those that begin at the first of ``starts``."""
    width, reach = len(row), len(taps) - 1
    half = (width + 1) // 2
    whole, upper = np.empty(2 * half, np.uint32), np.empty(2 * half, np.uint32)
    line = np.empty(2 * (half + reach), np.uint32)
    within, beyond = line[reach:], line[reach + width :]
    _weigh(words, starts, taps, whole[:half], upper[:half])
    for i in range(half):
        within[2 * i] = whole[i] - (upper[i] << 16)
        within[2 * i + 1] = upper[i]
    for x in range(reach):
        line[x] = within[columns[x]]
        beyond[x] = within[columns[reach + width + x]]
    _weigh(line, np.arange(2 * reach + 1), taps, whole[:width], upper[:width])
    for x in range(width):
        lower = np.uint32(whole[x] - (upper[x] << 16))
        row[x] = np.uint32(upper[x] + (lower >> 16) + 0x8000) >> 16


@compiled
def _weigh(words: Words, starts: Lines, taps: Taps, whole: Words, upper: Words) -> None:
    """Sum up lines of ``words``, each as long as ``whole``; those as far from the middle weigh the same.

    ``upper`` is the sum of the upper halves. That of the lower ones is what is left of ``whole``, where all
    that runs over is lost: ``whole - (upper << 16)``.
    """
    middle, half = len(taps) - 1, np.uint32(16)
    line = words[starts[middle] :]
    for x in range(len(whole)):
        whole[x] = taps[0] * line[x]
        upper[x] = taps[0] * (line[x] >> half)
    for tap in range(1, middle, PAIRS):
        before, after = starts[middle - tap - PAIRS + 1 :], starts[middle + tap :]
        p, q, r, s = words[before[1] :], words[before[0] :], words[after[0] :], words[after[1] :]
        a, b = taps[tap], taps[tap + 1]
        for x in range(len(whole)):
            near, far = np.uint32(p[x] + r[x]), np.uint32(q[x] + s[x])
            whole[x] += a * near + b * far
            upper[x] += a * (near >> half) + b * (far >> half)


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
