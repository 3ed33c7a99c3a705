"""Pairs of cells within reach of one another."""

import numpy as np
from scipy.spatial import cKDTree

from her2path.arrays import Doubles, Ints


def near_pairs(yx_um: Doubles, reach_um: float) -> Ints:
    """Find every pair of cells at most ``reach_um`` apart.

    Parameters
    ----------
    yx_um
        ``(n, 2)`` centres, µm.
    reach_um
        Longest distance, inclusive.

    Returns
    -------
    Ints
        ``(2, m)`` rows of the two cells, each pair once.
    """
    if len(yx_um) < 2:
        return np.zeros((2, 0), np.int32)
    # Halved between the ends and not at the median, boxes not drawn tight: built in a third of the time.
    tree = cKDTree(yx_um, balanced_tree=False, compact_nodes=False)
    pairs = tree.query_pairs(reach_um, output_type="ndarray")
    # int32 and one row for each end: a million cells have ten million pairs.
    return np.ascontiguousarray(pairs.T, np.int32)
