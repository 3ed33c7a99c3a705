"""A peak is higher than all around it; of equals the first is taken, and only one."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from her2path.arrays import Bools, Floats
from her2path.segment.peaks import local_maxima

WINDOW = np.ones((5, 5), np.uint8)
DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))


def plain_maxima(values: NDArray[np.int16] | Floats, window: np.ndarray) -> Bools:
    """Higher than all before it in the window, and as high as all behind it."""
    middle = window.shape[0] // 2
    before = window.copy()
    before[middle, window.shape[1] // 2 :] = 0
    before[middle + 1 :] = 0
    after = before[::-1, ::-1].copy()
    peaks: Bools = (values > cv2.dilate(values, before)) & (values >= cv2.dilate(values, after))
    return peaks


def test_of_two_near_peaks_the_higher_of_two_equal_ones_the_first() -> None:
    values = np.zeros((12, 20), np.float32)
    values[3, 3], values[4, 5] = 2.0, 1.0
    values[3, 12] = values[5, 13] = 1.0
    values[9, 5] = values[9, 8] = 1.0
    peaks = local_maxima(values, WINDOW, above=0)
    assert np.transpose(peaks).tolist() == [[3, 3], [3, 12], [9, 5], [9, 8]]


def test_a_plain_has_no_two_peaks_in_one_window() -> None:
    peaks = local_maxima(np.ones((9, 9), np.float32), WINDOW, above=0)
    assert np.transpose(peaks).tolist() == [[0, 0]]


@settings(deadline=None)
@given(arrays.arrays(np.int16, (12, 14), elements=st.integers(-3, 3)))
def test_no_two_peaks_share_a_window(values: np.ndarray) -> None:
    y, x = local_maxima(values, WINDOW, above=-4)
    apart = np.maximum(np.abs(y[:, None] - y), np.abs(x[:, None] - x)) + 9 * np.eye(len(y), dtype=int)
    assert len(y) == 0 or apart.min() > 2
    assert values.max() in values[y, x]


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("window", [WINDOW, DISC], ids=["square", "disc"])
@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(1, 25), st.integers(1, 25)),
    spread=st.sampled_from([1, 5, 1000]),
    seed=st.integers(0, 2**32 - 1),
)
def test_peaks_are_those_of_the_plain_form(
    dtype: type, window: np.ndarray, shape: tuple[int, int], spread: int, seed: int
) -> None:
    drawn = np.random.default_rng(seed).integers(-spread, spread, shape, endpoint=True)
    values: NDArray[np.int16] | Floats = drawn.astype(dtype)
    for above in (-spread - 1, 0, spread // 2):
        y, x = local_maxima(values, window, above=above)
        assert y.dtype == x.dtype == np.int32
        assert np.array_equal((y, x), np.nonzero(plain_maxima(values, window) & (values > above)))
