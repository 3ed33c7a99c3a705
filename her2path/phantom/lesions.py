"""Fat, dead tumour and folds, on the coarse grid; nothing of them unless a recipe asks."""

import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from her2path.arrays import Floats
from her2path.phantom.grid import GRID_UM, signed_distance
from her2path.phantom.texture import smooth_field

ABSENT = -100.0
"""Signed distance, in µm, of what is nowhere on the slide."""

FAT_CELL_UM = 55.0
"""Mean distance between fat cells: in breast and omentum they measure 40 to 100 µm."""

FAT_RIM_UM = 1.8
"""Half the wall between two fat cells; thinner ones would fall between the nodes of the grid."""

FOLD_UM = 200.0
"""Distance over which a fold turns."""


def fat_holes(share: float, tissue: Floats, tumour: Floats, rng: Generator) -> Floats:
    """Give the signed distance to the edge of the nearest fat cell: ``(y, x)`` float32, positive inside.

    ``share`` is that of the stroma; ``tissue`` and ``tumour`` are signed distances on the coarse grid.
    """
    stroma = (tissue > 6) & (tumour < -8)
    if not share or not stroma.any():
        return np.full(tissue.shape, ABSENT, np.float32)
    field = smooth_field(rng, tissue.shape, 130 / GRID_UM)
    area = signed_distance((field >= np.quantile(field[stroma], 1 - share)) & stroma)
    step = FAT_CELL_UM / GRID_UM
    y, x = np.mgrid[: tissue.shape[0] + step : step, : tissue.shape[1] + step : step]
    middles = np.stack([y.ravel(), x.ravel()], axis=1) + rng.uniform(-0.45, 0.45, (y.size, 2)) * step
    y, x = np.mgrid[: tissue.shape[0], : tissue.shape[1]]
    nodes = np.stack([y.ravel(), x.ravel()], axis=1)
    near_um = np.asarray(cKDTree(middles).query(nodes, k=2)[0]) * GRID_UM
    # Cells press each other flat, and are round where they do not touch.
    wall = np.minimum((near_um[:, 1] - near_um[:, 0]) / 2 - FAT_RIM_UM, 0.56 * FAT_CELL_UM - near_um[:, 0])
    return np.minimum(wall.reshape(tissue.shape), area - 1).astype(np.float32)


def necrotic(share: float, tumour: Floats, rng: Generator) -> Floats:
    """Give the signed distance to the edge of dead tumour, a ``share`` of it: ``(y, x)`` float32."""
    inside = tumour > 0
    if not share or not inside.any():
        return np.full(tumour.shape, ABSENT, np.float32)
    # What lies deep in a nest dies first.
    field = smooth_field(rng, tumour.shape, 50 / GRID_UM) + 0.02 * np.clip(tumour, 0, 60)
    return signed_distance((field >= np.quantile(field[inside], 1 - share)) & inside)


def fold_cover(share: float, shape: tuple[int, int], rng: Generator) -> Floats:
    """Give 1 where the section lies double, a ``share`` of the grid in bands, else 0: ``shape`` float32."""
    if not share:
        return np.zeros(shape, np.float32)
    field = np.abs(smooth_field(rng, shape, FOLD_UM / GRID_UM))
    return np.asarray(np.clip((np.quantile(field, share) - field) * 40 + 0.5, 0, 1), np.float32)
