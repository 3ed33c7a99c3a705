"""A recipe says what cells mean, and the count of the denominator is the one that the score names."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS, UNGRADED
from her2path.errors import NotEvaluableError, UsageError
from her2path.image.geometry import PixelSize
from her2path.pipeline.verdict import denominator, score_by_recipe
from her2path.scoring.ish import IshReading
from her2path.store.recipes import load_recipe

PIXEL_SIZE = PixelSize(0.25, 0.25)


@pytest.fixture
def cells(table_of: Callable[..., CellTable]) -> CellTable:
    """120 tumour cells, weakly and completely stained, and 30 that have no pattern."""
    pattern = np.repeat([PATTERNS.index("WC"), UNGRADED], [120, 30]).astype(np.int8)
    table = table_of(np.arange(150), np.arange(150))
    return replace(table, pattern=pattern, membrane_od=np.full(150, 0.3, np.float32))


def test_what_cannot_be_graded_is_not_in_the_denominator(cells: CellTable) -> None:
    assert denominator(cells) == 120
    assert denominator(replace(cells, counted=np.arange(150) % 2 == 0)) == 60
    assert score_by_recipe(cells, load_recipe(), PIXEL_SIZE).n_cells == 120


def test_specimen_clone_and_pixel_size_are_heard(cells: CellTable) -> None:
    with pytest.raises(UsageError, match="specimen"):
        score_by_recipe(cells, load_recipe(rulebook="gastric-biopsy"), PIXEL_SIZE)
    biopsy = load_recipe(rulebook="gastric-biopsy", specimen="biopsy")
    assert score_by_recipe(cells, biopsy, PIXEL_SIZE).score == "2+"
    recipe, unstained = load_recipe(), replace(cells, pattern=np.zeros(150, np.int8))
    strict = recipe.model_copy(
        update={"rulebook": recipe.rulebook.model_copy(update={"clone_required": True})}
    )
    tags = [
        score_by_recipe(unstained, asked, PIXEL_SIZE).tag
        for asked in (strict, strict.model_copy(update={"clone": "4B5"}))
    ]
    assert tags == [None, "her2-null"]
    assert score_by_recipe(cells, recipe, None).score_ci is None


def test_ish_settles_what_the_stain_leaves_open(cells: CellTable) -> None:
    amplified = IshReading(ratio=4.0, copies=9.0, cells=40)
    assert score_by_recipe(cells, load_recipe(), PIXEL_SIZE, ish=amplified).her2_status == "positive"


def test_too_few_cells_for_the_recipe_are_refused(cells: CellTable) -> None:
    recipe = load_recipe()
    strict = recipe.model_copy(
        update={"statistics": recipe.statistics.model_copy(update={"min_cells": denominator(cells) + 1})}
    )
    with pytest.raises(NotEvaluableError, match="120 invasive tumour cells"):
        score_by_recipe(cells, strict, PIXEL_SIZE)
