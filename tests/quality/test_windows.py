"""Squares of four blocks: means, orientation, and what is made of them."""

from collections.abc import Callable

import numpy as np
import pytest

from her2path.quality.grid import BlockGrid
from her2path.quality.windows import (
    block_mm2,
    blocks_in,
    left_out_flag,
    orientation,
    tumour_blocks,
    window_means,
    without_small,
)

Drawn = Callable[..., BlockGrid]


def test_means_are_weighted_by_the_pixels_looked_at(grid_of: Drawn) -> None:
    grid = grid_of((2, 3))
    grid.pixels[0, 0] /= 2
    values = np.array([[1.0, 2.0, 2.0], [2.0, 2.0, 5.0]])
    means = window_means(grid, values)
    assert means.shape == (1, 2)
    assert means[0] == pytest.approx([(0.5 + 6) / 3.5, 11 / 4])


def test_a_square_that_was_hardly_looked_at_tells_nothing(grid_of: Drawn) -> None:
    grid = grid_of((2, 2))
    grid.pixels[:, 1] = 0
    grid.pixels[0, 0] *= 0.9
    assert np.isnan(window_means(grid, np.ones((2, 2)))).all()


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 135.0])
def test_streaks_are_oriented_whichever_way_they_run(grid_of: Drawn, degrees: float) -> None:
    y, x = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    streaks = grid_of((3, 3), nuclear_y=y * y, nuclear_x=x * x, nuclear_yx=(x + y) ** 2)
    assert orientation(streaks) == pytest.approx(1.0)
    round_ones = grid_of((3, 3), nuclear_y=0.5, nuclear_x=0.5, nuclear_yx=1.0)
    assert orientation(round_ones) == pytest.approx(0.0)


def test_a_block_joins_a_square_unless_it_speaks_against_it(grid_of: Drawn) -> None:
    windows = np.zeros((3, 3), bool)
    windows[1, 1] = True
    own = np.ones((4, 4), bool)
    own[2, 2] = False
    expected = np.zeros((4, 4), bool)
    expected[1:3, 1:3] = True
    expected[2, 2] = False
    assert np.array_equal(blocks_in(windows, own), expected)


def test_small_pieces_go_and_corners_touch(grid_of: Drawn) -> None:
    plan = grid_of((6, 6)).plan
    mask = np.zeros((6, 6), bool)
    mask[0, 0] = mask[1, 1] = mask[5, 5] = True
    kept = without_small(mask, 1.5 * block_mm2(plan), plan)
    assert np.argwhere(kept).tolist() == [[0, 0], [1, 1]]


def test_a_block_of_tumour_holds_some_cells(grid_of: Drawn) -> None:
    plan = grid_of((4, 5)).plan
    places = plan.edge_px * np.array([[1, 2]] * 3 + [[3, 4]] * 2 + [[0, 0]] * 9) + 1
    found = tumour_blocks(places[:, 0].astype(np.int32), places[:, 1].astype(np.int32), plan)
    assert np.argwhere(found).tolist() == [[0, 0], [1, 2]]


def test_much_of_it_is_a_warning_and_none_is_no_flag() -> None:
    assert left_out_flag("CRUSH", "Crushed tissue", 0.0, 1.0) == ()
    (little,) = left_out_flag("CRUSH", "Crushed tissue", 0.1, 1.0)
    (much,) = left_out_flag("CRUSH", "Crushed tissue", 0.6, 1.0)
    assert (little.severity, much.severity) == ("info", "warning")
    assert "0.100 mm²" in little.detail
    assert "1.00 mm²" in little.detail
