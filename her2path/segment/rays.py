"""Star-shaped contours: the best closed path round each of many anchors, and the shape of it.

Everything is elementwise or a reduction over an axis of fixed length, so the contour of a cell has the
same bits in whatever company it is computed.
"""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats

NEVER = -(1 << 30)
"""Score of a place beyond the radii: below any path, and no penalty overflows it."""

MAX_SCORE = 1 << 20
"""Largest score of a place, of either sign: 48 of them, with the code of a move beside each, stay above
``NEVER``."""

CLOSURE = 2
"""A closed path is found on a path unrolled by a half turn; the quarter at each end is thrown away."""


def best_closed_path(score: NDArray[np.int32], *, reach: int, step_penalty: int) -> NDArray[np.intp]:
    """Trace, for every anchor, the closed path round it that collects the most score.

    Dynamic programming over all anchors at once. The lowest bits of a sum hold which move led there: one
    maximum then finds the best sum and, of equal ones, the shortest move.

    Parameters
    ----------
    score
        ``(rays, radii, n)`` int32, at most ``MAX_SCORE`` in size.
    reach
        How many radii the path may move from one ray to the next.
    step_penalty
        What each of them costs.

    Returns
    -------
    NDArray
        ``(rays, n)`` index into the radii.
    """
    n_rays, n_radii, n = score.shape
    n_steps = n_rays + n_rays // CLOSURE
    # Of equal paths the calmest wins: the shorter the move, the higher its code.
    moves = sorted(range(-reach, reach + 1), key=abs)[::-1]
    bits = (len(moves) - 1).bit_length()
    which = (1 << bits) - 1
    padded = np.full((n_radii + 2 * reach, n), NEVER, np.int32)
    total = padded[reach : reach + n_radii]
    np.left_shift(score[0], bits, out=total)
    codes = np.empty((n_steps, n_radii, n), np.uint8)
    best, candidate = np.empty_like(total), np.empty_like(total)
    for step in range(1, n_steps):
        best.fill(2 * NEVER)
        for code, move in enumerate(moves):
            gained = code - (abs(move) * step_penalty << bits)
            np.add(padded[reach + move : reach + move + n_radii], gained, out=candidate)
            np.maximum(best, candidate, out=best)
        np.bitwise_and(best, which, out=codes[step], casting="unsafe")
        np.bitwise_and(best, ~which, out=best)
        np.left_shift(score[step % n_rays], bits, out=candidate)
        np.add(best, candidate, out=total)
    move_of = np.array(moves, np.intp)
    at = np.argmax(total, axis=0)
    path = np.empty((n_steps, n), np.intp)
    for step in range(n_steps - 1, 0, -1):
        path[step] = at
        at = at + move_of[codes[step, at, np.arange(n)]]
    path[0] = at
    first = n_rays // (2 * CLOSURE)
    return np.roll(path[first : first + n_rays], first, axis=0)


def polygon_area_um2(radii_um: Floats) -> Doubles:
    """Area of star-shaped contours, ``(n, rays)`` µm to ``(n,)`` µm²."""
    radii = radii_um.astype(np.float64)
    wedge = 0.5 * np.sin(2 * np.pi / radii.shape[1])
    area: Doubles = wedge * np.sum(radii * np.roll(radii, -1, axis=1), axis=1)
    return area


def elongation(radii_um: Floats) -> Doubles:
    """Ratio of the long to the short axis of star-shaped contours, ``(n, rays)`` to ``(n,)``, 1 for a disc.

    From the second moments of the wedges about the anchor.
    """
    fourth = radii_um.astype(np.float64) ** 4
    double_angle = 4 * np.pi * np.arange(radii_um.shape[1]) / radii_um.shape[1]
    total = np.sum(fourth, axis=1)
    stretch = np.hypot(
        np.sum(fourth * np.cos(double_angle), axis=1), np.sum(fourth * np.sin(double_angle), axis=1)
    ) / np.maximum(total, 1e-9)
    ratio: Doubles = np.sqrt((1 + stretch) / np.maximum(1 - stretch, 1e-3))
    return ratio
