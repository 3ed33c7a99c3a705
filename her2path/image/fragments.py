"""Pieces of tissue that lie apart: biopsies, cores, the halves of a torn section."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from her2path.arrays import Mask

MIN_FRAGMENT_MM2 = 0.05
"""Smaller pieces are crumbs of the nearest fragment. A bite of a forceps or a length of a needle core is
1 mm² or more; a twentieth of that is a shred of it, with fewer cells than most tags ask for [P]."""

POINT_GRID_PX = 512
"""A point to write a number on is looked for on a grid of this many pixels along the longer side."""

Labels = NDArray[np.unsignedinteger]
"""``(y, x)`` number of the part that a pixel belongs to, 0 for none; as few bytes as hold the numbers."""


def label_fragments(tissue: Mask, pixel_mm2: float) -> Labels:
    """Give the fragments of tissue their numbers, from 1 in reading order.

    Every tissue pixel belongs to exactly one: a piece of less than ``MIN_FRAGMENT_MM2`` is a crumb of the
    fragment whose edge is nearest to its middle. Where all are that small, the largest is the fragment.

    Parameters
    ----------
    tissue
        ``(y, x)`` bool.
    pixel_mm2
        Area of a pixel.

    Returns
    -------
    Labels
        ``(y, x)``.
    """
    n, pieces, stats, middles = cv2.connectedComponentsWithStats(tissue.astype(np.uint8), connectivity=8)
    area_mm2 = stats[:, cv2.CC_STAT_AREA] * pixel_mm2
    area_mm2[0] = 0.0  # the glass
    large = np.flatnonzero(area_mm2 >= min(MIN_FRAGMENT_MM2, area_mm2.max()))
    number = np.zeros(n, np.min_scalar_type(len(large)))
    if n == 1:  # glass alone
        return np.zeros(tissue.shape, np.uint8)
    in_order = large[_reading_order(stats[large].astype(np.int64))]
    number[in_order] = np.arange(1, len(in_order) + 1)
    crumbs = np.flatnonzero((number == 0) & (area_mm2 > 0))
    if len(crumbs):
        edges, _ = cv2.findContours(
            (number > 0)[pieces].astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
        )
        edge_xy = np.concatenate(edges)[:, 0]
        x, y = edge_xy[cKDTree(edge_xy).query(middles[crumbs])[1]].T
        number[crumbs] = number[pieces[y, x]]
    labels: Labels = number[pieces]
    return labels


def inner_points(labels: Labels, numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """Find a pixel of each part near its middle, to write its number on.

    Parameters
    ----------
    labels
        ``(y, x)`` number of each pixel's part.
    numbers
        ``(n,)`` parts that are asked for, rising.

    Returns
    -------
    NDArray[np.int64]
        ``(n, 2)`` y and x; -1 for a part without pixels, or too thin for the grid of ``POINT_GRID_PX``.
    """
    step = -(-max(labels.shape) // POINT_GRID_PX)
    grid = labels[::step, ::step]
    rows, columns = np.nonzero(grid)
    of = grid[rows, columns]
    order = np.argsort(of, kind="stable")
    starts, ends = (np.searchsorted(of[order], numbers, side=side) for side in ("left", "right"))
    points = np.full((len(numbers), 2), -1, np.int64)
    for k, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        if start < end:
            yx = np.stack([rows, columns], axis=1)[order[start:end]]
            points[k] = step * yx[((yx - yx.mean(axis=0)) ** 2).sum(axis=1).argmin()]
    return points


def _reading_order(boxes: NDArray[np.int64]) -> list[int]:
    """Rows of ``boxes`` from left to right in lines from top to bottom.

    A line is the highest fragment left and all whose middle lies above its lower edge: sections are laid on
    the glass in lines that are never quite level.
    """
    top, height = boxes[:, cv2.CC_STAT_TOP], boxes[:, cv2.CC_STAT_HEIGHT]
    left, middle = boxes[:, cv2.CC_STAT_LEFT], top + height / 2
    remaining, order = sorted(range(len(boxes)), key=lambda k: (middle[k], left[k])), list[int]()
    while remaining:
        end = top[remaining[0]] + height[remaining[0]]
        line = [k for k in remaining if middle[k] < end]
        order += sorted(line, key=lambda k: (left[k], middle[k]))
        remaining = [k for k in remaining if middle[k] >= end]
    return order
