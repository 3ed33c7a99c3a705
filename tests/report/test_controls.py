"""The controls on the page: what was expected, what was read, no verdict that score.json does not have."""

from dataclasses import replace
from typing import Any

import pytest

from her2path.cells.vocabulary import PATTERNS
from her2path.pipeline.result import ScoredSlide
from her2path.report.controls import controls_section
from her2path.report.document import render_report
from her2path.scoring.settings import Grading

GRADES = Grading().grades


def reading(**changes: Any) -> dict[str, Any]:
    shares = {"N": 0.1, "WC": 0.2, "SC": 0.7}
    fractions = {name: shares.get(name, 0.0) for name in PATTERNS}
    return {"n_cells": 240, "fractions": fractions, "stained_share": 0.9, "membrane_od": 0.91} | changes


def control(**changes: Any) -> dict[str, Any]:
    return {
        "name": "on-slide <3+>",
        "expected": "3+",
        "reached": "3+",
        "reading": reading(),
        "window_od": (0.6, 1.1),
        "passed": True,
        "detail": "240 cells; reached 3+, expected 3+",
        "area_mm2": 0.074,
    } | changes


NOTHING = control(
    expected=None,
    reached=None,
    reading=reading(n_cells=0, fractions=None, stained_share=None, membrane_od=None),
    window_od=None,
    passed=None,
    detail="0 cells; fewer than 100 are not judged",
)
NORMAL = {"reading": reading(), "overstained_share": 0.9, "passed": False, "n_regions": 3, "area_mm2": 0.2}


@pytest.mark.parametrize("score", [{}, {"controls": None, "normal_epithelium": None}, {"controls": []}])
def test_a_slide_without_controls_has_no_section(score: dict[str, Any]) -> None:
    assert controls_section(score, GRADES) is None


@pytest.mark.parametrize(
    ("passed", "verdict", "says"),
    [(True, "Passed", "passed"), (False, "Failed", "do not use"), (None, "Not judged", "No control could")],
)
def test_the_verdict_is_that_of_score_json(passed: bool | None, verdict: str, says: str) -> None:
    section = controls_section({"controls": [control(passed=passed)]}, GRADES)
    assert section is not None
    assert section.rows[0].verdict == verdict
    assert says in section.says


def test_one_failure_is_what_is_said_of_all() -> None:
    section = controls_section({"controls": [control()], "normal_epithelium": NORMAL}, GRADES)
    assert section is not None
    assert [row.verdict for row in section.rows] == ["Passed", "Failed"]
    assert section.says.startswith("A control failed")
    assert section.rows[1].name == "Normal epithelium (3 regions)"


def test_the_bar_holds_the_grades() -> None:
    section = controls_section({"controls": [control()]}, GRADES)
    assert section is not None
    assert [(s.label, round(s.width, 6)) for s in section.rows[0].classes] == [
        ("0", 0.1),
        ("2+", 0.2),
        ("3+", 0.7),
    ]


def test_the_page_shows_every_number_and_escapes_names(scored: ScoredSlide) -> None:
    score = {**scored.score, "controls": [control(), NOTHING], "normal_epithelium": NORMAL}
    html = render_report(replace(scored, score=score)).replace("\u202f", " ")
    assert "Control tissue</h2>" in html
    assert "on-slide &lt;3+&gt;" in html
    for text in ("0.91 OD", "0.60–1.10", "0.07 mm²", "240", "90.0 %", NOTHING["detail"], "not named"):
        assert text in html
    assert "Control tissue</h2>" not in render_report(scored)
