"""A microarray on the page: every place where it lies, every result its core's own."""

from dataclasses import replace
from typing import Any

import pytest

from her2path.cells.vocabulary import PATTERNS
from her2path.pipeline.result import ScoredSlide
from her2path.report.array import WIDE_COLUMNS, array_section
from her2path.report.document import render_report
from her2path.scoring.settings import Grading

GRADES = Grading().grades


def core(label: str, row: str | None = None, column: int | None = None, **changes: Any) -> dict[str, Any]:
    fractions = {name: 1.0 if name == "SC" else 0.0 for name in PATTERNS}
    return {
        "number": 1,
        "label": label,
        "row": row,
        "column": column,
        "state": "present",
        "y_px": 1200,
        "x_px": 2400,
        "share": 0.9,
        "area_mm2": 0.28,
        "unreadable": False,
        "status": "scored",
        "reason": None,
        "n_cells": 812,
        "score": "3+",
        "tag": "her2-positive",
        "fractions": fractions,
        "h_score": 300.0,
        "complete_intense_fraction": 1.0,
        "borderline": True,
        "flags": [
            {"code": "LOW_CELL_COUNT", "severity": "warning", "detail": "few"},
            {"code": "BORDERLINE", "severity": "warning", "detail": "near"},
            {"code": "PRESENCE_GATE", "severity": "info", "detail": "few"},
        ],
    } | changes


UNSCORED: dict[str, Any] = dict.fromkeys(("score", "fractions", "h_score", "flags", "borderline", "tag"))
UNSCORED |= {"complete_intense_fraction": None, "status": "not_evaluable"}
MISSING = core("A2", "A", 2, **UNSCORED, state="missing", reason="no core in this place", n_cells=None)
BROKEN = core("B1", "B", 1, **UNSCORED, state="broken", reason="<9 cells>", n_cells=9)


def array(*cores: dict[str, Any], **changes: Any) -> dict[str, Any]:
    tma = {"source": "found", "n_rows": 2, "n_columns": 3, "core_um": 600.0, "cores": list(cores)}
    return {"mpp": 0.25, "tma": tma | changes}


def test_another_slide_has_no_cores() -> None:
    assert array_section({}, GRADES, 15.0) is None
    assert array_section({"tma": None}, GRADES, 15.0) is None


def test_every_place_lies_where_its_label_says() -> None:
    section = array_section(array(core("A1", "A", 1), MISSING, core("AB12", "AB", 12)), GRADES, 15.0)
    assert section is not None
    assert [(one.row, one.column) for one in section.cores] == [(0, 0), (0, 1), (27, 11)]
    assert section.row_names[-1] == "AB"
    assert section.n_columns == 12 > WIDE_COLUMNS
    assert section.wide
    assert section.cores[0].at_yx == pytest.approx((20.0, 40.0))
    assert section.radius == pytest.approx(20.0)


def test_places_with_names_of_their_own_have_no_grid() -> None:
    section = array_section(
        array(core("left"), core("A1", "A", 1), n_rows=None, n_columns=None), GRADES, 15.0
    )
    assert section is not None
    assert section.row_names == []
    assert len(section.marks) == 2


def test_without_a_picture_nothing_is_marked() -> None:
    section = array_section(array(core("A1", "A", 1), core_um=None), GRADES, None)
    assert section is not None
    assert section.marks == []
    assert section.radius is None


def test_states_and_scores_are_counted() -> None:
    section = array_section(array(core("A1", "A", 1), MISSING, BROKEN), GRADES, 15.0)
    assert section is not None
    assert section.says == ("3 places: 1 whole, 1 broken, 1 missing. Scores: 1 × 3+, 2 without a score.")


def test_remarks_are_reasons_and_warnings() -> None:
    section = array_section(array(core("A1", "A", 1), BROKEN), GRADES, 15.0)
    assert section is not None
    assert [one.remark for one in section.cores] == ["Low cell count", "<9 cells>"]


def test_the_page_says_that_the_cores_count(scored: ScoredSlide) -> None:
    score = {**scored.score, **array(core("A1", "A", 1), MISSING, BROKEN)}
    html = render_report(replace(scored, score=score))
    assert "Each core’s own result counts" in html
    assert "All cores together" in html
    assert "&lt;9 cells&gt;" in html
    assert html.count('class="ring') == 3
    assert "Each core’s own result counts" not in render_report(scored)


def test_the_cores_do_not_stand_there_twice_as_regions(scored: ScoredSlide) -> None:
    region = {"number": 1, "name": "A1", "area_mm2": 0.28, "at_yx_px": (1, 2), "n_cells": 8, "score": None}
    region |= {"fractions": None, "h_score": None, "reason": "few"}
    score = {**scored.score, **array(core("A1", "A", 1)), "regions": [region]}
    assert "By region and fragment" not in render_report(replace(scored, score=score))
    assert "By region and fragment" in render_report(replace(scored, score={**score, "tma": None}))
