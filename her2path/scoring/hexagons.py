"""Hexagonal bins: where a cell falls depends on its position alone, not on tiles and not on other cells.

Rows of hexagons with a point at the top, odd rows shifted right by half a hexagon; the bin at row 0,
column 0 is centred on the slide's corner. The number of a bin is ``row * 65536 + column``.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from her2path.arrays import Doubles, Ints

COLUMNS_OF_A_ROW = 65536
ROWS = 32768
"""Together they fill an int32; at 10 µm that is 28 by 65 cm of glass."""


def hex_bins(y_um: ArrayLike, x_um: ArrayLike, bin_um: float) -> Ints:
    """Find the hexagon of each position.

    Parameters
    ----------
    y_um, x_um
        ``(n,)`` µm from the slide's corner, 0 or more.
    bin_um
        Distance between the centres of neighbouring hexagons.

    Returns
    -------
    Ints
        ``(n,)`` int32 bin numbers: the hexagon with the nearest centre; between two, the one in the even row.

    Raises
    ------
    ValueError
        If a position is negative, not finite, or beyond the last bin.
    """
    y = np.asarray(y_um, np.float64) / _row_um(bin_um)
    x = np.asarray(x_um, np.float64) / bin_um
    # The centres are two rectangular lattices, of the even and of the odd rows: take the nearer point.
    even_row, even_column = 2 * np.floor(y / 2 + 0.5), np.floor(x + 0.5)
    odd_row, odd_column = 2 * np.floor(y / 2) + 1, np.floor(x)
    to_even = 0.75 * (y - even_row) ** 2 + (x - even_column) ** 2
    to_odd = 0.75 * (y - odd_row) ** 2 + (x - odd_column - 0.5) ** 2
    row = np.where(to_even <= to_odd, even_row, odd_row)
    column = np.where(to_even <= to_odd, even_column, odd_column)
    if not ((row >= 0) & (row < ROWS) & (column >= 0) & (column < COLUMNS_OF_A_ROW)).all():
        raise ValueError(f"positions must lie on the slide, within {ROWS} rows of hexagons of {bin_um} µm")
    return (row * COLUMNS_OF_A_ROW + column).astype(np.int32)


def hex_centres(bins: Ints, bin_um: float) -> tuple[Doubles, Doubles]:
    """Centres ``(y_um, x_um)`` of hexagons, µm from the slide's corner."""
    row, column = np.divmod(bins, COLUMNS_OF_A_ROW)
    return row * _row_um(bin_um), (column + 0.5 * (row % 2)) * bin_um


def adjacent_pairs(bins: Ints) -> NDArray[np.int64]:
    """Pairs of hexagons that share an edge.

    Parameters
    ----------
    bins
        ``(n,)`` bin numbers, each once, rising.

    Returns
    -------
    NDArray[np.int64]
        ``(pairs, 2)`` indices into ``bins``; each pair stands in both orders.
    """
    if len(bins) == 0:
        return np.zeros((0, 2), np.int64)
    row, column = np.divmod(bins.astype(np.int64), COLUMNS_OF_A_ROW)
    shift = row % 2
    pairs = []
    # Half of the six neighbours: right, lower left, lower right.
    for down, right in ((0, np.ones_like(row)), (1, shift - 1), (1, shift)):
        wanted = (row + down) * COLUMNS_OF_A_ROW + column + right
        inside = (column + right >= 0) & (column + right < COLUMNS_OF_A_ROW)
        at = np.minimum(np.searchsorted(bins, wanted), len(bins) - 1)
        found = np.flatnonzero(inside & (bins[at] == wanted))
        pairs.append(np.stack([found, at[found]], axis=1))
    half = np.concatenate(pairs)
    return np.concatenate([half, half[:, ::-1]])


def _row_um(bin_um: float) -> float:
    return bin_um * math.sqrt(3) / 2
