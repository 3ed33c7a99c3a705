"""What a slide looks like, block by block: the sums that the looks for damage and dirt start from.

A slide is cut into blocks of about 32 µm, a few cells across, that start at its corner. Each tile adds up
the pixels of its own core, in whole numbers: however the slide is tiled, and in whatever order the tiles
come, the sums are the same.
"""

import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Mask, Plane16, Rgb8
from her2path.cells.columns import Columns
from her2path.image.geometry import PixelSize, Region, Tile, scales_for
from her2path.image.stains import StainMatrix, density_tables
from her2path.quality.colours import DARK_DAB, class_counts, classes_of, colour_classes
from her2path.quality.cuts import Cuts
from her2path.quality.detail import detail_squares, nuclear_squares
from her2path.quality.grains import grains
from her2path.quality.red_cells import red_cell_sums
from her2path.quality.stain_sums import stain_sums

BLOCK_UM = 32.0
"""Wanted edge: three cells across, so that colour and texture are those of a tissue and not of one cell."""

REACH_UM = 10.0
"""Farthest that a filter leans on the pixels around: twice the length of a line that is no grain, and a pixel
or two."""

Sums: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BlockPlan:
    """Where the blocks of one slide lie, and all that is the same for each of its tiles."""

    edge_px: int
    """Level-0 pixels along the edge of a block: a multiple of ``step_px`` and of ``downsample``."""

    step_px: int
    """Level-0 pixels per pixel of the nucleus grid, which is what gets summed."""

    downsample: int
    """Level-0 pixels per pixel of the survey grid."""

    tissue: Mask
    """What is looked at, on the survey grid. Tiles are trimmed to the tissue: what lies outside of it is seen
    by some tile plans and not by others."""

    stains: StainMatrix
    pixel_size: PixelSize

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of blocks."""
        survey_px = self.edge_px // self.downsample
        rows, columns = (-(-n // survey_px) for n in self.tissue.shape)
        return rows, columns

    @property
    def mpp_yx_um(self) -> tuple[float, float]:
        """Pixel size of the nucleus grid."""
        return self.pixel_size.y_um * self.step_px, self.pixel_size.x_um * self.step_px

    @cached_property
    def density_steps(self) -> NDArray[np.uint16]:
        """``(3, 256)`` density of every grey value, in ``OD_STEP``."""
        return np.rint(density_tables(self.stains.white) / OD_STEP).astype(np.uint16)

    @cached_property
    def colours(self) -> NDArray[np.uint8]:
        """Class of every colour; see ``colour_classes``."""
        return colour_classes(self.stains)

    def on_survey(self, blocks: Mask) -> Mask:
        """Spread a mask of blocks over the survey grid; an empty one takes no memory."""
        survey_px = self.edge_px // self.downsample
        height, width = self.tissue.shape
        if not blocks.any():
            return np.broadcast_to(np.False_, (height, width))
        return np.repeat(np.repeat(blocks, survey_px, axis=0), survey_px, axis=1)[:height, :width]


@dataclass(frozen=True, eq=False)
class BlockSums(Columns):
    """Sums over pixels of the nucleus grid, one row a block; all int64."""

    row: Sums
    """Of the block, counted from the corner of the slide."""

    column: Sums

    pixels: Sums
    """Pixels looked at."""

    tissue: Sums
    """Pixels that are no glass (``colour_classes``)."""

    red_od: Sums
    """Density of a channel, in steps of ``OD_STEP``; so green and blue."""

    green_od: Sums
    blue_od: Sums

    haematoxylin: Sums
    """Density of a stain, in steps of ``OD_STEP``, never negative; so DAB."""

    dab: Sums

    dark: Sums
    """Pixels with more haematoxylin than a living nucleus (``stain_sums.DARK_OD``)."""

    stained: Sums
    """Pixels with at least weak DAB (``stain_sums.STAINED_OD``)."""

    dense: Sums
    """Pixels whose hue can be told; see ``red_cell_sums`` for this and the next."""

    red_cell: Sums
    """Pixels of the colour of red cells."""

    grain: Sums
    """Pixels of short dark bits; see ``grains``."""

    pigment: Sums
    """Pixels of short or clumped dark bits that have no colour of DAB; see ``colour_classes``."""

    fine_y: Sums
    """Squares of detail about 2 µm long, changing along y; see ``detail_squares`` for these four."""

    fine_x: Sums
    coarse_y: Sums
    """The same about 8 µm long."""

    coarse_x: Sums

    nuclear_y: Sums
    """Squares of the change of haematoxylin along y; see ``nuclear_squares`` for these three."""

    nuclear_x: Sums
    nuclear_yx: Sums
    """Squares of the sum of both."""

    @classmethod
    def empty(cls) -> "BlockSums":
        """No block."""
        return cls(**{field.name: np.empty(0, np.int64) for field in fields(cls)})


def plan_blocks(pixel_size: PixelSize, downsample: int, tissue: Mask, stains: StainMatrix) -> BlockPlan:
    """Choose the blocks of a slide.

    Parameters
    ----------
    pixel_size
        Of level 0.
    downsample
        Level-0 pixels per pixel of the survey grid.
    tissue
        ``(y, x)`` bool on the survey grid: what the tiles were planned for, or part of it.
    stains
        Of this slide.

    Returns
    -------
    BlockPlan
        With an edge near ``BLOCK_UM`` that both grids divide.
    """
    step_px = scales_for(pixel_size).nucleus
    unit_px = math.lcm(step_px, downsample)
    edge_px = unit_px * max(1, round(BLOCK_UM / (unit_px * pixel_size.mean_um)))
    return BlockPlan(edge_px, step_px, downsample, tissue, stains, pixel_size)


def measure_blocks(
    small: Rgb8, haematoxylin: Plane16, dab: Plane16, tile: Tile, plan: BlockPlan
) -> BlockSums:
    """Add up what one tile sees of each block.

    Parameters
    ----------
    small
        ``(y, x, 3)`` uint8: the pixels of ``tile.read``, shrunk by ``plan.step_px``.
    haematoxylin, dab
        ``(y, x)`` uint16, the stain planes of ``small``.
    tile
        Its core lies on the slide. Only pixels that lie wholly in it are summed; the rest is for the filters
        to lean on, which reach ``REACH_UM``.
    plan
        From ``plan_blocks``.

    Returns
    -------
    BlockSums
        Blocks with at least one pixel looked at, in reading order.
    """
    box = _core_box(tile, plan.step_px)
    if min(box.height_px, box.width_px) <= 0:
        return BlockSums.empty()
    seen = _seen(box, plan)
    if not seen.any():
        return BlockSums.empty()
    edge = plan.edge_px // plan.step_px
    cuts = Cuts(
        top=box.y_px - tile.read.y_px // plan.step_px,
        left=box.x_px - tile.read.x_px // plan.step_px,
        rows=_cuts(box.y_px, box.bottom_px, edge),
        columns=_cuts(box.x_px, box.right_px, edge),
        seen=seen,
    )
    # A halo is made for whole cells; no filter here reaches as far.
    margin = [math.ceil(REACH_UM / um) for um in plan.mpp_yx_um]
    near = cuts._replace(top=margin[0], left=margin[1])
    around = (
        slice(cuts.top - margin[0], cuts.top + box.height_px + margin[0]),
        slice(cuts.left - margin[1], cuts.left + box.width_px + margin[1]),
    )
    colour = classes_of(small[around], plan.colours)
    grain, clump = grains((colour >= DARK_DAB).view(np.uint8), plan.mpp_yx_um)
    sums = {
        **stain_sums(haematoxylin, dab, cuts),
        **class_counts(colour, grain, clump, near),
        **red_cell_sums(small, plan.density_steps, cuts),
        **detail_squares(small[around], plan.mpp_yx_um, near),
        **nuclear_squares(haematoxylin[around], plan.mpp_yx_um, near),
    }
    first = (box.y_px * plan.step_px // plan.edge_px, box.x_px * plan.step_px // plan.edge_px)
    row, column = np.indices(sums["pixels"].shape)
    sums |= {"row": row + first[0], "column": column + first[1]}
    blocks = BlockSums(**{name: values.ravel() for name, values in sums.items()})
    return blocks.take(blocks.pixels > 0)


def _core_box(tile: Tile, step_px: int) -> Region:
    """Pixels of the nucleus grid that lie wholly in the core, counted from the corner of the slide."""
    core = tile.core
    top, left = -(-core.y_px // step_px), -(-core.x_px // step_px)
    return Region(top, left, core.bottom_px // step_px - top, core.right_px // step_px - left)


def _seen(box: Region, plan: BlockPlan) -> NDArray[np.uint8]:
    """Which pixels of a box of the nucleus grid lie in the tissue, 0 or 1."""
    rows, columns = (
        np.arange(start, end) * plan.step_px // plan.downsample
        for start, end in ((box.y_px, box.bottom_px), (box.x_px, box.right_px))
    )
    # Columns first, on the few rows of the survey grid.
    first, last = rows[0], rows[-1] + 1
    wide = np.take(plan.tissue[first:last].view(np.uint8), columns, axis=1)
    return np.asarray(np.take(wide, rows - first, axis=0), np.uint8)


def _cuts(start: int, end: int, edge: int) -> NDArray[np.int64]:
    """Where blocks begin and end between two pixels, counted from the first."""
    inside = np.arange((start // edge + 1) * edge, end, edge)
    return np.concatenate([[start], inside, [end]]) - start
