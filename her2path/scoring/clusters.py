"""Groups of cells that lie together."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from her2path.arrays import Doubles, Ints, Mask
from her2path.scoring.neighbours import near_pairs


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
    return _groups(len(yx_um), *near_pairs(yx_um, link_um)).astype(np.int64)


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
    first, second = near_pairs(yx_um[rows], link_um)  # once for all kinds: it takes most of the time
    inside = members[rows]
    bits = 1 << np.arange(members.shape[1])  # one a kind, in a byte where there are few: links are many
    kinds_of = (inside @ bits).astype(np.min_scalar_type(int(bits.sum())))
    linked = kinds_of[first] & kinds_of[second]
    found: dict[int, NDArray[np.int32]] = {}
    for k in np.argsort(inside.sum(axis=0), kind="stable").tolist():
        # Groups of a kind that is a part of this one stand: only the links that come new can join them.
        part = next((j for j in reversed(found) if not (inside[:, j] & ~inside[:, k]).any()), None)
        before = np.arange(len(rows), dtype=np.int32) if part is None else found[part]
        known = 0 if part is None else linked & (1 << part)
        new = np.flatnonzero((linked & (1 << k) != 0) & (known == 0))
        joined = _groups(int(before.max(initial=-1)) + 1, before[first[new]], before[second[new]])
        found[k] = groups = joined[before]
        of_members = groups[inside[:, k]]
        sizes[rows[inside[:, k]], k] = np.bincount(of_members)[of_members]
    return sizes


def _groups(n: int, first: Ints, second: Ints) -> NDArray[np.int32]:
    """``(n,)`` number of the group of each cell, 0 upwards."""
    if n == 0:
        return np.zeros(0, np.int32)
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)
