"""Rays from many anchors at once: sample a plane along them.

Everything here is elementwise, so what one cell reads has the same bits in whatever company it is read.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Ints, Plane16
from her2path.cells.contours import ray_directions

Samples: TypeAlias = NDArray[np.int32]
"""``(n, rays, radii)``: values along the rays of ``n`` anchors."""


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
        ``(n, rays, radii)`` int32.
    """
    height, width = plane.shape
    per_um = ray_directions(radii_um.shape[1]) / np.asarray(mpp_yx_um, float)
    dy, dx = (np.rint(radii_um * per_um[:, axis, None]).astype(np.int32) for axis in (0, 1))
    rows = np.clip(y[:, None, None] + dy, 0, height - 1)
    columns = np.clip(x[:, None, None] + dx, 0, width - 1)
    samples: Samples = plane.ravel()[rows * width + columns].astype(np.int32)
    return samples
