"""Rays from many anchors at once: sample a plane along them, and put what was read in order.

Every anchor is read for itself, so what one cell reads has the same bits in whatever company it is read.
"""

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Ints, Plane16
from her2path.cells.contours import ray_directions
from her2path.compiled import compiled

Samples: TypeAlias = NDArray[np.uint16]
"""``(rays, radii, n)``: values along the rays of ``n`` anchors. The anchors come last, so that a step over
all of them is one run through memory."""

Whole = TypeVar("Whole", bound=np.integer[Any])

TOGETHER = 32
"""Anchors read at a time: their values of one place on a ray fill a cache line."""

STRIP_PX, STEP_PX = 256, 64
"""Anchors are taken strip by strip of the plane, and within a strip in steps of its length: what the rays of
those in a row cross, 200 KiB, stays in a cache."""

LANES = 128
"""Anchors whose values are ranked at a time: 96 values of each fit the nearest cache."""


def strip_by_strip(y: Ints, x: Ints) -> NDArray[np.intp]:
    """Order in which anchors are read sooner: those in a row lie near each other.

    Parameters
    ----------
    y, x
        ``(n,)`` pixels of a plane, none below 0.

    Returns
    -------
    NDArray
        ``(n,)`` index into the anchors.
    """
    steps = int(x.max(initial=0)) // STEP_PX + 1
    # Small numbers are sorted soonest. Of a plane with too many steps some strips fall together.
    return np.argsort((y // STRIP_PX * steps + x // STEP_PX).astype(np.uint16), kind="stable")


def sample_rays(
    plane: Plane16, y: Ints, x: Ints, radii_um: NDArray[np.floating[Any]], mpp_yx_um: tuple[float, float]
) -> Samples:
    """Nearest-pixel values along the rays of every anchor.

    Parameters
    ----------
    plane
        ``(height, width)`` uint16; rays that leave it repeat its edge.
    y, x
        ``(n,)`` anchors in pixels of the plane.
    radii_um
        ``(n or 1, rays, radii)`` distances from the anchor in µm.
    mpp_yx_um
        Pixel size of the plane.

    Returns
    -------
    Samples
        ``(rays, radii, n)`` uint16.
    """
    n_either, n_rays, n_radii = radii_um.shape
    per_um = ray_directions(n_rays) / np.asarray(mpp_yx_um, float)
    away_y, away_x = (
        np.rint(radii_um * per_um[:, axis, None]).astype(np.int32).reshape(n_either, n_rays * n_radii)
        for axis in (0, 1)
    )
    anchors = np.ascontiguousarray(y, np.int32), np.ascontiguousarray(x, np.int32)
    return _read(np.ascontiguousarray(plane), *anchors, away_y, away_x).reshape(n_rays, n_radii, len(y))


def median_sample(samples: Samples) -> Doubles:
    """Median of all samples of each anchor, ``(rays, radii, n)`` to ``(n,)``: ``np.median``, sooner."""
    n_values = samples.shape[0] * samples.shape[1]
    lower, upper = ranked_samples(samples, ((n_values - 1) // 2, n_values // 2))
    median: Doubles = (lower.astype(np.float64) + upper) / 2
    return median


def ranked_samples(samples: NDArray[Whole], ranks: tuple[int, ...]) -> NDArray[Whole]:
    """Tell what stands at each of some ranks among all samples of each anchor.

    Parameters
    ----------
    samples
        ``(rays, radii, n)`` whole numbers, none below 0.
    ranks
        Counted from 0, the lowest.

    Returns
    -------
    NDArray
        ``(ranks, n)`` of the type of ``samples``.
    """
    n_rays, n_radii, n = samples.shape
    found = np.empty((len(ranks), n), samples.dtype)
    bits = int(samples.max(initial=0)).bit_length()
    values = np.ascontiguousarray(samples).reshape(n_rays * n_radii, n)
    _rank(values, np.array(ranks, np.intp), bits, found)
    return found


@compiled
def _read(plane: Plane16, y: Ints, x: Ints, away_y: Ints, away_x: Ints) -> Plane16:
    """Read pixels at ``(n or 1, places)`` away from ``n`` anchors: ``(places, n)``."""
    pixels = plane.ravel()
    last_y, last_x, width = np.int32(plane.shape[0] - 1), np.int32(plane.shape[1] - 1), plane.shape[1]
    alike = len(away_y) == 1
    n, n_places = len(y), away_y.shape[1]
    values = np.empty((n_places, n), np.uint16)
    at_y, at_x = np.zeros(TOGETHER, np.int32), np.zeros(TOGETHER, np.int32)
    by_y, by_x = np.zeros(TOGETHER, np.int32), np.zeros(TOGETHER, np.int32)
    pixel = np.empty(TOGETHER, np.uint32)
    for first in range(0, n, TOGETHER):
        n_here = min(TOGETHER, n - first)
        for i in range(n_here):
            at_y[i], at_x[i] = y[first + i], x[first + i]
        for place in range(n_places):
            if alike:
                by_y[:], by_x[:] = away_y[0, place], away_x[0, place]
            else:
                for i in range(n_here):
                    by_y[i], by_x[i] = away_y[first + i, place], away_x[first + i, place]
            for i in range(TOGETHER):
                row = min(max(np.int32(at_y[i] + by_y[i]), np.int32(0)), last_y)
                column = min(max(np.int32(at_x[i] + by_x[i]), np.int32(0)), last_x)
                pixel[i] = row * width + column
            here = values[place, first : first + n_here]
            if n_here == TOGETHER:  # a loop of known length is unrolled
                for i in range(TOGETHER):
                    here[i] = pixels[np.uint64(pixel[i])]
            else:
                for i in range(n_here):
                    here[i] = pixels[np.uint64(pixel[i])]
    return values


@compiled
def _rank(values: NDArray[Whole], ranks: NDArray[np.intp], bits: int, found: NDArray[Whole]) -> None:
    """Find what stands at ``ranks`` of ``(values, n)``, below ``2**bits``, anchor by anchor: ``(ranks, n)``.

    Bit by bit from the highest: one that no more than ``rank`` values stay below is set.
    """
    taken = np.zeros((len(values), LANES), values.dtype)
    least, guess, below = taken[0].copy(), taken[0].copy(), taken[0].copy()
    for first in range(0, values.shape[1], LANES):
        n_here = min(LANES, values.shape[1] - first)
        for value in range(len(values)):
            for i in range(n_here):
                taken[value, i] = values[value, first + i]
        for k in range(len(ranks)):
            least[:] = 0
            for bit in range(bits - 1, -1, -1):
                for i in range(LANES):
                    guess[i] = least[i] + (1 << bit)
                    below[i] = 0
                for value in range(len(values)):
                    row = taken[value]
                    for i in range(LANES):
                        below[i] += row[i] < guess[i]
                for i in range(LANES):
                    least[i] = guess[i] if below[i] <= ranks[k] else least[i]
            for i in range(n_here):
                found[k, first + i] = least[i]
