"""Groups of cells that lie together."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from her2path.arrays import Bools, Doubles, Ints, Mask
from her2path.compiled import compiled

FEW_CELLS = 50_000
"""Up to so many are grouped by their pairs: in less time than compiled code takes to load where nothing else
calls it, as in ``rescore``."""

MOST_SQUARES = 1 << 22
"""Cells are looked up by square of the tissue: 16 MB of them, and where cells lie far apart larger ones."""


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
        ``(n,)`` number of the group of each cell, 0 upwards in the order of their first cells.
    """
    everyone = np.ones((len(yx_um), 1), np.bool_)
    return _groups(yx_um, everyone, link_um)[0].astype(np.int64)


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
    inside = members[rows]
    for k, groups in enumerate(_groups(yx_um[rows], inside, link_um)):
        of_members = groups[inside[:, k]]
        sizes[rows[inside[:, k]], k] = np.bincount(of_members)[of_members]
    return sizes


def _groups(yx_um: Doubles, members: Mask, link_um: float) -> list[Ints]:
    """``(n,)`` number of each member's group, for every kind; those of other cells say nothing."""
    grouped = _in_squares if len(yx_um) > FEW_CELLS else _in_pairs
    return grouped(yx_um, members, link_um)


def _in_pairs(yx_um: Doubles, members: Mask, link_um: float) -> list[Ints]:
    """See `_groups`: every pair that is near, and what hangs together by them."""
    n = len(yx_um)
    if n == 0:
        return [np.zeros(0, np.int32) for _ in range(members.shape[1])]
    # Halved between the ends and not at the median, boxes not drawn tight: built in a third of the time.
    tree = cKDTree(yx_um, balanced_tree=False, compact_nodes=False)
    first, second = tree.query_pairs(link_um, output_type="ndarray").T
    groups = []
    for member in members.T:
        linked = member[first] & member[second]
        links = coo_matrix((np.ones(linked.sum(), np.int8), (first[linked], second[linked])), shape=(n, n))
        groups.append(np.asarray(connected_components(links, directed=False)[1], np.int32))
    return groups


def _in_squares(yx_um: Doubles, members: Mask, link_um: float) -> list[Ints]:
    """See `_groups`: each cell with those of its square and of the squares around it."""
    yx_um = np.ascontiguousarray(yx_um, np.float64)
    corner_um = yx_um.min(axis=0)
    height_um, width_um = (yx_um.max(axis=0) - corner_um).tolist()
    # A hair wider than the link: rounding puts no two linked cells two squares apart.
    edge_um = max(
        link_um * (1 + 1e-9),
        float(np.sqrt(height_um * width_um / MOST_SQUARES)),
        max(height_um, width_um) / MOST_SQUARES,
    )
    columns = int(width_um / edge_um) + 1
    order, starts = _sorted(yx_um, corner_um, edge_um, columns, (int(height_um / edge_um) + 1) * columns)
    sorted_um = yx_um.take(order, axis=0)
    return [
        _linked(
            order, sorted_um, starts, columns, np.ascontiguousarray(members[order, k]), float(link_um) ** 2
        )
        for k in range(members.shape[1])
    ]


@compiled
def _sorted(
    yx_um: Doubles, corner_um: Doubles, edge_um: float, columns: int, n_squares: int
) -> tuple[Ints, Ints]:
    """Sort ``n`` cells by square, in reading order: their rows, and where each square starts in them."""
    square = np.empty(len(yx_um), np.int32)
    starts = np.zeros(n_squares + 1, np.int32)
    for i in range(len(yx_um)):
        row = int((yx_um[i, 0] - corner_um[0]) / edge_um)
        square[i] = row * columns + int((yx_um[i, 1] - corner_um[1]) / edge_um)
        starts[square[i] + 1] += 1
    for s in range(n_squares):
        starts[s + 1] += starts[s]
    free = starts[:-1].copy()
    order = np.empty(len(yx_um), np.int32)
    for i in range(len(yx_um)):
        order[free[square[i]]] = i
        free[square[i]] += 1
    return order, starts


@compiled
def _linked(order: Ints, yx_um: Doubles, starts: Ints, columns: int, member: Bools, link_um2: float) -> Ints:
    """Join members that are near, and number the groups; positions and members in the order of `_sorted`."""
    rows = (len(starts) - 1) // columns
    parent = np.arange(len(order)).astype(np.int32)
    for s in range(rows * columns):
        row, column = s // columns, s % columns
        for i in range(starts[s], starts[s + 1]):
            if not member[i]:
                continue
            # The rest of the square and the next; then the three below.
            for down in range(2 if row + 1 < rows else 1):
                left = max(column - 1, 0) if down else column
                right = min(column + 1, columns - 1)
                first = starts[(row + 1) * columns + left] if down else i + 1
                for j in range(first, starts[(row + down) * columns + right + 1]):
                    dy, dx = yx_um[j, 0] - yx_um[i, 0], yx_um[j, 1] - yx_um[i, 1]
                    if not member[j] or dy * dy + dx * dx > link_um2:
                        continue
                    a, b = order[i], order[j]
                    while parent[a] != a:
                        parent[a] = parent[parent[a]]
                        a = parent[a]
                    while parent[b] != b:
                        parent[b] = parent[parent[b]]
                        b = parent[b]
                    parent[max(a, b)] = min(a, b)
    # The first cell of a group is its root: every other has a lower parent, whose number is known by then.
    group = np.full(len(order), -1, np.int32)
    for i in range(len(order)):
        if member[i]:
            group[order[i]] = 0
    n = 0
    for a in range(len(order)):
        if group[a] < 0:
            continue
        if parent[a] == a:
            group[a] = n
            n += 1
        else:
            group[a] = group[parent[a]]
    return group
