"""The blocks of a whole slide, put together from its tiles."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from her2path.arrays import OD_STEP, Doubles
from her2path.quality.blocks import BlockPlan, BlockSums, Sums
from her2path.quality.detail import COARSE_GAIN, FINE_GAIN, TENSOR_GAIN, TENSOR_STEP

UNITS = {
    **dict.fromkeys(("red_od", "green_od", "blue_od", "haematoxylin", "dab"), OD_STEP),
    **dict.fromkeys(("fine_y", "fine_x"), FINE_GAIN**-2),
    **dict.fromkeys(("coarse_y", "coarse_x"), COARSE_GAIN**-2),
    **dict.fromkeys(("nuclear_y", "nuclear_x", "nuclear_yx"), (TENSOR_STEP / TENSOR_GAIN) ** 2),
}
"""Of the sums that are not counted in ones."""


@dataclass(frozen=True, eq=False)
class BlockGrid:
    """All blocks of a slide; every array is ``(rows, columns)``, NaN where no pixel was looked at."""

    plan: BlockPlan
    pixels: Doubles
    """Pixels looked at in each block; 0 where none was."""

    tissue: Doubles
    """Share of the pixels that is no glass."""

    red_od: Doubles
    """Mean optical density of a channel, base 10; so green and blue."""

    green_od: Doubles
    blue_od: Doubles
    haematoxylin: Doubles
    """Mean optical density of a stain; so DAB."""

    dab: Doubles
    dark: Doubles
    """Share of the pixels, as in ``BlockSums``; so all up to ``pigment``."""

    stained: Doubles
    dense: Doubles
    red_cell: Doubles
    grain: Doubles
    pigment: Doubles
    fine_y: Doubles
    """Mean energy, grey levels squared; so the next three."""

    fine_x: Doubles
    coarse_y: Doubles
    coarse_x: Doubles
    nuclear_y: Doubles
    """Mean square of the change of haematoxylin density along y, (OD/px)² of the nucleus grid; so along x."""

    nuclear_x: Doubles
    nuclear_yx: Doubles
    """Mean square of the sum of both changes: half of what it exceeds theirs by is their mean product."""

    @cached_property
    def residual(self) -> Doubles:
        """Mean density that the two stains do not explain, along their cross product; may be negative."""
        weights = np.linalg.inv(self.plan.stains.vectors)[:, 2]
        return np.asarray(weights[0] * self.red_od + weights[1] * self.green_od + weights[2] * self.blue_od)


def merge_blocks(parts: Sequence[BlockSums], plan: BlockPlan) -> BlockGrid:
    """Put the sums of all tiles together, in any order.

    Parameters
    ----------
    parts
        One for each tile, or of several tiles together.
    plan
        That they were measured by.

    Returns
    -------
    BlockGrid
        Means and shares, over the pixels looked at.
    """
    together = BlockSums.concat([BlockSums.empty(), *parts])
    index = together.row * plan.shape[1] + together.column

    def added(values: Sums) -> Sums:
        total = np.zeros(plan.shape[0] * plan.shape[1], np.int64)
        np.add.at(total, index, values)
        return total.reshape(plan.shape)

    pixels = added(together.pixels)
    n = np.where(pixels > 0, pixels, np.nan)
    means = {
        field.name: added(getattr(together, field.name)) * UNITS.get(field.name, 1.0) / n
        for field in fields(BlockSums)
        if field.name not in ("row", "column", "pixels")
    }
    return BlockGrid(plan=plan, pixels=pixels.astype(float), **means)
