"""The gate: every limit, kept and broken."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.qa.change import compare_runs
from her2path.qa.gate import FLIPS, MOVES, NAMED, Gate, GateResult, judge, not_told
from her2path.qa.slide_result import DECISIONS, UNITS, SlideResult

RUN = [
    SlideResult(
        slide_id=f"s{place:02d}",
        decisions=dict.fromkeys(DECISIONS, "x"),
        measures=dict.fromkeys(UNITS, 0.25),
    )
    for place in range(40)
]


def gated(after: list[SlideResult], **limits: float) -> GateResult:
    return judge(compare_runs(RUN, after), Gate.model_validate(limits))


def flipped(n: int, what: str) -> list[SlideResult]:
    return [replace(one, decisions={**one.decisions} | {what: "y"}) for one in RUN[:n]] + RUN[n:]


def moved(what: str, by: float) -> list[SlideResult]:
    return [replace(RUN[0], measures={**RUN[0].measures} | {what: 0.25 + by}), *RUN[1:]]


def test_every_limit_has_its_meaning() -> None:
    others = {"min_slides", "max_missing_slides", "min_score_agreement_low"}
    assert {*FLIPS, *MOVES, *others} == set(Gate.model_fields)


@pytest.mark.parametrize(("limit", "what"), FLIPS.items())
def test_flips_are_counted_each_for_itself(limit: str, what: str) -> None:
    after = flipped(2, what)
    assert gated(after, **{limit: 2}).passed
    result = gated(after, **{limit: 1})
    assert result.reasons == (f"slides with another {what}: 2 (s00, s01); {limit} asks for at most 1",)
    assert gated(after, **dict.fromkeys(set(FLIPS) - {limit}, 0)).passed


@pytest.mark.parametrize(
    ("limit", "what"), [(limit, what) for limit, names in MOVES.items() for what in names]
)
def test_the_farthest_move_is_asked_for(limit: str, what: str) -> None:
    after = moved(what, -0.125)
    assert gated(after, **{limit: 1}).passed
    tight = 0 if limit == "max_n_cells_move" else 0.124
    (reason,) = gated(after, **{limit: tight}).reasons
    assert reason.startswith(f"{what} moved by -0.125 ({UNITS[what]}) on s00; {limit} asks for at most")


def test_missing_slides_and_too_few() -> None:
    result = gated(RUN[:30], min_slides=31, max_missing_slides=0)
    assert [one.found for one in result.findings] == [30, 10]
    assert not result.passed
    assert result.reasons[1].startswith("missing slides: 10 (s30, s31, s32, s33, s34 …); max_missing_slides")
    assert result.reasons[1].count("s3") == NAMED


def test_the_lower_bound_of_agreement() -> None:
    # 40 of 40: Wilson's lower bound is 0.912; 39 of 40: 0.871.
    assert gated(RUN, min_score_agreement_low=0.9).passed
    result = gated(flipped(1, "score"), min_score_agreement_low=0.9)
    assert result.findings[-1].found == pytest.approx(0.871, abs=5e-4)
    assert not result.passed


def test_what_the_runs_do_not_tell_fails() -> None:
    bare = [replace(one, decisions={}, measures={}) for one in RUN]
    limits = dict.fromkeys((*FLIPS, *MOVES), 0) | {"min_score_agreement_low": 0.0}
    result = gated(bare, **limits)
    told = {one.limit: one for one in result.findings}
    assert told.pop("min_slides").passed
    assert told.keys() == limits.keys()
    assert not any(one.passed or one.found is not None for one in told.values())
    assert any(reason.startswith("max_h_score_move cannot be judged: the runs") for reason in result.reasons)


def test_the_limits_about_what_no_slide_tells_are_found() -> None:
    table = [replace(one, decisions={"score": "x"}, measures={"h_score": 1.0}) for one in RUN]
    change = compare_runs(RUN, table)
    asked = {"max_fraction_move": 0, "max_membrane_od_move": 0, "max_tag_flips": 0}
    kept = {"max_h_score_move": 0, "max_score_flips": 0, "min_score_agreement_low": 0, "min_slides": 1}
    assert not_told(change, Gate.model_validate(asked | kept)) == {
        "max_tag_flips": "tag",
        "max_fraction_move": "fractions",
        "max_membrane_od_move": "membrane_od",
    }
    assert not_told(change, Gate()) == {}


def test_no_slide_in_common_never_passes() -> None:
    assert not judge(compare_runs(RUN[:1], RUN[1:]), Gate()).passed


@given(st.dictionaries(st.sampled_from(sorted(Gate.model_fields)), st.just(0)))
def test_the_same_run_passes_every_limit(limits: dict[str, int]) -> None:
    limits = limits | {"min_slides": 1}
    result = gated(RUN, **limits)
    assert result.passed
    assert result.reasons == ()
    assert len(result.findings) == len(limits)
