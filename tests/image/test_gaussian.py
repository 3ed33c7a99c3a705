"""The blur has the bits of OpenCV's, and the same wherever the plane is cut."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Plane16
from her2path.image.gaussian import HIGHEST, gaussian, gaussian_at, gaussian_difference


def plain_gaussian(plane: Plane16, sigma_px: float) -> Plane16:
    """OpenCV is exact for uint16, in fixed point."""
    size = 2 * int(np.ceil(3 * sigma_px)) + 1
    blurred = cv2.GaussianBlur(plane, (size, size), sigma_px, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, np.uint16)


@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(1, 45), st.integers(1, 45)),
    sigma_px=st.floats(0.3, 6.0),
    highest=st.sampled_from([1, 4000, HIGHEST, 65535]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_blur_is_that_of_opencv(shape: tuple[int, int], sigma_px: float, highest: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    plane = rng.integers(0, highest, shape, np.uint16, endpoint=True)
    blurred = gaussian(plane, sigma_px)
    assert blurred.dtype == np.uint16
    assert np.array_equal(blurred, plain_gaussian(plane, sigma_px))
    y, x = (rng.integers(0, n, 9).astype(np.int32) for n in shape)
    assert np.array_equal(gaussian_at(plane, sigma_px, y, x), blurred[y, x])


def test_a_difference_is_that_of_two_blurs() -> None:
    plane = np.random.default_rng(4).integers(0, HIGHEST, (60, 51), np.uint16, endpoint=True)
    narrow, wide = (gaussian(plane, sigma_px).astype(int) for sigma_px in (1.3, 2.4))
    difference = gaussian_difference(plane, 1.3, 2.4)
    assert difference.dtype == np.int16
    assert np.array_equal(difference, narrow - wide)


@pytest.mark.parametrize("highest", [HIGHEST, 65535])
@pytest.mark.parametrize("sigma_px", [0.78, 1.0, 2.0, 3.2, 5.12])
def test_what_is_even_stays_even(sigma_px: float, highest: int) -> None:
    """Up to the largest value: no sum runs over."""
    plane = np.full((40, 50), highest, np.uint16)
    assert (gaussian(plane, sigma_px) == highest).all()


def test_no_place_gives_no_value() -> None:
    nowhere = np.zeros(0, np.int32)
    assert gaussian_at(np.ones((5, 6), np.uint16), 1.0, nowhere, nowhere).shape == (0,)


def test_the_blur_is_the_same_wherever_it_is_cut() -> None:
    plane = np.random.default_rng(3).integers(0, 4000, (200, 180)).astype(np.uint16)
    margin = 12
    cut = gaussian(plane[31:151, 17:137], 3.1)[margin:-margin, margin:-margin]
    assert (cut == gaussian(plane, 3.1)[31 + margin : 151 - margin, 17 + margin : 137 - margin]).all()
