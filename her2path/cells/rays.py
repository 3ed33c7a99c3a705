"""Rays from many anchors at once: sample a plane along them.

Everything here is elementwise, so what one cell reads has the same bits in whatever company it is read.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Ints, Plane16
from her2path.cells.contours import ray_directions

Samples: TypeAlias = NDArray[np.uint16]
"""``(rays, radii, n)``: values along the rays of ``n`` anchors. The anchors come last, so that a step over
all of them is one run through memory."""

Places: TypeAlias = NDArray[np.intp]
"""``(n, rays, radii)``: which pixel of a plane, counted along its rows, each sample is."""


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
    return sample_places(plane, ray_places((plane.shape[0], plane.shape[1]), y, x, radii_um, mpp_yx_um))


def ray_places(
    shape: tuple[int, int],
    y: Ints,
    x: Ints,
    radii_um: NDArray[np.floating[Any]],
    mpp_yx_um: tuple[float, float],
) -> Places:
    """Tell which pixels of a plane of ``shape`` the rays of every anchor meet; see ``sample_rays``."""
    height, width = shape
    per_um = ray_directions(radii_um.shape[1]) / np.asarray(mpp_yx_um, float)
    dy, dx = (np.rint(radii_um * per_um[:, axis, None]).astype(np.intp) for axis in (0, 1))
    if _all_within(y, dy, height) and _all_within(x, dx, width):
        within: Places = (y.astype(np.intp) * width + x)[:, None, None] + (dy * width + dx)
        return within
    rows = np.clip(y[:, None, None] + dy, 0, height - 1)
    columns = np.clip(x[:, None, None] + dx, 0, width - 1)
    clipped: Places = rows * width + columns
    return clipped


def sample_places(plane: Plane16, places: Places) -> Samples:
    """Read a plane at ``(n, rays, radii)`` places: ``(rays, radii, n)`` uint16."""
    n, n_rays, n_radii = places.shape
    # Read cell by cell, for one cell's pixels lie together; then turned, for the steps that follow.
    values = plane.ravel().take(places.reshape(n, n_rays * n_radii))
    return np.ascontiguousarray(values.T).reshape(n_rays, n_radii, n)


def median_sample(samples: Samples) -> Doubles:
    """Median of all samples of each anchor, ``(rays, radii, n)`` to ``(n,)``: ``np.median``, sooner."""
    n_values = samples.shape[0] * samples.shape[1]
    middles = [(n_values - 1) // 2, n_values // 2]
    ordered = np.partition(samples.reshape(n_values, -1).T, middles, axis=1)
    return np.asarray(np.mean(ordered[:, middles], axis=1, dtype=np.float64), np.float64)


def _all_within(at: Ints, away: Places, length: int) -> bool:
    """Whether no ray leaves the plane along one axis."""
    if not at.size or not away.size:
        return True
    reach = int(np.abs(away).max())
    return bool(at.min() >= reach and at.max() < length - reach)
