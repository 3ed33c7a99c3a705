"""Pairs within reach, against all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.scoring.neighbours import near_pairs


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(1, 40), st.integers(1, 200))
def test_pairs_are_those_of_all_distances(seed: int, n: int, reach_um: int, extent_um: int) -> None:
    yx_um = np.random.default_rng(seed).integers(0, extent_um, (n, 2)).astype(float)
    first, second = near_pairs(yx_um, float(reach_um))
    apart_um2 = ((yx_um[:, None] - yx_um[None]) ** 2).sum(axis=2)
    expected = np.argwhere(np.triu(apart_um2 <= reach_um**2, k=1))
    found = np.sort(np.stack([first, second], axis=1), axis=1)
    assert found[np.lexsort(found.T[::-1])].tolist() == expected.tolist()


def test_the_end_of_a_row_is_no_neighbour_of_the_start_of_the_next() -> None:
    yx_um = np.array([[5.0, 95.0], [15.0, 5.0]])
    assert near_pairs(yx_um, 10.0).shape == (2, 0)


@pytest.mark.parametrize("n", [0, 1])
def test_one_cell_has_no_pair(n: int) -> None:
    assert near_pairs(np.zeros((n, 2)), 10.0).shape == (2, 0)
