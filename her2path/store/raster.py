"""Regions on pixels: which of them lie inside."""

from collections.abc import Sequence

import numpy as np
import shapely

from her2path.arrays import Mask


def region_mask(
    polygons: Sequence[shapely.Geometry],
    shape: tuple[int, int],
    *,
    downsample: float = 1.0,
    origin_yx_px: tuple[float, float] = (0.0, 0.0),
) -> Mask:
    """Draw polygons: a pixel is inside where its centre is.

    Holes stay open; polygons that overlap are one. Every row is filled between its crossings with the
    outlines, so the area is right on average, which a fill that also draws the outline is not.

    Parameters
    ----------
    polygons
        Polygons or multipolygons, x and y in level-0 pixels.
    shape
        Of the mask, ``(y, x)``.
    downsample
        Level-0 pixels per pixel of the mask.
    origin_yx_px
        Level-0 position of the mask's corner.

    Returns
    -------
    Mask
        ``(y, x)`` bool.
    """
    height, width = shape
    rings = shapely.get_rings(shapely.get_parts(shapely.union_all(list(polygons))))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    x, y = ((corners - np.array(origin_yx_px)[::-1]) / downsample - 0.5).T  # in rows and columns of centres
    edge = np.flatnonzero(ring[:-1] == ring[1:]) if len(ring) else np.zeros(0, np.intp)
    upper, lower = np.minimum(y[edge], y[edge + 1]), np.maximum(y[edge], y[edge + 1])
    # An edge crosses the rows upper <= row < lower: a corner on a row is counted once.
    first = np.clip(np.ceil(upper), 0, height).astype(np.intp)
    n_rows = np.maximum(np.clip(np.ceil(lower), 0, height).astype(np.intp) - first, 0)
    crossing = np.repeat(edge, n_rows)
    start = np.cumsum(n_rows) - n_rows
    row = np.arange(len(crossing)) - np.repeat(start - first, n_rows)
    slope = (x[crossing + 1] - x[crossing]) / (y[crossing + 1] - y[crossing])
    column = np.ceil(x[crossing] + (row - y[crossing]) * slope)
    # Inside is an odd number of crossings to the left; 256 wraps to 0 and keeps the parity.
    crossings = np.zeros((height, width + 1), np.uint8)
    np.add.at(crossings, (row, np.clip(column, 0, width).astype(np.intp)), 1)
    inside: Mask = (np.cumsum(crossings, axis=1, dtype=np.uint8)[:, :width] & 1).astype(bool)
    return inside
