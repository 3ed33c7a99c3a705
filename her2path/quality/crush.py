"""Crushed tissue: nuclei smeared into dark streaks that run one way."""

from her2path.arrays import Mask
from her2path.flags import Flag
from her2path.quality.grid import BlockGrid
from her2path.quality.windows import blocks_in, left_out_flag, orientation, window_means, without_small

DARK = 0.15
"""Least share of the pixels with more haematoxylin than a living nucleus, of a square of four blocks; half
of it of each. Blocks of the real cores hold at most 0.02, 19 of 20 of phantoms at most 0.10."""

STREAMING = 0.35
"""Least orientation of haematoxylin in a square of four blocks, 0 to 1. Tumour reads up to 0.25, palisades
and spindle stroma, which are pale, up to 0.4."""

MIN_MM2 = 0.004
"""One square of four blocks: crush runs along borders in narrow bands [P]."""


def crush(grid: BlockGrid) -> Mask:
    """Find crushed tissue, which is dark and streams; spindle stroma is pale, follicles have no direction.

    Parameters
    ----------
    grid
        Of the slide.

    Returns
    -------
    Mask
        ``(rows, columns)`` bool, on the blocks.
    """
    smeared = (window_means(grid, grid.dark) >= DARK) & (orientation(grid) >= STREAMING)
    return without_small(blocks_in(smeared, grid.dark >= 0.5 * DARK), MIN_MM2, grid.plan)


def crush_flags(crush_mm2: float, tumour_mm2: float) -> tuple[Flag, ...]:
    """Raise ``CRUSH``: ``info``, or ``warning`` where it is a third of what there is of tumour.

    Parameters
    ----------
    crush_mm2
        Area left out.
    tumour_mm2
        Area of the tumour that is left.
    """
    return left_out_flag("CRUSH", "Crushed tissue", crush_mm2, tumour_mm2)
