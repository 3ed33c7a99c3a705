"""A picture in strips gives what the whole gives."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2path.arrays import Floats, Rgb8
from her2path.image import strips
from her2path.image.stains import channel_range, density_image
from her2path.image.strips import GAUSSIAN_REACH, Densities, in_strips

WHITE = (241.0, 238.5, 244.0)


def drawn(height: int, width: int = 37) -> Rgb8:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def filtered(od: Floats) -> tuple[Floats, Floats]:
    least, most = channel_range(od)
    return cv2.GaussianBlur(least, (0, 0), 3.5).astype(np.float32), cv2.blur(most, (5, 5)).astype(np.float32)


@pytest.mark.parametrize("height", [1, strips.ROWS, strips.ROWS + 1, 3 * strips.ROWS + 7])
def test_filters_see_beyond_the_strip(height: int) -> None:
    od = density_image(drawn(height), WHITE)
    for plane, strip in zip(
        filtered(od), in_strips(filtered, od, reach_px=GAUSSIAN_REACH * 3.5), strict=True
    ):
        np.testing.assert_array_equal(plane, strip)


def test_without_reach_the_filters_do_not() -> None:
    od = density_image(drawn(2 * strips.ROWS), WHITE)
    assert (in_strips(filtered, od)[0] != filtered(od)[0]).any()


@given(st.integers(1, 40), st.integers(0, 30), st.integers(1, 30))
def test_densities_are_made_of_what_is_cut_out(height: int, top: int, rows: int) -> None:
    rgb = drawn(height)
    lazy, whole = Densities(rgb, WHITE), density_image(rgb, WHITE)
    top = min(top, height - 1)
    part = (slice(top, top + rows), slice(3, 20))
    assert lazy[part].shape == whole[part].shape
    np.testing.assert_array_equal(np.asarray(lazy[part]), whole[part])
    assert np.asarray(lazy).dtype == np.float32


def test_several_pictures_are_cut_alike() -> None:
    rgb = drawn(2 * strips.ROWS + 5)

    def both(od: Floats, number: NDArray[np.int64]) -> tuple[Floats]:
        return (od[..., 0] + number,)

    number = np.arange(len(rgb))[:, None]
    (added,) = in_strips(both, Densities(rgb, WHITE), number)
    np.testing.assert_array_equal(added, density_image(rgb, WHITE)[..., 0] + number)
