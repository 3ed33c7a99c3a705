"""Fields of red cells."""

from collections.abc import Callable

import numpy as np
import pytest

from her2path.arrays import Mask
from her2path.quality.grid import BlockGrid
from her2path.quality.haemorrhage import haemorrhage, haemorrhage_flags

Drawn = Callable[..., BlockGrid]


def _slide(grid_of: Drawn, edge: int = 4, *, there: float = 0.8, elsewhere: float = 0.2) -> BlockGrid:
    share = np.full((16, 16), elsewhere)
    share[6 : 6 + edge, 5 : 5 + edge] = there
    return grid_of((16, 16), dense=0.5, red_cell=0.5 * share)


def test_a_field_of_red_cells_is_found_and_its_surroundings_are_not(grid_of: Drawn) -> None:
    expected = np.zeros((16, 16), bool)
    expected[6:10, 5:9] = True
    assert np.array_equal(haemorrhage(_slide(grid_of)), expected)


def test_a_vessel_is_too_small(grid_of: Drawn) -> None:
    assert not haemorrhage(_slide(grid_of, 2)).any()


def test_tumour_with_some_grey_pixels_is_left_in(grid_of: Drawn) -> None:
    assert not haemorrhage(_slide(grid_of, there=0.5)).any()


def test_on_a_grey_slide_hue_tells_nothing(grid_of: Drawn) -> None:
    assert not haemorrhage(_slide(grid_of, elsewhere=0.5)).any()


@pytest.mark.parametrize("dense", [0.0, 0.02])
def test_where_hue_cannot_be_told_there_is_none(grid_of: Drawn, dense: float) -> None:
    assert not haemorrhage(grid_of((8, 8), dense=dense, red_cell=dense)).any()


def test_flags() -> None:
    assert haemorrhage_flags(0.0, 1.0) == ()
    assert [haemorrhage_flags(mm2, 1.0)[0].severity for mm2 in (0.1, 0.7)] == ["info", "warning"]
    assert haemorrhage_flags(0.1, 1.0)[0].code == "HAEMORRHAGE"


@pytest.mark.slow
def test_it_is_found_where_it_is_drawn(drawn_grid: Callable[..., tuple[BlockGrid, Mask]]) -> None:
    damaged, _ = drawn_grid(1024, patterns={"N": 1.0}, confounders={"haemorrhage": 0.2})
    assert np.count_nonzero(haemorrhage(damaged)) >= 6
    clean, _ = drawn_grid(1024, patterns={"N": 1.0})
    assert not haemorrhage(clean).any()
