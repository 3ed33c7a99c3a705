"""Which colours red cells have."""

import numpy as np
import pytest

from her2path.arrays import OD_STEP
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, Vector
from her2path.quality.red_cells import red_cell_pixels


def _classes(od: Vector) -> tuple[int, int]:
    channels = [np.full((1, 1), round(value / OD_STEP), np.uint16) for value in od]
    found = red_cell_pixels(channels)
    return int(found["dense"][0, 0]), int(found["red_cell"][0, 0])


@pytest.mark.parametrize(
    ("od", "expected"),
    [
        pytest.param((0.09, 0.09, 0.085), (1, 1), id="grey, as on the cores"),
        pytest.param((0.05, 0.15, 0.25), (1, 1), id="haemoglobin"),
        pytest.param((0.02, 0.02, 0.02), (0, 0), id="too pale to tell"),
        pytest.param((0.9, 0.9, 0.9), (1, 0), id="carbon is darker"),
    ],
)
def test_colours(od: Vector, expected: tuple[int, int]) -> None:
    assert _classes(od) == expected


@pytest.mark.parametrize("density", [0.15, 0.4, 1.0, 3.0])
@pytest.mark.parametrize("stain", [RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (0.37, 0.56, 0.74)])
def test_neither_stain_is_taken_for_red_cells(stain: Vector, density: float) -> None:
    red, green, blue = (density * value for value in stain)
    if stain == RUIFROK_DAB:
        red *= 1.1  # the published vector lies at the limit; those of real slides have more red
    assert _classes((red, green, blue)) == (1, 0)
