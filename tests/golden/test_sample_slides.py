"""Every sample slide, drawn with known cells, comes out with the score that it was drawn with."""

from pathlib import Path

import numpy as np
import orjson
import pytest

from her2path.cells.vocabulary import PATTERNS
from her2path.phantom import write_phantoms
from her2path.pipeline.slide import SlideRequest, score_slide
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.store.recipes import load_recipe

RECIPES = sorted((Path(__file__).parents[2] / "sample_slides").glob("*.toml"))

FRACTION_TOLERANCE = 0.15
"""Of the share of cells whose membrane is stained at all: the score has 10 % to decide on, this has the room
that finding other cells than were drawn takes."""


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_drawn_slide_is_scored_as_it_was_drawn(recipe: Path, tmp_path: Path) -> None:
    (path,) = write_phantoms(recipe, tmp_path)
    truth = orjson.loads(path.with_suffix(".truth.json").read_bytes())
    scored = score_slide(SlideRequest(path.stem, path), load_recipe(), ClassicalSegmenter(), ThreadRunner(2))
    assert (scored.score["score"], scored.score["category"]) == (truth["score"], truth["category"])
    assert 0.7 < scored.score["n_cells"] / truth["n_cells"] < 1.3
    found, true = (
        np.array([fractions[name] for name in PATTERNS])
        for fractions in (scored.score["fractions"], truth["fractions"])
    )
    assert abs(found[0] - true[0]) < FRACTION_TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["her2-0-confounders", "her2-2"])
def test_what_is_off_by_default_draws_nothing_to_the_byte(name: str, tmp_path: Path) -> None:
    (recipe,) = (path for path in RECIPES if path.stem == name)
    (path,) = write_phantoms(recipe, tmp_path)
    for made in (path, path.with_suffix(".truth.parquet")):
        assert made.read_bytes() == (recipe.parent / made.name).read_bytes()
