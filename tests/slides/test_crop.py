"""Without these a level could be shifted, or transparent glass could turn black and count as stain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.image.geometry import Region
from her2path.slides.crop import (
    OVERVIEW_PX,
    averaged,
    composed_on_white,
    output_shape,
    pyramid_levels,
    white_padded,
)
from her2path.slides.protocol import Level


def test_output_shape_is_rounded() -> None:
    assert output_shape(Region(0, 0, 10, 9), Level(5, 5, 4.0)) == (2, 2)


@given(st.integers(1, 50_000), st.integers(1, 50_000))
def test_a_pyramid_ends_with_an_overview(height_px: int, width_px: int) -> None:
    levels = pyramid_levels(height_px, width_px)
    assert max(levels[-1].height_px, levels[-1].width_px) <= OVERVIEW_PX
    assert all(level.height_px >= 1 and level.width_px >= 1 for level in levels)


def test_blocks_are_averaged_and_the_border_is_kept() -> None:
    rgb = np.zeros((5, 4, 3), np.uint8)
    rgb[:4, 2:] = 100
    rgb[4] = 200
    assert averaged(rgb, 4)[:, 0].tolist() == [[50] * 3, [200] * 3]


def test_padding_is_white_and_the_image_in_place() -> None:
    rgb = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    box = white_padded(rgb, -1, -1, 4, 3)
    np.testing.assert_array_equal(box[1:3, 1:3], rgb)
    assert (box[0] == 255).all()
    assert (box[3] == 255).all()
    assert (box[:, 0] == 255).all()


@pytest.mark.parametrize(("alpha", "expected"), [(255, 10), (0, 255), (128, 132)])
def test_transparent_glass_is_white(alpha: int, expected: int) -> None:
    rgba = np.array([[[10, 10, 10, alpha]]], np.uint8)
    assert composed_on_white(rgba).tolist() == [[[expected] * 3]]
