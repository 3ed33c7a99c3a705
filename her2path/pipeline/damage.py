"""Tissue that a pathologist would not count: found from the blocks that the tiles measured, and left out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from her2path.arrays import Mask
from her2path.cells.table import CellTable
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas
from her2path.pipeline.survey import Survey, mask_area_mm2
from her2path.quality.blocks import BlockPlan
from her2path.quality.crush import crush, crush_flags
from her2path.quality.focus import focus_flags, out_of_focus
from her2path.quality.glass import glass_flags
from her2path.quality.grid import BlockGrid
from her2path.quality.haemorrhage import haemorrhage, haemorrhage_flags
from her2path.quality.necrosis import necrosis, necrosis_flags
from her2path.quality.pigment import pigment, pigment_flags, precipitate
from her2path.quality.windows import block_mm2, tumour_blocks


@dataclass(frozen=True, eq=False)
class Damage:
    """What is wrong with the tissue; masks of blocks, by reason, in order of precedence."""

    blocks: Mapping[str, Mask]
    tumour_mm2: float
    """Of blocks that hold tumour and are not left out."""


def find_damage(grid: BlockGrid, cells: CellTable, leave_in: Collection[str]) -> Damage:
    """Look for all that makes tissue unfit to be scored.

    Parameters
    ----------
    grid
        Of the slide.
    cells
        Settled, of all that is analysed so far: dead tumour is told from the living.
    leave_in
        Reasons that the recipe does not leave out.
    """
    counted = cells.take(cells.counted)
    tumour = tumour_blocks(counted.y_px, counted.x_px, grid.plan)
    crushed = crush(grid)
    found = {
        "out_of_focus": out_of_focus(grid),
        "pigment": pigment(grid),
        "precipitate": precipitate(grid),
        "haemorrhage": haemorrhage(grid),
        "necrosis": necrosis(grid, tumour & ~crushed),
        "crush": crushed,
    }
    left_out = {reason: blocks for reason, blocks in found.items() if reason not in leave_in}
    for blocks in left_out.values():
        tumour &= ~blocks
    return Damage(left_out, float(tumour.sum()) * block_mm2(grid.plan))


def leave_out(areas: Areas, damage: Damage, plan: BlockPlan) -> Areas:
    """Take the damage out of what is analysed; a block with two reasons counts for the first."""
    return areas.without({reason: plan.on_survey(blocks) for reason, blocks in damage.blocks.items()})


def damage_flags(areas: Areas, survey: Survey, damage: Damage, pixel_size: PixelSize) -> tuple[Flag, ...]:
    """Say what was left out, how much, and why."""

    def mm2(mask: Mask) -> float:
        return mask_area_mm2(mask, survey.downsample, pixel_size)

    out_mm2 = {reason: mm2(mask) for reason, mask in areas.excluded.items()}
    tissue_mm2 = mm2(areas.requested)
    pen = areas.excluded.get("pen", np.zeros_like(areas.tissue))
    pens_mm2 = {colour: mm2(mask & pen) for colour, mask in survey.pens.items()}
    tumour_mm2 = damage.tumour_mm2
    return (
        *glass_flags(out_mm2, pens_mm2, tissue_mm2),
        *focus_flags(out_mm2.get("out_of_focus", 0.0), tissue_mm2),
        *pigment_flags(out_mm2.get("pigment", 0.0), out_mm2.get("precipitate", 0.0), tissue_mm2),
        *haemorrhage_flags(out_mm2.get("haemorrhage", 0.0), tumour_mm2),
        *necrosis_flags(out_mm2.get("necrosis", 0.0), tumour_mm2),
        *crush_flags(out_mm2.get("crush", 0.0), tumour_mm2),
    )
