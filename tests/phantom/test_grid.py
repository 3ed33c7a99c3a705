import numpy as np
import pytest

from her2path.phantom.grid import GRID_UM, signed_distance


def test_the_distance_is_signed_and_in_micrometres() -> None:
    inside = np.zeros((60, 80), bool)
    inside[:, 40:] = True
    distance_um = signed_distance(inside)
    assert distance_um[30, 60] == pytest.approx(21 * GRID_UM, rel=1e-6)
    assert distance_um[30, 19] == pytest.approx(-21 * GRID_UM, rel=1e-6)


def test_the_last_bit_does_not_depend_on_where_memory_lies() -> None:
    rng = np.random.default_rng(0)
    inside = rng.random((42, 42)) < 0.1
    first, ballast = signed_distance(inside), []
    for size in rng.integers(1, 5000, 100):
        ballast.append(np.empty(size, np.uint8))
        np.testing.assert_array_equal(signed_distance(inside), first)
