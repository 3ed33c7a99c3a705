"""The same slide gives the same table, whatever the tiles: nothing in the path may see a tile border."""

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from her2path.cells.table import CellTable
from her2path.pipeline.cells import settle
from her2path.pipeline.survey import Survey, survey_slide
from her2path.pipeline.tiles import cells_in_slide, gather, tiles_with_tissue
from her2path.quality.blocks import plan_blocks
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.slides.array import ArraySlide
from her2path.store.recipes import load_recipe

Draw = Callable[[float], ArraySlide]

RECIPE = load_recipe()
SEGMENTER = ClassicalSegmenter()
PIXEL_SIZES = (0.25, 0.2208, 0.5)


@cache
def survey_of(slide: ArraySlide) -> Survey:
    return survey_slide(slide, None)


@cache
def whole(slide: ArraySlide) -> CellTable:
    """One tile larger than the slide."""
    return table(slide, tile_px=4096, origin_yx_px=(0, 0))


def table(slide: ArraySlide, *, tile_px: int, origin_yx_px: tuple[int, int]) -> CellTable:
    """The settled cells of a slide under a tile plan."""
    survey = survey_of(slide)
    tissue = survey.tissue.tissue
    tiles = tiles_with_tissue(
        slide, tissue, survey.downsample, SEGMENTER, tile_px=tile_px, origin_yx_px=origin_yx_px
    )
    parts = cells_in_slide(
        slide,
        tiles,
        survey.stains,
        SEGMENTER,
        ThreadRunner(),
        blocks=plan_blocks(slide.pixel_size, survey.downsample, tissue, survey.stains),
        stained_od=RECIPE.grading.stained_od,
    )
    return settle(gather(parts), SEGMENTER, slide.pixel_size, tissue, survey.downsample, RECIPE)


@pytest.mark.parametrize("mpp_um", PIXEL_SIZES)
@pytest.mark.parametrize(("tile_px", "origin_yx_px"), [(256, (0, 0)), (512, (0, 0)), (391, (77, 130))])
def test_tiles_change_nothing(
    drawn_slide: Draw, mpp_um: float, tile_px: int, origin_yx_px: tuple[int, int]
) -> None:
    slide = drawn_slide(mpp_um)
    assert len(whole(slide)) > 100
    assert table(slide, tile_px=tile_px, origin_yx_px=origin_yx_px).equals(whole(slide))


@pytest.mark.slow
@pytest.mark.parametrize("mpp_um", PIXEL_SIZES)
@given(
    tile_px=st.integers(256, 2048),
    origin_yx_px=st.tuples(st.integers(0, 2048), st.integers(0, 2048)),
)
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller plan says no more, and costs minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_tile_size_and_no_origin_changes_a_cell(
    drawn_slide: Draw, mpp_um: float, tile_px: int, origin_yx_px: tuple[int, int]
) -> None:
    slide = drawn_slide(mpp_um)
    assert table(slide, tile_px=tile_px, origin_yx_px=origin_yx_px).equals(whole(slide))
