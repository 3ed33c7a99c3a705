"""Blood outside of vessels: fields of red cells, which are grey or orange and have no nuclei."""

import numpy as np

from her2path.arrays import Doubles, Mask
from her2path.flags import Flag
from her2path.quality.grid import BlockGrid
from her2path.quality.windows import blocks_in, left_out_flag, window_means, without_small

RED_CELLS = 0.60
"""Least share of the dense pixels of a square of four blocks that has the colour of red cells; half of it
of each block. Blocks in the lakes of the real cores read 0.43 to 0.91, 19 of 20 of all their blocks up to
0.56, of drawn tumour up to 0.25."""

DENSE = 0.05
"""Least share of the pixels whose hue can be told: the hue of a few is chance [P]."""

GREY_SLIDE = 0.35
"""Where half of the tissue has so many such pixels, the slide is grey and its hue tells nothing: a soft
breast field reads 0.74, the real cores 0.17 to 0.28."""

MIN_MM2 = 0.01
"""Ten blocks: what a venule holds is no bleeding. The lakes of the real cores are smaller [P]."""


def haemorrhage(grid: BlockGrid) -> Mask:
    """Find fields of red cells.

    Parameters
    ----------
    grid
        Of the slide.

    Returns
    -------
    Mask
        ``(rows, columns)`` bool, on the blocks.
    """
    dense, red_cell = window_means(grid, grid.dense), window_means(grid, grid.red_cell)
    share = _share(red_cell, dense)
    tells = share[np.isfinite(share)]
    if not len(tells) or np.median(tells) >= GREY_SLIDE:
        return np.zeros(grid.pixels.shape, bool)
    lakes = blocks_in(share >= RED_CELLS, _share(grid.red_cell, grid.dense) >= 0.5 * RED_CELLS)
    return without_small(lakes, MIN_MM2, grid.plan)


def haemorrhage_flags(haemorrhage_mm2: float, tumour_mm2: float) -> tuple[Flag, ...]:
    """Raise ``HAEMORRHAGE``: ``info``, or ``warning`` where it is a third of what there is of tumour.

    Parameters
    ----------
    haemorrhage_mm2
        Area left out.
    tumour_mm2
        Area of the tumour that is left.
    """
    return left_out_flag("HAEMORRHAGE", "Blood outside of vessels", haemorrhage_mm2, tumour_mm2)


def _share(red_cell: Doubles, dense: Doubles) -> Doubles:
    """Of the dense pixels; NaN where they are too few."""
    enough = dense >= DENSE
    share: Doubles = np.divide(red_cell, dense, out=np.full(dense.shape, np.nan), where=enough)
    return share
