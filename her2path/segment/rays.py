"""Star-shaped contours: the best closed path round each of many anchors, and the shape of it.

Everything is elementwise or a reduction over an axis of fixed length, so the contour of a cell has the
same bits in whatever company it is computed.
"""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats
from her2path.cells.rays import Samples

NEVER = np.iinfo(np.int32).min // 2
"""Score of a place beyond the radii: below any path, and no penalty overflows it."""

CLOSURE = 2
"""A closed path is found on a path unrolled by a half turn; the quarter at each end is thrown away."""


def best_closed_path(score: Samples, *, reach: int, step_penalty: int) -> NDArray[np.intp]:
    """Trace, for every anchor, the closed path round it that collects the most score.

    Dynamic programming over all anchors at once.

    Parameters
    ----------
    score
        ``(n, rays, radii)`` int32.
    reach
        How many radii the path may move from one ray to the next.
    step_penalty
        What each of them costs.

    Returns
    -------
    NDArray
        ``(n, rays)`` index into the radii.
    """
    n, n_rays, n_radii = score.shape
    n_steps = n_rays + n_rays // CLOSURE
    total = np.full((n, n_radii + 2 * reach), NEVER, np.int32)
    inner = slice(reach, reach + n_radii)
    total[:, inner] = score[:, 0]
    moves = np.zeros((n_steps, n, n_radii), np.int8)
    # To stay is tried first and to move far last: of equal paths the calmest wins.
    by_size = sorted(range(-reach, reach + 1), key=abs)
    for step in range(1, n_steps):
        best = total[:, inner].copy()
        for move in by_size[1:]:
            candidate = total[:, reach + move : reach + move + n_radii] - abs(move) * step_penalty
            better = candidate > best
            np.copyto(best, candidate, where=better)
            np.copyto(moves[step], np.int8(move), where=better)
        total[:, inner] = best + score[:, step % n_rays]
    rows = np.arange(n)
    at = np.argmax(total[:, inner], axis=1)
    path = np.empty((n, n_steps), np.intp)
    for step in range(n_steps - 1, 0, -1):
        path[:, step] = at
        at = at + moves[step, rows, at]
    path[:, 0] = at
    first = n_rays // (2 * CLOSURE)
    return np.roll(path[:, first : first + n_rays], first, axis=1)


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
