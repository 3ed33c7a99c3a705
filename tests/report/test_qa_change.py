"""The page of two runs: what changed, from what to what, and what the gate says of it."""

import re
from dataclasses import replace
from html import unescape

import pytest

from her2path import DISCLAIMER
from her2path.qa.change import Transition, compare_runs
from her2path.qa.gate import Gate, GateResult, judge
from her2path.qa.slide_result import SlideResult
from her2path.report.qa_change import SHOWN_SETTINGS, ComparedRun, render_change, transition_table

ONE = SlideResult(
    slide_id="<one>",
    decisions={"status": "scored", "score": "2+", "tag": None},
    measures={"h_score": 110.0, "fractions.WC": 0.11, "membrane_od.p50": None},
    rule="weak",
    borderline=True,
    settings={"recipe.grading.weak_od": 0.2},
)
TWO = replace(
    ONE, slide_id="two", decisions={**ONE.decisions} | {"score": "0"}, rule="none", borderline=False
)
AFTER = replace(
    ONE,
    decisions={**ONE.decisions} | {"score": "1+"},
    measures={**ONE.measures} | {"fractions.WC": 0.09},
    rule="faint",
    settings={"recipe.grading.weak_od": 0.22},
)


def shown(
    before: list[SlideResult], after: list[SlideResult], gate: Gate | None = None, *, reports: bool = False
) -> str:
    change = compare_runs(before, after)
    result: GateResult | None = None if gate is None else judge(change, gate)
    runs = [
        ComparedRun(name, {"<one>": f"../{name}/%3Cone%3E/report.html"} if reports else {})
        for name in ("old", "new & fast")
    ]
    return render_change(change, result, *runs)


def text(page: str) -> str:
    visible = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(visible).replace("\u202f", " "))


def test_a_changed_slide_stands_with_what_from_what_and_its_reports() -> None:
    page = shown([ONE, TWO], [AFTER, TWO], reports=True)
    told = text(page)
    for said in (
        DISCLAIMER,
        "1 of 2 slides decided otherwise",
        "After: new & fast",
        "<one> report before · report after Score 2+ → 1+ weak → faint fractions.WC: 0.11 → 0.09",
        "Borderline before.",
        "recipe.grading.weak_od 0.2 0.22 1",
        "Slides that kept their score: 50.0 % (",
    ):
        assert said in told
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses == ["../old/%3Cone%3E/report.html", "../new &amp; fast/%3Cone%3E/report.html"]
    assert "Gate" not in told
    assert not re.search(r"\b(nan|None|inf|Undefined|Estimate)\b", told)


def test_a_gate_shows_every_limit_with_what_was_asked_and_found() -> None:
    gate = Gate(min_slides=1, max_score_flips=0, max_fraction_move=0.5, max_category_flips=0)
    told = text(shown([ONE, TWO], [AFTER, TWO], gate))
    assert "The gate is not passed: 2 of 4 limits are not kept." in told
    assert "✓ kept min_slides ≥ 1 2" in told
    assert "✗ not kept max_score_flips ≤ 0 1" in told
    assert "✗ not kept max_category_flips ≤ 0 not known" in told
    assert "✓ kept max_fraction_move ≤ 0.5 0.02" in told
    told = text(shown([ONE], [ONE], Gate(max_score_flips=0)))
    assert "The gate is passed: all 2 limits are kept." in told
    assert "The results are the same." in told


def test_a_slide_that_lost_its_score_says_why_and_those_of_one_run_are_named() -> None:
    failed = replace(
        ONE, decisions={"status": "failed", "score": None, "tag": None}, measures={}, reason="it is cut off"
    )
    told = text(shown([ONE, TWO], [failed]))
    assert "Status scored → failed Score 2+ → none" in told
    assert "After: it is cut off" in told
    assert "Only in old: 1 slide (two)." in told
    assert not re.search(r"\b(nan|None|inf)\b", told)


def test_the_table_counts_every_slide_and_puts_none_last() -> None:
    transitions = (
        Transition("score", "2+", "1+", 3),
        Transition("score", None, "2+", 1),
        Transition("score", "2+", "2+", 5),
        Transition("status", "scored", "scored", 9),
    )
    table = transition_table(transitions, "score")
    assert table is not None
    assert table.classes == ("1+", "2+", "none")
    assert [[cell.n for cell in row] for row in table.rows] == [[0, 0, 0], [3, 5, 0], [0, 1, 0]]
    assert (table.row_sums, table.column_sums, table.n) == ((0, 8, 1), (3, 6, 0), 9)
    assert [cell.same for cell in table.rows[1]] == [False, True, False]


@pytest.mark.parametrize("transitions", [(), (Transition("tag", None, None, 4),)])
def test_a_decision_that_no_slide_has_gets_no_table(transitions: tuple[Transition, ...]) -> None:
    assert transition_table(transitions, "tag") is None


def test_of_hundreds_of_settings_the_first_are_shown() -> None:
    many = [replace(ONE, settings={f"recipe.k{place:03d}": mark for place in range(60)}) for mark in "ab"]
    told = text(shown([many[0]], [many[1]]))
    assert f"And {60 - SHOWN_SETTINGS} more in change.json." in told
    assert "recipe.k039" in told
    assert "recipe.k040" not in told
