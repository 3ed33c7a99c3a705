"""A peak is higher than all around it; of equals the first is taken, and only one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from her2path.segment.peaks import local_maxima

WINDOW = np.ones((5, 5), np.uint8)


def test_of_two_near_peaks_the_higher_of_two_equal_ones_the_first() -> None:
    values = np.zeros((12, 20), np.float32)
    values[3, 3], values[4, 5] = 2.0, 1.0
    values[3, 12] = values[5, 13] = 1.0
    values[9, 5] = values[9, 8] = 1.0
    peaks = local_maxima(values, WINDOW) & (values > 0)
    assert np.argwhere(peaks).tolist() == [[3, 3], [3, 12], [9, 5], [9, 8]]


def test_a_plain_has_no_two_peaks_in_one_window() -> None:
    peaks = local_maxima(np.ones((9, 9), np.float32), WINDOW)
    assert np.argwhere(peaks).tolist() == [[0, 0]]


@given(arrays.arrays(np.int16, (12, 14), elements=st.integers(-3, 3)))
def test_no_two_peaks_share_a_window(values: np.ndarray) -> None:
    y, x = np.nonzero(local_maxima(values, WINDOW))
    apart = np.maximum(np.abs(y[:, None] - y), np.abs(x[:, None] - x)) + 9 * np.eye(len(y), dtype=int)
    assert len(y) == 0 or apart.min() > 2
    assert values.max() in values[y, x]
