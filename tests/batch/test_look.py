"""Which slides a person has to look at: each in one group, the worst, with all its reasons."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.batch.look import GROUPS, LookRow, by_group, look_of, look_reasons, look_row, needs_look

FIRM: dict[str, Any] = {
    "slide_id": "a",
    "status": "scored",
    "reason": None,
    "score": "2+",
    "borderline": False,
    "score_ci": {"0": 0.0, "1+": 0.0, "2+": 1.0, "3+": 0.0},
    "flags": [{"code": "PEN", "severity": "info", "detail": "0.1 mm² beside ink."}],
}
FEW = {"code": "LOW_CELL_COUNT", "severity": "warning", "detail": "Scored on 20 tumour cells; below 100."}
CLOSE = {"code": "BORDERLINE", "severity": "warning", "detail": "The interval holds its cut-off."}
BORDERLINE = {
    **FIRM,
    "borderline": True,
    "score_ci": {"0": 0.004, "1+": 0.002, "2+": 0.164, "3+": 0.83},
    "flags": [CLOSE],
}


def test_a_firm_score_without_a_warning_needs_no_look() -> None:
    assert needs_look(FIRM) is None
    assert look_reasons(look_row(FIRM)) == ()


def test_a_warning_is_told_with_its_code_and_its_numbers() -> None:
    look = needs_look({**FIRM, "flags": [*FIRM["flags"], FEW]})
    assert look is not None
    assert (look.group, look.score) == ("flagged", "2+")
    assert look.reasons == ("LOW_CELL_COUNT: Scored on 20 tumour cells; below 100",)


def test_a_borderline_slide_says_between_which_scores() -> None:
    look = needs_look(BORDERLINE)
    assert look is not None
    assert look.group == "borderline"
    assert look.reasons == ("borderline between 2+ (16 %) and 3+ (83 %)",)


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({"0": 0.03, "1+": 0.2, "2+": 0.4, "3+": 0.37}, "0 (3 %), 1+ (20 %), 2+ (40 %) and 3+ (37 %)"),
        ({"0": 0.0, "1+": 0.0, "2+": 0.995, "3+": 0.005}, "2+ (> 99 %) and 3+ (< 1 %)"),
        ({"0": 0.0, "1+": 0.0, "2+": 1.0, "3+": 0.0}, "interval of the deciding percentage"),
        (None, "interval of the deciding percentage"),
    ],
)
def test_shares_are_named_where_there_are_any(shares: dict[str, float] | None, says: str) -> None:
    (reason,) = look_reasons(LookRow("a", "scored", score="2+", borderline=True, score_ci=shares))
    assert says in reason


def test_the_worst_group_holds_all_the_reasons() -> None:
    look = needs_look(
        {**BORDERLINE, "status": "partial", "reason": "0.2 mm² unreadable", "flags": [CLOSE, FEW]}
    )
    assert look is not None
    assert look.group == "partial"
    assert [reason.split()[0] for reason in look.reasons] == ["0.2", "LOW_CELL_COUNT:", "borderline"]


def test_a_reason_that_is_also_a_warning_is_told_once() -> None:
    why = "0.2 mm² cannot be read"
    unreadable = {"code": "UNREADABLE", "severity": "warning", "detail": why}
    look = needs_look({**FIRM, "status": "partial", "reason": why, "flags": [unreadable]})
    assert look is not None
    assert look.reasons == (why,)


@pytest.mark.parametrize("status", ["failed", "not_evaluable"])
def test_a_slide_without_a_score_says_why(status: str) -> None:
    refusal = {"code": "NO_TISSUE", "severity": "refusal", "detail": "no tissue"}
    look = needs_look({**FIRM, "status": status, "score": None, "reason": "no tissue", "flags": [refusal]})
    assert look is not None
    assert (look.group, look.reasons, look.score) == (status, ("no tissue",), None)


@pytest.mark.parametrize(
    ("state", "why"), [("running", "stopped while it was scored"), ("queued", "not begun")]
)
def test_a_slide_that_has_no_result_is_not_finished(state: str, why: str) -> None:
    look = look_of(LookRow("a", state))
    assert look is not None
    assert (look.group, look.reasons) == ("not_finished", (why,))


rows = st.builds(
    LookRow,
    slide_id=st.text("abc", min_size=1),
    status=st.sampled_from(["scored", "partial", "not_evaluable", "failed", "queued", "running"]),
    reason=st.none() | st.just("why"),
    borderline=st.booleans(),
    warnings=st.lists(st.tuples(st.sampled_from(["PEN", "BORDERLINE"]), st.just("x"))).map(tuple),
)


@given(st.lists(rows, max_size=20))
def test_every_slide_that_needs_a_look_stands_in_one_group(found: list[LookRow]) -> None:
    looks = [look for row in found if (look := look_of(row))]
    grouped = by_group(looks)
    assert sum(map(len, grouped.values())) == len(looks)
    assert list(grouped) == sorted(grouped, key=GROUPS.index)
    assert all(look.reasons for look in looks)


@given(rows)
def test_a_slide_has_reasons_exactly_where_it_needs_a_look(row: LookRow) -> None:
    assert bool(look_reasons(row)) == (look_of(row) is not None)
