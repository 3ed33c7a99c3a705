from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.report.cohort_summary import h_histogram, summarise

SCORED: dict[str, Any] = {
    "status": "scored",
    "score": "1+",
    "category": "IHC1",
    "tag": "her2-low",
    "rulebook": "breast-2018",
    "recipe_digest": "aa",
    "h_score": 60.0,
}


def test_an_empty_cohort_is_one() -> None:
    summary = summarise([], ())
    assert (summary.n_slides, summary.n_cases, summary.h_scores) == (0, None, None)
    assert summary.statuses == (("scored", 0),)
    assert not summary.classes


def test_two_recipes_two_versions_or_two_rulebooks_are_said() -> None:
    rows = [SCORED, SCORED | {"recipe_digest": "bb"}, SCORED | {"rulebook": "breast-2013"}]
    mixed = {one.what: one.found for one in summarise(rows, ("her2path 1", "her2path 2", "her2path 1")).mixed}
    assert mixed == {
        "recipe": (("aa", 2), ("bb", 1)),
        "version of the software": (("her2path 1", None), ("her2path 2", None)),
        "rulebook": (("breast-2018", 2), ("breast-2013", 1)),
    }


def test_a_recipe_that_differs_by_what_the_manifest_tells_is_no_other_way_of_scoring() -> None:
    rows = [SCORED, SCORED | {"recipe_digest": "bb", "mpp": "0.25"}]
    assert summarise(rows, ("her2path 1",)).mixed == ()
    assert not summarise([SCORED, SCORED], ("her2path 1",)).mixed


def test_shares_are_of_the_slides_with_a_score() -> None:
    failed = {"status": "failed", "score": None, "category": None, "tag": None, "h_score": None}
    null = SCORED | {"score": "0", "category": "IHC0_NULL", "tag": None}
    summary = summarise([SCORED, null, failed], ())
    shares = {one.words: (one.n, one.share) for one in summary.classes}
    assert shares["1+"] == (1, 0.5)
    assert shares["0, no staining"] == (1, 0.5)
    assert {one.words: one.n for one in summary.tags}["no tag"] == 1
    assert summary.statuses == (("scored", 2), ("failed", 1))


def test_cases_are_counted_once() -> None:
    rows = [SCORED | {"case_id": case} for case in ("c1", "c1", "c2", None)]
    assert summarise(rows, ()).n_cases == 2


@given(
    st.lists(st.tuples(st.sampled_from(("0", "1+", "2+", "3+")), st.floats(0, 300)), min_size=1, max_size=40)
)
def test_the_bars_hold_every_slide_and_stay_in_the_figure(slides: list[tuple[str, float]]) -> None:
    histogram = h_histogram([{"score": score, "h_score": h_score} for score, h_score in slides])
    assert histogram is not None
    assert histogram.n == len(slides)
    total = sum(bar.height for bar in histogram.bars) * histogram.most
    assert total == pytest.approx(len(slides))
    for bar in histogram.bars:
        assert bar.left >= 0
        assert bar.left + bar.width <= 1 + 1e-9
        assert bar.top + 1e-9 >= 0
        assert bar.top + bar.height <= 1 + 1e-9


def test_a_slide_without_an_h_score_is_in_no_bar() -> None:
    assert h_histogram([{"score": "0", "h_score": None}]) is None
