"""Damage is left out block by block, each for its first reason, unless the recipe leaves it in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Mask
from her2path.cells.table import CellTable
from her2path.image.fragments import label_fragments
from her2path.image.geometry import PixelSize
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.image.tissue import TissueMap
from her2path.pipeline import damage as module
from her2path.pipeline.areas import Areas
from her2path.pipeline.damage import damage_flags, find_damage, leave_out
from her2path.pipeline.survey import Survey
from her2path.quality.blocks import BlockPlan, BlockSums, plan_blocks
from her2path.quality.grid import merge_blocks
from her2path.quality.stain_type import StainType

SIZE = PixelSize(0.25, 0.25)
DOWNSAMPLE = 16
TISSUE = np.ones((64, 64), bool)
NOTHING = np.zeros((64, 64), bool)
STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "published")
Make = Callable[[NDArray[np.integer], NDArray[np.integer]], CellTable]


@pytest.fixture
def plan() -> BlockPlan:
    return plan_blocks(SIZE, DOWNSAMPLE, TISSUE, STAINS)


@pytest.fixture
def areas() -> Areas:
    return Areas(TISSUE, TISSUE, {"pen": NOTHING}, NOTHING, label_fragments(TISSUE, 1e-4))


@contextmanager
def found(plan: BlockPlan, **blocks: slice) -> Iterator[None]:
    """Let the detectors find rows of blocks."""

    def rows(name: str) -> Mask:
        mask = np.zeros(plan.shape, bool)
        mask[blocks.get(name, slice(0, 0))] = True
        return mask

    with pytest.MonkeyPatch.context() as patch:
        for name in ("out_of_focus", "pigment", "precipitate", "haemorrhage", "crush"):
            patch.setattr(module, name, lambda grid, name=name: rows(name))
        patch.setattr(module, "necrosis", lambda grid, tumour: rows("necrosis"))
        yield


def test_a_block_with_two_reasons_counts_for_the_first(plan: BlockPlan, areas: Areas, table_of: Make) -> None:
    cells, grid = table_of(np.array([1]), np.array([1])), merge_blocks([BlockSums.empty()], plan)
    with found(plan, out_of_focus=slice(0, 4), crush=slice(2, 6)):
        damage = find_damage(grid, cells, ())
        left_in = find_damage(grid, cells, ("out_of_focus",))
    survey_px = plan.edge_px // DOWNSAMPLE
    left = leave_out(areas, damage, plan)
    assert left.excluded["out_of_focus"].sum() == 4 * survey_px * 64
    assert left.excluded["crush"].sum() == 2 * survey_px * 64
    assert left.analysed.sum() == 64 * 64 - 6 * survey_px * 64
    assert "out_of_focus" not in left_in.blocks
    assert leave_out(areas, left_in, plan).excluded["crush"].sum() == 4 * survey_px * 64


def test_flags_tell_what_was_left_out(plan: BlockPlan, areas: Areas, table_of: Make) -> None:
    grid = merge_blocks([BlockSums.empty()], plan)
    survey = Survey(
        DOWNSAMPLE,
        TissueMap(TISSUE, NOTHING),
        NOTHING,
        {"pen": NOTHING},
        {},
        STAINS,
        StainType("h-dab", "", ""),
        (),
    )
    cells = table_of(np.array([1]), np.array([1]))
    with found(plan):
        clean = find_damage(grid, cells, ())
    assert damage_flags(leave_out(areas, clean, plan), survey, clean, SIZE) == ()
    with found(plan, out_of_focus=slice(0, 4), pigment=slice(4, 5)):
        damage = find_damage(grid, cells, ())
    flags = damage_flags(leave_out(areas, damage, plan), survey, damage, SIZE)
    assert [flag.code for flag in flags] == ["OUT_OF_FOCUS", "PIGMENT"]
    assert flags[0].severity == "warning"


def test_ink_that_is_left_in_has_no_colours_to_tell(plan: BlockPlan, areas: Areas, table_of: Make) -> None:
    grid = merge_blocks([BlockSums.empty()], plan)
    survey = Survey(
        DOWNSAMPLE,
        TissueMap(TISSUE, TISSUE),
        NOTHING,
        {"pen": TISSUE},
        {"pen_blue": TISSUE},
        STAINS,
        StainType("h-dab", "", ""),
        (),
    )
    with found(plan):
        clean = find_damage(grid, table_of(np.array([1]), np.array([1])), ())
    no_pen = Areas(areas.tissue, areas.requested, {}, areas.unreadable, areas.fragments)
    assert damage_flags(no_pen, survey, clean, SIZE) == ()
