"""Dead tumour: found where nuclei are gone, and not where something else is pale."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Mask
from her2path.quality.grid import BlockGrid
from her2path.quality.necrosis import necrosis, necrosis_flags

SHAPE = (20, 20)
LIVING = {
    "tissue": 0.9,
    "haematoxylin": 0.10,
    "dab": 0.05,
    "nuclear_y": 0.5,
    "nuclear_x": 0.5,
    "nuclear_yx": 1.0,
    "fine_y": 50.0,
    "fine_x": 50.0,
    "coarse_y": 100.0,
    "coarse_x": 100.0,
}
DEAD = {
    "haematoxylin": 0.06,
    "nuclear_y": 0.15,
    "nuclear_x": 0.15,
    "nuclear_yx": 0.3,
    "coarse_y": 60.0,
    "coarse_x": 60.0,
}

Drawn = Callable[..., BlockGrid]


def _patch(edge: int = 4) -> Mask:
    patch = np.zeros(SHAPE, bool)
    patch[8 : 8 + edge, 8 : 8 + edge] = True
    return patch


def _slide(grid_of: Drawn, patch: Mask, **other: float) -> BlockGrid:
    """Living tumour, dead in a patch, where a few measurements may be others."""
    there = {**LIVING, **DEAD, **other}
    return grid_of(SHAPE, **{name: np.where(patch, there[name], LIVING[name]) for name in LIVING})


def test_a_patch_without_nuclei_in_the_tumour_is_dead(grid_of: Drawn) -> None:
    patch = _patch()
    assert np.array_equal(necrosis(_slide(grid_of, patch), ~patch), patch)


def test_living_tumour_is_not(grid_of: Drawn) -> None:
    assert not necrosis(grid_of(SHAPE, **LIVING), np.ones(SHAPE, bool)).any()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"tissue": 0.45}, id="mucin or fat, half glass"),
        pytest.param({"fine_y": 25.0, "fine_x": 25.0}, id="smooth: mucin, colloid"),
        pytest.param({"nuclear_y": 0.28, "nuclear_x": 0.02, "nuclear_yx": 0.3}, id="fibres"),
        pytest.param({"dab": 0.4}, id="strong staining hides the nuclei"),
        pytest.param({"nuclear_y": 0.4, "nuclear_x": 0.4, "nuclear_yx": 0.8}, id="pale tumour"),
        pytest.param({"haematoxylin": 0.1}, id="as blue as the living"),
    ],
)
def test_what_only_looks_like_it_is_left_in(grid_of: Drawn, other: dict[str, float]) -> None:
    patch = _patch()
    assert not necrosis(_slide(grid_of, patch, **other), ~patch).any()


def test_a_gap_of_a_few_cells_is_none(grid_of: Drawn) -> None:
    patch = _patch(2)
    assert not necrosis(_slide(grid_of, patch), ~patch).any()


def test_acellular_stroma_away_from_tumour_is_left_in(grid_of: Drawn) -> None:
    patch = _patch()
    far: NDArray[np.bool_] = np.zeros(SHAPE, bool)
    far[:4] = True
    assert not necrosis(_slide(grid_of, patch), far).any()


def test_without_enough_tumour_nothing_is_said(grid_of: Drawn) -> None:
    patch = _patch()
    few = np.zeros(SHAPE, bool)
    few[7, 7:10] = True
    assert not necrosis(_slide(grid_of, patch), few).any()


def test_a_paler_stain_makes_no_difference(grid_of: Drawn) -> None:
    patch = _patch()
    grid = _slide(grid_of, patch)
    pale = replace(
        grid,
        haematoxylin=0.5 * grid.haematoxylin,
        nuclear_y=0.25 * grid.nuclear_y,
        nuclear_x=0.25 * grid.nuclear_x,
        nuclear_yx=0.25 * grid.nuclear_yx,
    )
    assert np.array_equal(necrosis(pale, ~patch), patch)


def test_the_flag_warns_of_a_tumour_that_is_largely_dead() -> None:
    assert necrosis_flags(0.0, 1.0) == ()
    severities = [necrosis_flags(mm2, 1.0)[0].severity for mm2 in (0.1, 0.7)]
    assert severities == ["info", "warning"]
    assert necrosis_flags(0.1, 1.0)[0].code == "NECROSIS"


@pytest.mark.slow
def test_drawn_tumour_that_is_pale_and_sparse_is_left_in(
    drawn_grid: Callable[..., tuple[BlockGrid, Mask]],
) -> None:
    living, tumour = drawn_grid(1536, patterns={"N": 1.0}, tumour={"architecture": "sheets", "share": 0.8})
    assert not necrosis(living, tumour).any()
