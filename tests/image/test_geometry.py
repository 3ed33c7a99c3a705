"""Pixel sizes, working grids, and tiles that own each pixel exactly once."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.errors import PixelSizeError
from her2path.image.geometry import (
    MEMBRANE_MPP_UM,
    NUCLEUS_MPP_UM,
    PixelSize,
    Region,
    Scales,
    plan_tiles,
    scales_for,
)


@pytest.mark.parametrize("mpp_um", [0.0, -0.25, 0.0799, 1.101, 352.8, math.nan, math.inf])
def test_a_pixel_size_that_no_microscope_has_is_refused(mpp_um: float) -> None:
    with pytest.raises(PixelSizeError, match="--mpp"):
        PixelSize(mpp_um, 0.25)
    with pytest.raises(PixelSizeError, match="--mpp"):
        PixelSize(0.25, mpp_um)


def test_pixel_size_of_uneven_axes() -> None:
    size = PixelSize(0.2, 0.45)
    assert size.area_um2 == pytest.approx(0.09)
    assert size.mean_um == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("mpp_um", "scales"),
    [
        (0.08, Scales(membrane=4, nucleus=8)),
        (0.12, Scales(membrane=2, nucleus=4)),
        (0.16, Scales(membrane=2, nucleus=4)),
        (0.2, Scales(membrane=1, nucleus=2)),
        (0.23, Scales(membrane=1, nucleus=2)),
        (0.25, Scales(membrane=1, nucleus=2)),
        (0.2526, Scales(membrane=1, nucleus=2)),
        (0.32, Scales(membrane=1, nucleus=2)),
        (0.35, Scales(membrane=1, nucleus=1)),
        (0.5, Scales(membrane=1, nucleus=1)),
        (1.1, Scales(membrane=1, nucleus=1)),
    ],
)
def test_working_grids(mpp_um: float, scales: Scales) -> None:
    assert scales_for(PixelSize(mpp_um, mpp_um)) == scales


@given(st.floats(0.08, 1.1))
def test_membranes_are_seen_fine_enough_where_the_slide_has_it(mpp_um: float) -> None:
    scales = scales_for(PixelSize(mpp_um, mpp_um))
    assert scales.nucleus % scales.membrane == 0
    assert scales.membrane == 1 or scales.membrane * mpp_um <= MEMBRANE_MPP_UM
    assert (scales.membrane + 1) * mpp_um > MEMBRANE_MPP_UM
    if mpp_um < NUCLEUS_MPP_UM:
        assert NUCLEUS_MPP_UM / 2 < scales.nucleus * mpp_um < NUCLEUS_MPP_UM * 1.5


def test_a_region_grows_on_every_side() -> None:
    assert Region(10, 20, 30, 40).grown(5) == Region(5, 15, 40, 50)
    assert (Region(10, 20, 30, 40).bottom_px, Region(10, 20, 30, 40).right_px) == (40, 60)


@given(
    height_px=st.integers(1, 90),
    width_px=st.integers(1, 90),
    tile_px=st.integers(1, 64),
    halo_px=st.integers(0, 16),
    stride_px=st.sampled_from([1, 2, 4, 8]),
    origin_yx_px=st.tuples(st.integers(-100, 100), st.integers(-100, 100)),
)
def test_each_pixel_has_one_owner(
    height_px: int, width_px: int, tile_px: int, halo_px: int, stride_px: int, origin_yx_px: tuple[int, int]
) -> None:
    owners = np.zeros((height_px, width_px), int)
    for tile in plan_tiles(
        height_px,
        width_px,
        tile_px=tile_px,
        halo_px=halo_px,
        stride_px=stride_px,
        origin_yx_px=origin_yx_px,
    ):
        core, read = tile.core, tile.read
        on_slide = owners[max(core.y_px, 0) : core.bottom_px, max(core.x_px, 0) : core.right_px]
        assert on_slide.size, "a tile that lies off the slide is work for nothing"
        on_slide += 1
        corners = (core.y_px, core.x_px, core.height_px, read.y_px, read.x_px, read.height_px)
        assert all(corner % stride_px == 0 for corner in corners)
        assert core.y_px - read.y_px >= halo_px
        assert read.bottom_px - core.bottom_px >= halo_px
        assert read.right_px - core.right_px >= halo_px
    assert (owners == 1).all()


def test_tiles_come_in_reading_order() -> None:
    starts = [(t.core.y_px, t.core.x_px) for t in plan_tiles(100, 100, tile_px=40, halo_px=8, stride_px=4)]
    assert starts == sorted(starts)
    assert len(starts) == 9


def test_the_origin_shifts_the_grid() -> None:
    first = next(plan_tiles(100, 100, tile_px=40, halo_px=0, stride_px=4, origin_yx_px=(12, 50)))
    assert (first.core.y_px, first.core.x_px) == (-28, -32)
