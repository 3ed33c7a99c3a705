import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from her2path.arrays import Doubles
from her2path.scoring import clusters
from her2path.scoring.clusters import group_sizes, linked_groups


def plain_groups(yx_um: Doubles, link_um: float) -> np.ndarray:
    """Groups from the distances of all pairs."""
    apart_um2 = ((yx_um[:, None] - yx_um[None]) ** 2).sum(axis=2)
    return np.asarray(connected_components(coo_matrix(apart_um2 <= link_um**2), directed=False)[1])


@pytest.mark.parametrize("few", [0, 50_000])
@settings(deadline=None)  # the first call compiles
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.integers(1, 40),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.sampled_from([(0.25, 0.25), (0.2527, 0.2527), (0.5, 0.25)]),
)
def test_groups_are_those_of_all_distances(
    few: int, seed: int, n: int, link: int, extent_px: tuple[int, int], mpp_yx_um: tuple[float, float]
) -> None:
    """Of few cells and of many; a step as long as the link is in."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clusters, "FEW_CELLS", few)
        check_groups(np.random.default_rng(seed), n, link, extent_px, mpp_yx_um)


def check_groups(
    rng: np.random.Generator,
    n: int,
    link: int,
    extent_px: tuple[int, int],
    mpp_yx_um: tuple[float, float],
) -> None:
    yx_um = rng.integers(0, extent_px, (n, 2)) * np.array(mpp_yx_um)
    groups = plain_groups(yx_um, link / 4)
    assert linked_groups(yx_um, link / 4).tolist() == groups.tolist()
    members = rng.random((n, 2)) < [0.3, 0.8]
    sizes = group_sizes(yx_um, members, link / 4)
    for k in range(2):
        inside = members[:, k]
        if inside.any():
            of_members = plain_groups(yx_um[inside], link / 4)
            assert sizes[inside, k].tolist() == np.bincount(of_members)[of_members].tolist()
        assert (sizes[~inside, k] == 0).all()


def test_squares_grow_where_cells_lie_far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    yx_um = np.random.default_rng(1).uniform(0, 400, (300, 2))
    groups = linked_groups(yx_um, 12.0)
    monkeypatch.setattr(clusters, "FEW_CELLS", 0)
    monkeypatch.setattr(clusters, "MOST_SQUARES", 5)
    assert (linked_groups(yx_um, 12.0) == groups).all()
    assert linked_groups(np.array([[0.0, 0], [0, 9], [0, 1e9], [0, 1e9 + 9]]), 12.0).tolist() == [0, 0, 1, 1]


def test_the_end_of_a_row_of_squares_is_no_neighbour_of_the_start_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clusters, "FEW_CELLS", 0)
    assert linked_groups(np.array([[5.0, 95.0], [15.0, 5.0]]), 10.0).tolist() == [0, 1]


def test_a_chain_of_short_steps_is_one_group_and_the_link_is_inclusive() -> None:
    yx = np.array([[0, 0], [0, 10.0], [0, 20.0], [0, 30.001], [100, 100.0]])
    groups = linked_groups(yx, 10.0)
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_cells_that_are_no_members_do_not_bridge() -> None:
    yx = np.array([[0, 0], [0, 10.0], [0, 20.0]])
    kinds = np.array([[True, True, False], [False, True, True], [True, True, False]])
    assert group_sizes(yx, kinds, 10.0).tolist() == [[1, 3, 0], [0, 3, 1], [1, 3, 0]]


def test_several_kinds_at_once_are_each_alone() -> None:
    rng = np.random.default_rng(3)
    yx, draw = rng.uniform(0, 300, (400, 2)), rng.random((400, 4))
    # Three that hold one another, as the rules of a biopsy do, and three that do not.
    kinds = np.hstack([draw[:, :1] < [0.5, 0.9, 0.1], draw[:, 1:] < [0.1, 0.5, 0.9]])
    alone = [group_sizes(yx, kinds[:, [k]], 12.0) for k in range(6)]
    assert np.array_equal(group_sizes(yx, kinds, 12.0), np.hstack(alone))
    # Each kind as plainly: groups of its own members only.
    for k, sizes in enumerate(alone):
        groups = linked_groups(yx[kinds[:, k]], 12.0)
        assert np.array_equal(sizes[kinds[:, k], 0], np.bincount(groups)[groups])


def test_no_cells_are_no_groups() -> None:
    assert linked_groups(np.zeros((0, 2)), 10.0).size == 0
    assert group_sizes(np.zeros((2, 2)), np.zeros((2, 1), bool), 10.0).tolist() == [[0], [0]]
    assert group_sizes(np.zeros((0, 2)), np.zeros((0, 2), bool), 10.0).shape == (0, 2)
