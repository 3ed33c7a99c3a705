"""Dark brown or black bits that are no part of a membrane: grains of precipitate, of pigment, and clumps."""

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Mask
from her2path.compiled import compiled

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
    tall, wide = (max(2, round(CLUMP_UM / um)) for um in mpp_yx_um)
    rim = max(height, width, tall, wide)
    bits = _packed(dark, rim)
    line = np.zeros_like(bits)
    for kernel in _lines(height, width):
        line |= _opened(bits, kernel, rim)
    disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, tall)), np.uint8)
    clump = _opened(bits, disc, rim)
    return _unpacked(bits & ~line, dark.shape, rim), _unpacked(clump, dark.shape, rim)


def _packed(mask: NDArray[np.uint8], rim: int) -> NDArray[np.uint64]:
    """Put 64 pixels into a word, the first into its lowest bit, and ``rim`` zeros around."""
    height, width = mask.shape
    bits = np.zeros((height + 2 * rim, (width + rim) // 64 + 1), np.uint64)
    packed = np.packbits(mask, axis=1, bitorder="little")
    bits.view(np.uint8)[rim : rim + height, : packed.shape[1]] = packed
    return bits


def _unpacked(bits: NDArray[np.uint64], shape: tuple[int, ...], rim: int) -> Mask:
    """Invert ``_packed``."""
    rows = bits[rim : rim + shape[0]].view(np.uint8)
    return np.unpackbits(rows, axis=1, count=shape[1], bitorder="little").view(np.bool_)


def _opened(bits: NDArray[np.uint64], kernel: NDArray[np.uint8], rim: int) -> NDArray[np.uint64]:
    """Keep what the kernel fits into; as by OpenCV, moved by a pixel where its size is even."""
    dy, dx = np.ascontiguousarray(np.argwhere(kernel).T - np.array([[n // 2] for n in kernel.shape]))
    return ~_common(~_common(bits, dy, dx, rim), dy, dx, rim)


@compiled
def _common(
    bits: NDArray[np.uint64], dy: NDArray[np.int64], dx: NDArray[np.int64], rim: int
) -> NDArray[np.uint64]:
    """Set a bit where all bits at these places around it are; none in the rim."""
    rows, words = bits.shape
    flat, found = bits.ravel(), np.zeros(bits.size, np.uint64)
    one, last = np.uint64(1), np.uint64(63)
    # A few rows at a time stay in the nearest cache.
    for first in range(rim, rows - rim, 16):
        start, n = first * words, min(16, rows - rim - first) * words
        here = found[start : start + n]
        here[:] = ~np.uint64(0)
        for k in range(len(dy)):
            at = start + dy[k] * words + (dx[k] >> 6)
            low, high = flat[at : at + n], flat[at + 1 : at + 1 + n]
            shift = np.uint64(dx[k] & 63)
            for i in range(n):
                here[i] &= (low[i] >> shift) | ((high[i] << one) << (last - shift))
    return found.reshape(rows, words)


def _lines(height: int, width: int) -> tuple[NDArray[np.uint8], ...]:
    """Upright, level, and both slants of the same length."""
    slant = np.eye(max(2, round(0.5 * (height + width) / np.sqrt(2))), dtype=np.uint8)
    return np.ones((height, 1), np.uint8), np.ones((1, width), np.uint8), slant, np.fliplr(slant).copy()
