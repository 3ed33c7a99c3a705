"""Smeared nuclei: dark and running one way, both at once."""

from collections.abc import Callable

import numpy as np
import pytest

from her2path.arrays import Mask
from her2path.quality.crush import crush, crush_flags
from her2path.quality.grid import BlockGrid

Drawn = Callable[..., BlockGrid]

STREAKS = {"nuclear_y": 1.0, "nuclear_x": 0.2, "nuclear_yx": 1.2}
ROUND = {"nuclear_y": 0.6, "nuclear_x": 0.6, "nuclear_yx": 1.2}


def _slide(grid_of: Drawn, dark: float, tensor: dict[str, float], edge: int = 3) -> BlockGrid:
    patch = np.zeros((12, 12), bool)
    patch[4 : 4 + edge, 4 : 4 + edge] = True
    values = {name: np.where(patch, tensor[name], ROUND[name]) for name in ROUND}
    return grid_of((12, 12), dark=np.where(patch, dark, 0.02), **values)


def test_dark_streaks_are_crush(grid_of: Drawn) -> None:
    found = crush(_slide(grid_of, 0.3, STREAKS))
    assert np.argwhere(found).min(axis=0).tolist() == [4, 4]
    assert np.argwhere(found).max(axis=0).tolist() == [6, 6]


@pytest.mark.parametrize(
    ("dark", "tensor"),
    [
        pytest.param(0.05, STREAKS, id="spindle stroma is pale"),
        pytest.param(0.3, ROUND, id="a follicle has no direction"),
    ],
)
def test_one_of_both_is_not_enough(grid_of: Drawn, dark: float, tensor: dict[str, float]) -> None:
    assert not crush(_slide(grid_of, dark, tensor)).any()


def test_a_single_block_is_too_small(grid_of: Drawn) -> None:
    assert not crush(_slide(grid_of, 0.9, {"nuclear_y": 9.0, "nuclear_x": 0.2, "nuclear_yx": 9.2}, 1)).any()


def test_flags() -> None:
    assert crush_flags(0.0, 1.0) == ()
    assert [crush_flags(mm2, 1.0)[0].severity for mm2 in (0.1, 0.7)] == ["info", "warning"]
    assert crush_flags(0.1, 1.0)[0].code == "CRUSH"


@pytest.mark.slow
def test_it_is_found_where_it_is_drawn(drawn_grid: Callable[..., tuple[BlockGrid, Mask]]) -> None:
    damaged, _ = drawn_grid(1024, patterns={"N": 1.0}, confounders={"crush": 0.3})
    assert np.count_nonzero(crush(damaged)) >= 10
    clean, _ = drawn_grid(1024, patterns={"N": 1.0})
    assert not crush(clean).any()
