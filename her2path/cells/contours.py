"""Contours of cells: from the stored radii to polygons on the slide."""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats, Ints
from her2path.cells.table import RADIUS_STEP_UM


def ray_directions(n_rays: int) -> Doubles:
    """Give the unit vector of every ray: ``(n_rays, 2)`` float64 as ``(y, x)``.

    Ray ``k`` points at the angle 2πk / n_rays from +x, anticlockwise as seen on a screen whose rows run
    down: y falls first.
    """
    angle = 2 * np.pi * np.arange(n_rays) / max(n_rays, 1)
    return np.stack([-np.sin(angle), np.cos(angle)], axis=1)


def contour_vertices(
    radii: NDArray[np.uint8], y_px: Ints, x_px: Ints, mpp_yx_um: tuple[float, float]
) -> Floats:
    """Polygon of every cell in level-0 pixels.

    Parameters
    ----------
    radii
        ``(n, 32)`` uint8 in steps of ``RADIUS_STEP_UM``, as in the cell table.
    y_px, x_px
        ``(n,)`` int32, the anchor that the radii start from.
    mpp_yx_um
        Micrometres per level-0 pixel, ``(y, x)``.

    Returns
    -------
    Floats
        ``(n, 32, 2)`` float32, vertices as ``(y, x)`` in level-0 pixels, not closed; ``(n, 0, 2)`` for a
        table without contours.

    Examples
    --------
    >>> import numpy as np
    >>> radii = np.full((1, 4), 20, np.uint8)  # 2 µm along +x, up, -x, down
    >>> contour_vertices(radii, np.array([100], np.int32), np.array([50], np.int32), (0.5, 0.25))[0].tolist()
    [[100.0, 58.0], [96.0, 50.0], [100.0, 42.0], [104.0, 50.0]]
    """
    step_yx_px = ray_directions(radii.shape[1]) * RADIUS_STEP_UM / np.asarray(mpp_yx_um, float)
    anchors_px = np.stack([y_px, x_px], axis=-1)[:, None, :]
    vertices: Floats = (anchors_px + radii[:, :, None] * step_yx_px).astype(np.float32)
    return vertices
