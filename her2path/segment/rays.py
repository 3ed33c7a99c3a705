"""Star-shaped contours: the best closed path round each of many anchors, and the shape of it.

Everything is elementwise or a reduction over an axis of fixed length, so the contour of a cell has the
same bits in whatever company it is computed.
"""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats, Ints
from her2path.compiled import compiled

NEVER = -(1 << 30)
"""Score of a place beyond the radii: below any path, and no penalty overflows it."""

MAX_SCORE = 1 << 20
"""Largest score of a place, of either sign: 48 of them, with the code of a move beside each, stay above
``NEVER``."""

CLOSURE = 2
"""A closed path is found on a path unrolled by a half turn; the quarter at each end is thrown away."""

LANES = 128
"""Anchors whose paths are traced at a time: their sums of one ray stay in the nearest cache."""


def best_closed_path(score: Ints, *, reach: int, step_penalty: int) -> NDArray[np.intp]:
    """Trace, for every anchor, the closed path round it that collects the most score.

    Dynamic programming over many anchors at once. The lowest bits of a sum hold which move led there: one
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
    # Of equal paths the calmest wins: the shorter the move, the higher its code.
    moves = np.array(sorted(range(-reach, reach + 1), key=abs)[::-1], np.int32)
    path = np.empty((score.shape[0], score.shape[2]), np.intp)
    _trace(np.ascontiguousarray(score), moves, step_penalty, path)
    return path


@compiled
def _trace(score: Ints, moves: Ints, step_penalty: int, path: NDArray[np.intp]) -> None:
    """Write the best path of each anchor, ``(rays, n)``; ``moves`` in the order of their codes."""
    n_rays, n_radii, n = score.shape
    n_steps = n_rays + n_rays // CLOSURE
    first_step = n_rays // (2 * CLOSURE)
    reach = len(moves) // 2
    bits = 0
    while 1 << bits < len(moves):
        bits += 1
    which, stay = np.int32((1 << bits) - 1), np.int32(len(moves) - 1)
    total = np.full((n_radii + 2 * reach, LANES), NEVER, np.int32)
    best = np.empty((n_radii, LANES), np.int32)
    codes = np.empty((n_steps, n_radii, LANES), np.uint8)
    at, highest = np.empty(LANES, np.int32), np.empty(LANES, np.int32)
    for first in range(0, n, LANES):
        n_here = min(LANES, n - first)
        best[:] = 0
        for step in range(n_steps):
            if step > 0:
                for radius in range(n_radii):
                    sums, came = best[radius], total[reach + radius]
                    for i in range(LANES):
                        sums[i] = np.int32(came[i] + stay)
                    for length in range(1, reach + 1):
                        # The two moves of this length: the codes of both are next to each other.
                        code = stay - 2 * length
                        gained = np.int32(code - (length * step_penalty << bits))
                        one = total[reach + radius + moves[code]]
                        other = total[reach + radius + moves[code + 1]]
                        for i in range(LANES):
                            more = max(one[i], np.int32(other[i] + np.int32(1)))
                            sums[i] = max(sums[i], np.int32(more + gained))
            for radius in range(n_radii):
                sums, code_of, new = best[radius], codes[step, radius], total[reach + radius]
                own = score[step % n_rays, radius, first : first + n_here]
                for i in range(LANES):
                    code_of[i] = sums[i] & which
                for i in range(n_here):
                    new[i] = np.int32((sums[i] & ~which) + (own[i] << bits))
        highest[:], at[:] = 2 * NEVER, 0
        for radius in range(n_radii):
            sums = total[reach + radius]
            for i in range(LANES):
                at[i] = radius if sums[i] > highest[i] else at[i]
                highest[i] = max(highest[i], sums[i])
        for step in range(n_steps - 1, first_step - 1, -1):
            if step < first_step + n_rays:
                for i in range(n_here):
                    path[step % n_rays, first + i] = at[i]
            for i in range(n_here):
                at[i] += moves[codes[step, at[i], i]]


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
    squared = radii_um.astype(np.float64) ** 2
    fourth = squared * squared
    double_angle = 4 * np.pi * np.arange(radii_um.shape[1]) / radii_um.shape[1]
    total = np.sum(fourth, axis=1)
    stretch = np.hypot(
        np.sum(fourth * np.cos(double_angle), axis=1), np.sum(fourth * np.sin(double_angle), axis=1)
    ) / np.maximum(total, 1e-9)
    ratio: Doubles = np.sqrt((1 + stretch) / np.maximum(1 - stretch, 1e-3))
    return ratio
