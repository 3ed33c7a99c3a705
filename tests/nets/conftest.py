"""Fields so simple that a tiny network learns them in seconds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from her2path.arrays import Doubles
from her2path.cells.contours import ray_directions
from her2path.cells.table import N_RAYS
from her2path.cells.vocabulary import LYMPHOCYTE, TUMOUR
from her2path.nets.loop import LoopSettings
from her2path.nets.network import NetworkSpec
from her2path.nets.sample import STRIDE, Sample

SIDE_PX, STEPS = 128, 32
NUCLEUS_UM, CELL_UM = 3.0, 6.0


def ellipse_radii_um(semi_x_um: float, semi_y_um: float) -> Doubles:
    """Way from the middle to the rim along every ray."""
    directions = ray_directions(N_RAYS)
    return np.asarray(1 / np.hypot(directions[:, 1] / semi_x_um, directions[:, 0] / semi_y_um))


def toy_field(index: int) -> Sample:
    """Two round cells: a brown-rimmed tumour cell and a dark lymphocyte."""
    rng = np.random.default_rng(index)
    y, x = rng.integers(8, 24, 2), np.array([8, 24])
    rows, columns = (np.mgrid[:SIDE_PX, :SIDE_PX] + 0.5) / STRIDE
    rgb = np.full((SIDE_PX, SIDE_PX, 3), 235, np.uint8)
    centre, membrane = np.zeros((STEPS, STEPS), np.float32), np.zeros((STEPS, STEPS), np.float32)
    grid_y, grid_x = np.mgrid[:STEPS, :STEPS]
    for at_y, at_x, colour in zip(y, x, ((170, 170, 210), (70, 60, 130)), strict=True):
        away = np.hypot(rows - at_y - 0.5, columns - at_x - 0.5)
        rgb[away < NUCLEUS_UM] = colour
        centre = np.maximum(centre, np.exp(-((grid_y - at_y) ** 2 + (grid_x - at_x) ** 2) / 2))
    rim = np.abs(np.hypot(rows - y[0] - 0.5, columns - x[0] - 0.5) - CELL_UM) < 0.6
    rgb[rim] = (150, 100, 60)
    rgb[0, 0, 0] = index % 200  # however it is turned, a field is known by its sum
    membrane[np.abs(np.hypot(grid_y - y[0], grid_x - x[0]) - CELL_UM) < 0.6] = 1
    return Sample(
        rgb=rgb,
        white=(240.0, 240.0, 240.0),
        centre=centre.astype(np.float32),
        centre_known=np.ones((STEPS, STEPS), np.float32),
        membrane=membrane,
        y=y.astype(np.int32),
        x=x.astype(np.int32),
        kind=np.array([TUMOUR, LYMPHOCYTE], np.int8),
        membrane_od=np.array([0.4, np.nan], np.float32),
        completeness=np.array([1.0, np.nan], np.float32),
        nucleus_radii_um=np.full((2, N_RAYS), NUCLEUS_UM, np.float32),
        cell_radii_um=np.array([[CELL_UM] * N_RAYS, [np.nan] * N_RAYS], np.float32),
    )


@pytest.fixture(scope="session")
def toy() -> Callable[[int], Sample]:
    """Give the field of an index."""
    return toy_field


@pytest.fixture(scope="session")
def tiny_spec() -> NetworkSpec:
    return NetworkSpec(widths=(8, 8, 12, 12), hidden=16)


@pytest.fixture(scope="session")
def tiny_settings() -> Callable[..., LoopSettings]:
    """Settings of a short training, changed by name."""

    def settings(**changes: Any) -> LoopSettings:
        return LoopSettings(**{"steps": 8, "batch": 2, "chunk": 4, "repeats": 2, "rate": 0.01, **changes})

    return settings


@pytest.fixture(scope="session")
def ellipse() -> Callable[[float, float], Doubles]:
    return ellipse_radii_um
