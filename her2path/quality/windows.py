"""Looking at blocks four at a time: what one block of some cells cannot tell, a square of them does."""

import cv2
import numpy as np

from her2path.arrays import Doubles, Ints, Mask
from her2path.flags import Flag
from her2path.quality.blocks import BlockPlan
from her2path.quality.grid import BlockGrid

TUMOUR_CELLS = 3
"""A block of tumour holds five to ten tumour cells; one or two may be stroma taken for tumour [P]."""

MANY = 1 / 3
"""Share of the tumour from which what is left is no longer the tumour that was asked about [P]."""


def window_means(grid: BlockGrid, values: Doubles) -> Doubles:
    """Mean of each square of two by two blocks, by the pixels looked at.

    Parameters
    ----------
    grid
        Of the slide.
    values
        ``(rows, columns)`` block means.

    Returns
    -------
    Doubles
        ``(rows - 1, columns - 1)``; NaN where less than half of the square was looked at.
    """
    pixels = _four(grid.pixels)
    enough = pixels >= 0.5 * 4 * (grid.plan.edge_px // grid.plan.step_px) ** 2
    total = _four(np.nan_to_num(values) * grid.pixels)
    means: Doubles = np.divide(total, pixels, out=np.full(total.shape, np.nan), where=enough)
    return means


def blocks_in(windows: Mask, own: Mask) -> Mask:
    """Find the blocks of at least one of the squares that do not speak against it themselves.

    Parameters
    ----------
    windows
        ``(rows - 1, columns - 1)`` squares of two by two blocks.
    own
        ``(rows, columns)`` whether the block alone could be what the square is.
    """
    around = np.pad(windows, 1)
    blocks: Mask = around[:-1, :-1] | around[1:, :-1] | around[:-1, 1:] | around[1:, 1:]
    return blocks & own


def orientation(grid: BlockGrid) -> Doubles:
    """Measure how much the nuclei of each square run one way: 0 all ways alike, 1 all the same way.

    Coherence of the structure tensor of haematoxylin, averaged over two by two blocks.

    Returns
    -------
    Doubles
        ``(rows - 1, columns - 1)``; NaN where there is nothing to tell it from.
    """
    yy, xx, both = (window_means(grid, v) for v in (grid.nuclear_y, grid.nuclear_x, grid.nuclear_yx))
    yx = 0.5 * (both - yy - xx)
    strength = np.where(yy + xx > 0, yy + xx, np.nan)
    coherence: Doubles = np.sqrt((yy - xx) ** 2 + 4 * yx**2) / strength
    return coherence


def without_small(mask: Mask, min_mm2: float, plan: BlockPlan) -> Mask:
    """Keep the pieces of a mask of blocks that are large enough, corners counting as touching."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] * block_mm2(plan) >= min_mm2
    large[0] = False
    kept: Mask = large[pieces]
    return kept


def tumour_blocks(y_px: Ints, x_px: Ints, plan: BlockPlan) -> Mask:
    """Find the blocks that hold tumour.

    Parameters
    ----------
    y_px, x_px
        ``(n,)`` level-0 places of the tumour cells.
    plan
        Of the blocks.

    Returns
    -------
    Mask
        ``(rows, columns)``.
    """
    rows, columns = plan.shape
    index = (y_px // plan.edge_px).astype(np.int64) * columns + x_px // plan.edge_px
    tumour: Mask = np.bincount(index, minlength=rows * columns).reshape(rows, columns) >= TUMOUR_CELLS
    return tumour


def block_mm2(plan: BlockPlan) -> float:
    """Area of a block."""
    return plan.edge_px**2 * plan.pixel_size.area_um2 * 1e-6


def left_out_flag(code: str, what: str, left_out_mm2: float, tumour_mm2: float) -> tuple[Flag, ...]:
    """Say how much of a kind of tissue was left out: a warning where it is much beside the tumour.

    Parameters
    ----------
    code
        Of the flag.
    what
        Name of the tissue, as a sentence begins.
    left_out_mm2
        Area of it.
    tumour_mm2
        Area of the tumour that is left.
    """
    if not left_out_mm2:
        return ()
    share = left_out_mm2 / (left_out_mm2 + tumour_mm2)
    detail = f"{what}: {left_out_mm2:.3f} mm² left out, beside {tumour_mm2:.2f} mm² of tumour."
    return (Flag(code, "warning" if share > MANY else "info", detail),)


def _four(values: Doubles) -> Doubles:
    total: Doubles = values[:-1, :-1] + values[1:, :-1] + values[:-1, 1:] + values[1:, 1:]
    return total
