"""Whatever ends the work, all that was known by then is still known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from her2path.errors import NotEvaluableError, SlideError, StorageError
from her2path.flags import Flag
from her2path.pipeline.outcome import Outcome
from her2path.recipe import Recipe
from her2path.slides.array import ArraySlide
from her2path.store.recipes import load_recipe


@pytest.fixture
def outcome(recipe: Recipe) -> Outcome:
    return Outcome("x", Path("x.svs"), recipe, engine="classical")


def test_a_refusal_is_told_after_all_that_was_known(outcome: Outcome) -> None:
    pale = Flag("LOW_CONTRAST", "warning", "pale")
    seen = replace(outcome, flags=(pale,), areas_mm2={"tissue": 2.0}, n_cells=3)
    closed = seen.refused(NotEvaluableError("TOO_FEW_CELLS", "3 cells"))
    assert (closed.status, closed.reason) == ("not_evaluable", "3 cells")
    assert closed.flags == (pale, Flag("TOO_FEW_CELLS", "refusal", "3 cells"))
    assert (closed.areas_mm2, closed.n_cells) == ({"tissue": 2.0}, 3)


def test_a_drive_that_failed_is_flagged_and_not_read_again(outcome: Outcome) -> None:
    pale = Flag("LOW_CONTRAST", "warning", "pale")
    seen = replace(outcome, flags=(pale,), areas_mm2={"tissue": 2.0})
    closed = seen.failed(StorageError("caf\udce9.svs cannot be read now"))
    assert (closed.status, closed.reason) == ("failed", r"caf\udce9.svs cannot be read now")
    assert closed.flags == (pale, Flag("STORAGE", "refusal", r"caf\udce9.svs cannot be read now"))
    assert not closed.is_at_hand
    damaged = seen.failed(SlideError("x.svs is damaged"))
    assert (damaged.status, damaged.reason, damaged.flags) == ("failed", "x.svs is damaged", (pale,))
    assert damaged.is_at_hand


def test_size_and_pixels_are_those_of_the_slide(
    outcome: Outcome, drawn_slide: Callable[[float], ArraySlide]
) -> None:
    seen = replace(outcome, slide=drawn_slide(0.25), given_size_px=(1, 1), given_mpp_yx_um=(9.0, 9.0))
    assert (seen.size_px, seen.mpp_yx_um) == ((1024, 1024), (0.25, 0.25))
    assert seen.mpp_source == seen.slide.pixel_size_source  # type: ignore[union-attr]


def test_without_a_slide_they_are_what_was_given_or_not_known(outcome: Outcome) -> None:
    assert (outcome.size_px, outcome.mpp_yx_um, outcome.mpp_source) == (None, None, None)
    stored = replace(outcome, given_size_px=(30, 20), given_mpp_yx_um=(0.25, 0.26))
    assert (stored.size_px, stored.mpp_yx_um, stored.mpp_source) == ((30, 20), (0.25, 0.26), "cell table")
    asked = replace(stored, recipe=load_recipe(mpp_um=(0.25, 0.26)))
    assert asked.mpp_source == "given"
