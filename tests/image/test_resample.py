"""A pixel of the network's grid has one value, from whatever box of the slide it is seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Rgb8
from her2path.image.resample import SAME_WITHIN, SampleGrid, sample_grid, shrink

SLIDE = np.random.default_rng(0).integers(0, 256, (300, 340, 3), dtype=np.uint8)


def seen(box: tuple[slice, slice], grid: SampleGrid, top: int, left: int, size: int = 150) -> Rgb8:
    """A box of the grid as it is seen from a part of the slide."""
    return grid.sample(SLIDE[top : top + size, left : left + size], (top, left), box)


@settings(max_examples=60, deadline=None)
@given(
    mpp_um=st.sampled_from([0.2208, 0.25, 0.2528, 0.3, 0.5]),
    top=st.integers(0, 90),
    left=st.integers(0, 90),
)
def test_the_value_of_a_pixel_does_not_depend_on_the_box_that_was_read(
    mpp_um: float, top: int, left: int
) -> None:
    grid = sample_grid((mpp_um, mpp_um), 0.25)
    first, end = int(np.ceil(92 / grid.y_px)) + 1, int(148 / grid.y_px) - 1
    box = slice(first, end), slice(first, end)
    assert np.array_equal(seen(box, grid, top, left), seen(box, grid, 0, 0, 300))


def test_pixels_lie_where_their_size_says() -> None:
    """A ramp along x at 0.2 µm, seen at 0.25 µm: pixel k is centred 0.25 (k + ½) µm from the corner."""
    ramp = np.repeat(np.arange(0, 250, 2, dtype=np.uint8)[None, :, None], 8, axis=0).repeat(3, axis=2)
    found = sample_grid((0.2, 0.2), 0.25).sample(ramp, (0, 0), (slice(1, 5), slice(2, 90)))
    expected = 2 * (0.25 * (np.arange(2, 90) + 0.5) / 0.2 - 0.5)
    assert np.abs(found[0, :, 0] - expected).max() <= 1


def test_each_axis_has_its_own_pixel_size() -> None:
    grid = sample_grid((0.5, 0.25), 0.25)
    assert (grid.y_px, grid.x_px) == (0.5, 1.0)
    found = grid.sample(SLIDE, (0, 0), (slice(10, 40), slice(10, 40)))
    assert found.shape == (30, 30, 3)
    between = (3 * SLIDE[5, 10:40].astype(float) + SLIDE[6, 10:40]) / 4
    assert np.abs(found[1] - between).max() <= 1


@pytest.mark.parametrize(("mpp_um", "same"), [(0.25, True), (0.252, True), (0.248, True), (0.253, False)])
def test_pixels_of_nearly_the_right_size_are_taken_as_they_are(mpp_um: float, same: bool) -> None:
    assert pytest.approx(0.01) == SAME_WITHIN
    grid = sample_grid((mpp_um, mpp_um), 0.25)
    assert (grid == SampleGrid(1.0, 1.0)) == same
    if same:
        assert np.array_equal(seen((slice(20, 60), slice(30, 50)), grid, 10, 10), SLIDE[20:60, 30:50])


@pytest.mark.parametrize("mpp_um", [0.25, 0.3])
def test_beyond_what_was_read_it_is_white(mpp_um: float) -> None:
    grid = sample_grid((mpp_um, mpp_um), 0.25)
    found = grid.sample(np.zeros((10, 10, 3), np.uint8), (0, 0), (slice(-20, 30), slice(-20, 30)))
    assert (found[:18] == 255).all()
    assert (found[:, 33:] == 255).all()
    assert (found[21:26, 21:26] == 0).all()
    away = grid.sample(np.zeros((10, 10, 3), np.uint8), (0, 0), (slice(50, 60), slice(-40, -30)))
    assert (away == 255).all()


def test_whole_blocks_are_averaged() -> None:
    small = shrink(SLIDE, 2)
    assert small.shape == (150, 170, 3)
    assert np.abs(small[3, 4] - SLIDE[6:8, 8:10].astype(float).mean(axis=(0, 1))).max() <= 0.5
    assert shrink(SLIDE, 1) is SLIDE
