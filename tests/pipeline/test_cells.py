"""Cells are found tile by tile, and settled within a mask."""

import numpy as np
import pytest

from her2path.cells.vocabulary import KINDS
from her2path.pipeline.cells import find_cells, settle
from her2path.pipeline.survey import Survey, survey_slide
from her2path.pipeline.tiles import TileCells
from her2path.quality.blocks import plan_blocks
from her2path.recipe import Recipe
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.slides.array import ArraySlide

SEGMENTER = ClassicalSegmenter()


@pytest.fixture(scope="module")
def survey(slide: ArraySlide) -> Survey:
    return survey_slide(slide, None)


@pytest.fixture(scope="module")
def found(slide: ArraySlide, survey: Survey, recipe: Recipe) -> tuple[TileCells, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    tissue = survey.tissue.tissue
    plan = plan_blocks(slide.pixel_size, survey.downsample, tissue, survey.stains)
    cells = find_cells(
        slide,
        survey,
        tissue,
        plan,
        recipe,
        SEGMENTER,
        ThreadRunner(),
        lambda done, total: told.append((done, total)),
    )
    return cells, told


def test_every_tile_is_told(found: tuple[TileCells, list[tuple[int, int]]]) -> None:
    assert found[1] == [(k, len(found[1])) for k in range(1, len(found[1]) + 1)]


def test_cells_beyond_the_mask_are_gone_and_the_others_are_settled(
    found: tuple[TileCells, list[tuple[int, int]]], slide: ArraySlide, survey: Survey, recipe: Recipe
) -> None:
    half = survey.tissue.tissue.copy()
    half[: len(half) // 2] = False
    all_cells, below = (
        settle(found[0], SEGMENTER, slide.pixel_size, within, survey.downsample, recipe)
        for within in (survey.tissue.tissue, half)
    )
    assert 0 < len(below) < len(all_cells)
    assert below.y_px.min() >= len(half) // 2 * survey.downsample
    assert set(np.unique(below.kind)) <= set(range(len(KINDS)))
    assert (below.bin >= 0).all()
    nothing = settle(found[0], SEGMENTER, slide.pixel_size, half & ~half, survey.downsample, recipe)
    assert len(nothing) == 0
