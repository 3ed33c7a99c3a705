"""Stain that a section has lost on one side or in its middle, on the coarse grid."""

from typing import Literal

import numpy as np

from her2path.arrays import Floats
from her2path.phantom.grid import GRID_UM

HAEMATOXYLIN_SHARE = 0.35
"""Of the loss of DAB, that of haematoxylin: antigens suffer from poor fixation more than chromatin does."""


def stain_left(kind: Literal["one-sided", "zonal"], od_loss: float, tissue: Floats) -> Floats:
    """Give what is left of DAB: ``(y, x)`` float32, 1 for all of it.

    Parameters
    ----------
    kind
        ``one-sided``: falls from the left edge of the section to the right one. ``zonal``: falls from the
        border to the middle, as where formalin came from outside and not far enough.
    od_loss
        Share lost where most is.
    tissue
        Signed distance to the edge of the section on the coarse grid.
    """
    inside = tissue > 0
    if kind == "one-sided":
        columns = np.flatnonzero(inside.any(axis=0))
        first, last = (columns[0], columns[-1]) if len(columns) else (0, tissue.shape[1] - 1)
        way = np.broadcast_to((np.arange(tissue.shape[1]) - first) / max(last - first, 1), tissue.shape)
    else:
        # Tissue that fills the slide has its border outside; the slide's stands for it.
        y, x = np.ogrid[: tissue.shape[0], : tissue.shape[1]]
        edge_um = np.minimum(
            np.minimum(y, tissue.shape[0] - 1 - y), np.minimum(x, tissue.shape[1] - 1 - x)
        ) * np.float32(GRID_UM)
        depth = np.minimum(tissue, edge_um)
        way = depth / max(float(depth.max()), GRID_UM)
    way = np.clip(way, 0, 1)
    # Level at both ends, steepest between.
    return np.asarray(1 - od_loss * way * way * (3 - 2 * way), np.float32)
