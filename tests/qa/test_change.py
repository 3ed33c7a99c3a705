"""Two runs of the same slides."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from her2path.qa.change import EXAMPLES, Transition, compare_runs
from her2path.qa.gate import Gate, judge
from her2path.qa.slide_result import DECISIONS, SlideResult
from her2path.qa.values import Estimate, Undefined

ONE = SlideResult(
    slide_id="one",
    decisions={"status": "scored", "score": "2+", "her2_status": None},
    measures={"h_score": 110.0, "fractions.WC": 0.11, "fractions.N": 0.5, "membrane_od.p50": None},
    rule="complete-weak-to-moderate",
    borderline=True,
    settings={"recipe.grading.weak_od": 0.2, "versions.numpy": "2.4.6", "mpp": 0.25},
)
TWO = replace(
    ONE, slide_id="two", decisions={**ONE.decisions} | {"score": "0"}, rule="no-staining", borderline=False
)


def test_a_flip_tells_what_from_what_and_why() -> None:
    after = replace(
        ONE,
        decisions={**ONE.decisions} | {"score": "1+"},
        measures={**ONE.measures} | {"fractions.WC": 0.09, "fractions.N": 0.51, "h_score": 100.0},
        rule="faint",
        settings={**ONE.settings} | {"recipe.grading.weak_od": 0.22},
    )
    change = compare_runs([ONE, TWO], [TWO, after])
    (flip,) = change.flips
    assert flip.slide_id == "one"
    assert flip.decisions == (("score", "2+", "1+"),)
    assert flip.rules == ("complete-weak-to-moderate", "faint")
    assert [what for what, _, _ in flip.moved] == ["fractions.WC", "fractions.N", "h_score"]
    assert flip.settings == ("recipe.grading.weak_od",)
    assert flip.sentence == (
        "one: score 2+ → 1+; rule complete-weak-to-moderate → faint; fractions.WC 0.11 → 0.09; "
        "it was borderline"
    )
    assert [one.sentence for one in change.differences] == [
        "recipe.grading.weak_od: 0.2 → 0.22",
    ]
    assert change.differences[0].n == 1


def test_a_slide_that_failed_says_why() -> None:
    after = replace(
        ONE, decisions={"status": "failed", "score": None, "her2_status": None}, reason="no tissue"
    )
    (flip,) = compare_runs([ONE], [after]).flips
    assert flip.decisions == (("status", "scored", "failed"), ("score", "2+", None))
    assert flip.sentence.endswith("no tissue")


def test_every_slide_of_both_runs_went_from_something_to_something() -> None:
    lost = replace(ONE, decisions={**ONE.decisions} | {"score": None})
    change = compare_runs([ONE, TWO], [lost, TWO])
    told = [(one.before, one.after, one.n) for one in change.transitions if one.what == "score"]
    assert told == [("0", "0", 1), ("2+", None, 1)]
    (status,) = (one for one in change.transitions if one.what == "status")
    assert status == Transition("status", "scored", "scored", 2)
    assert all(one.what != "category" for one in change.transitions)


def test_slides_of_one_run_alone_are_named() -> None:
    change = compare_runs([ONE], [TWO])
    assert (change.n, change.only_before, change.only_after) == (0, ("one",), ("two",))
    assert not change.is_none
    assert change.agreement == {}


@given(st.lists(st.sampled_from(["0", "1+", "2+", "3+", None]), min_size=1, max_size=12))
def test_a_run_compared_with_itself_has_nothing_to_tell(scores: list[str | None]) -> None:
    run = [
        replace(
            ONE,
            slide_id=f"s{place}",
            decisions=dict.fromkeys(DECISIONS, "x") | {"score": score},
            measures={"h_score": 3.0 * place, "membrane_od.p50": None},
        )
        for place, score in enumerate(scores)
    ]
    change = compare_runs(run, run[::-1])
    assert change.is_none
    assert (change.flips, change.differences) == ((), ())
    kept = change.agreement["score"]
    if any(score is not None for score in scores):
        assert isinstance(kept, Estimate)
        assert kept.value == 1
    else:
        assert isinstance(kept, Undefined)
    limits = [f"max_{what}_flips" for what in DECISIONS] + ["max_h_score_move", "max_membrane_od_move"]
    assert judge(change, Gate.model_validate(dict.fromkeys(limits, 0))).passed


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 300)), min_size=2, max_size=12))
def test_the_mean_move_against_scipy(values: list[tuple[float, float]]) -> None:
    before, after = (
        [
            replace(ONE, slide_id=f"{place:02d}", measures={"h_score": pair[side]})
            for place, pair in enumerate(values)
        ]
        for side in (0, 1)
    )
    (move,) = compare_runs(before, after).moves
    deltas = np.array([b - a for a, b in values])
    assert isinstance(move.mean, Estimate)
    assert move.mean.value == pytest.approx(deltas.mean())
    assert move.largest is not None
    assert abs(move.largest) == np.abs(deltas).max()
    assert move.n_moved == np.count_nonzero(deltas)
    if deltas.std() > 1e-6:
        expected = ttest_1samp(deltas, 0).confidence_interval(0.95)
        assert (move.mean.low, move.mean.high) == pytest.approx((expected.low, expected.high))


def test_a_measure_of_one_slide_has_no_interval_and_one_of_none_no_mean() -> None:
    change = compare_runs([ONE], [replace(ONE, measures={**ONE.measures} | {"membrane_od.p50": 0.1})])
    moves = {move.what: move for move in change.moves}
    assert isinstance(moves["h_score"].mean, Estimate)
    assert moves["h_score"].mean.low is None
    od = moves["membrane_od.p50"]
    assert isinstance(od.mean, Undefined)
    assert (od.largest, od.slide_id, od.n_gained, od.n_lost) == (None, None, 1, 0)
    assert not change.is_none


def test_what_one_run_does_not_tell_is_not_compared() -> None:
    bare = replace(ONE, decisions={"score": "2+"}, measures={"h_score": 110.0}, settings={"mpp": 0.25})
    change = compare_runs([ONE], [bare])
    assert change.is_none
    assert [move.what for move in change.moves] == ["h_score"]
    assert list(change.agreement) == ["score"]
    assert change.differences == ()


def test_a_setting_that_one_run_does_not_know_is_a_difference() -> None:
    after = replace(ONE, settings={**ONE.settings} | {"recipe.grading.complete": 0.8})
    (found,) = compare_runs([ONE], [after]).differences
    assert found.values == ((None, 0.8, 1),)


def test_a_setting_that_differs_from_slide_to_slide_is_one_difference() -> None:
    def run(mark: str) -> list[SlideResult]:
        return [replace(ONE, slide_id=f"s{i}", settings={"input_sha256": f"{mark}{i}"}) for i in range(6)]

    (found,) = compare_runs(run("a"), run("b")).differences
    assert (found.n, len(found.values)) == (6, EXAMPLES)
    assert found.sentence == "input_sha256: a0 → b0, and others (6 slides)"


def test_agreement_is_of_the_slides_with_a_decision_in_both_runs() -> None:
    run = [replace(ONE, slide_id=f"s{i}") for i in range(10)]
    after: list[SlideResult] = [
        replace(run[0], decisions={**ONE.decisions} | {"score": None}),
        replace(run[1], decisions={**ONE.decisions} | {"score": "3+"}),
        *run[2:],
    ]
    kept = compare_runs(run, after).agreement["score"]
    assert isinstance(kept, Estimate)
    assert kept.value == pytest.approx(8 / 9)
    assert kept.n == 9
