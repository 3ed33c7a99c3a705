"""Borders: half-way lines between a nucleus and its neighbours."""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Doubles, Floats
from her2path.cells.contours import ray_directions
from her2path.compiled import compiled

MAX_RADIUS_UM = 13.0
"""No border is further away than this, and no contour."""

NEIGHBOURS, REACH_UM = 12, 2 * MAX_RADIUS_UM
SQUARE_UM = REACH_UM + 1.0
"""Neighbours are looked for in the square that a cell lies in and in those that adjoin it."""

DECIMALS = 6
"""Positions in µm carry rounding errors that differ from tile to tile; differences are rounded to this."""


def half_way(at_um: Doubles, nucleus_radii_um: Floats, wanted: Bools) -> Doubles:
    """Distance along each ray to the border with the nearest neighbour: ``(wanted, rays)`` µm.

    The border between two cells stands upright on the line between their centres and divides it as their
    mean nuclear radii do.
    """
    n_rays = nucleus_radii_um.shape[1]
    size_um = np.sum(nucleus_radii_um, axis=1, dtype=np.float64) / n_rays
    own = np.flatnonzero(wanted)
    if not len(own):
        return np.empty((0, n_rays))
    row, column = ((at_um - at_um.min(axis=0)) // SQUARE_UM).astype(np.intp).T
    # A frame of empty squares, so that every cell's has eight that adjoin it.
    n_columns = int(column.max()) + 3
    square = (row + 1) * n_columns + column + 1
    order = np.argsort(square, kind="stable")
    begins = np.searchsorted(square[order], np.arange((int(row.max()) + 3) * n_columns + 1))
    other, away_um = _neighbours(at_um, own, square, order, begins, n_columns, 10.0**DECIMALS)
    # By NumPy: compiled, it may have another last bit.
    apart_um = np.hypot(away_um[0], away_um[1])
    return _borders(other, away_um, apart_um, size_um, own, np.ascontiguousarray(ray_directions(n_rays).T))


@compiled
def _neighbours(
    at_um: Doubles,
    own: NDArray[np.intp],
    square: NDArray[np.intp],
    order: NDArray[np.intp],
    begins: NDArray[np.intp],
    n_columns: int,
    parts: float,
) -> tuple[NDArray[np.intp], Doubles]:
    """Find the neighbours of some cells and how far away they are.

    Of equally distant ones that are too many none is given; where there are fewer, the cell itself. ``order``
    lists the cells square by square, and ``begins`` says where each square does. Distances are rounded to
    ``parts`` of a µm. Gives ``(n, NEIGHBOURS)`` and ``(2, n, NEIGHBOURS)``.
    """
    n = len(own)
    other, away_um = np.empty((n, NEIGHBOURS), np.intp), np.zeros((2, n, NEIGHBOURS))
    apart, which = np.empty(len(at_um)), np.empty(len(at_um), np.intp)
    for row in range(n):
        cell, n_near, n_given = own[row], 0, 0
        y_um, x_um = at_um[cell]
        for adjoining in range(square[cell] - n_columns, square[cell] + n_columns + 1, n_columns):
            for place in range(begins[adjoining - 1], begins[adjoining + 2]):
                near = order[place]
                dy_um, dx_um = at_um[near, 0] - y_um, at_um[near, 1] - x_um
                squared = dy_um * dy_um + dx_um * dx_um
                if squared < SQUARE_UM * SQUARE_UM and near != cell:
                    apart[n_near], which[n_near] = np.rint(np.sqrt(squared) * parts), near
                    n_near += 1
        for rank in range(n_near):
            n_as_near = 0
            for rival in range(n_near):
                n_as_near += apart[rival] <= apart[rank]
            if n_as_near <= NEIGHBOURS and apart[rank] < REACH_UM * parts:
                near = which[rank]
                other[row, n_given] = near
                away_um[0, row, n_given] = np.rint((at_um[near, 0] - y_um) * parts) / parts
                away_um[1, row, n_given] = np.rint((at_um[near, 1] - x_um) * parts) / parts
                n_given += 1
        for rank in range(n_given, NEIGHBOURS):
            other[row, rank] = cell
    return other, away_um


@compiled
def _borders(
    other: NDArray[np.intp],
    away_um: Doubles,
    apart_um: Doubles,
    size_um: Doubles,
    own: NDArray[np.intp],
    towards: Doubles,
) -> Doubles:
    """Distance along each ray to the nearest border: ``(n, rays)``; ``towards`` is ``(2, rays)``."""
    n, n_rays = len(own), towards.shape[1]
    border_um = np.full((n, n_rays), MAX_RADIUS_UM)
    for cell in range(n):
        own_size_um = size_um[own[cell]]
        for rank in range(other.shape[1]):
            y_um, x_um, distance_um = away_um[0, cell, rank], away_um[1, cell, rank], apart_um[cell, rank]
            share = own_size_um / (own_size_um + size_um[other[cell, rank]])
            squared, least_um = share * distance_um * distance_um, 0.2 * distance_um
            for ray in range(n_rays):
                along_um = y_um * towards[0, ray] + x_um * towards[1, ray]
                # A ray that points away, or nearly so, does not meet the border.
                meets_um = squared / along_um if along_um > least_um else np.inf
                border_um[cell, ray] = min(border_um[cell, ray], meets_um)
    return border_um
