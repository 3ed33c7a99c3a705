"""Groups of cells that lie together."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from her2path.arrays import Doubles, Ints, Mask


def linked_groups(yx_um: Doubles, link_um: float) -> NDArray[np.int64]:
    """Group cells whose centres form a chain of short steps.

    Parameters
    ----------
    yx_um
        ``(n, 2)`` centres, µm.
    link_um
        Longest step, inclusive.

    Returns
    -------
    NDArray[np.int64]
        ``(n,)`` number of the group of each cell, 0 upwards.
    """
    return _groups(len(yx_um), *_pairs(yx_um, link_um))


def group_sizes(yx_um: Doubles, members: Mask, link_um: float) -> NDArray[np.int64]:
    """Size of each cell's group among the members.

    Parameters
    ----------
    yx_um
        ``(n, 2)`` centres, µm.
    members
        ``(n, k)`` cells that may form groups, for each of ``k`` kinds of groups.
    link_um
        Longest step, inclusive.

    Returns
    -------
    NDArray[np.int64]
        ``(n, k)`` number of cells in the group, itself included; 0 for a cell that is no member.
    """
    sizes = np.zeros(members.shape, np.int64)
    rows = np.flatnonzero(members.any(axis=1))
    first, second = _pairs(yx_um[rows], link_um)  # once for all kinds: it takes most of the time
    for k, member in enumerate(np.ascontiguousarray(members[rows].T)):
        linked = member[first] & member[second]
        groups = _groups(len(rows), first[linked], second[linked])
        sizes[rows[member], k] = np.bincount(groups)[groups[member]]
    return sizes


def _pairs(yx_um: Doubles, link_um: float) -> Ints:
    """``(2, m)`` cells within a step of one another, each pair once."""
    if len(yx_um) == 0:
        return np.zeros((2, 0), np.int32)
    # int32 and one row for each end: a million cells have ten million pairs.
    pairs = cKDTree(yx_um).query_pairs(link_um, output_type="ndarray")
    return np.ascontiguousarray(pairs.T, np.int32)


def _groups(n: int, first: Ints, second: Ints) -> NDArray[np.int64]:
    """``(n,)`` number of the group of each cell, 0 upwards."""
    if n == 0:
        return np.zeros(0, np.int64)
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)
