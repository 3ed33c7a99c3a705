import numpy as np

from her2path.scoring.clusters import group_sizes, linked_groups


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
