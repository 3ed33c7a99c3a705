"""What the page says of a part is what score.json says; a slide of one piece has no such table."""

from dataclasses import replace
from typing import Any

from her2path.cells.vocabulary import PATTERNS
from her2path.pipeline.result import ScoredSlide
from her2path.report.document import render_report
from her2path.report.parts import parts_section
from her2path.scoring.settings import Grading

GRADES = Grading().grades


def part(number: int, **changes: Any) -> dict[str, Any]:
    shares = {"N": 0.5, "FI": 0.2, "WI": 0.1, "SC": 0.2}
    return {
        "number": number,
        "name": None,
        "area_mm2": 1.25,
        "at_yx_px": (1200, 2400),
        "n_cells": 4321,
        "fractions": {name: shares.get(name, 0.0) for name in PATTERNS},
        "score": "3+",
        "category": "IHC3",
        "rule_fired": "strong-complete",
        "h_score": 90.0,
        "reason": None,
    } | changes


FEW = part(
    2, score=None, h_score=None, n_cells=3, reason="3 invasive tumour cells; a score needs at least 20"
)
NONE = part(
    3, score=None, h_score=None, n_cells=0, fractions=None, at_yx_px=None, area_mm2=None, reason="none"
)


def test_one_piece_has_no_parts() -> None:
    for score in ({}, {"fragments": None, "regions": None}, {"fragments": [part(1)], "regions": []}):
        assert parts_section(score, GRADES, 60.0) is None


def test_grades_are_the_shares_of_their_patterns() -> None:
    section = parts_section({"regions": [part(1, name="front")]}, GRADES, 60.0)
    assert section is not None
    (row,) = section.tables[0].rows
    assert [(s.label, round(s.width, 6)) for s in row.classes] == [("0", 0.5), ("1+", 0.3), ("3+", 0.2)]
    assert (row.label, row.name, row.grade, row.at_yx) == ("R1", "front", 3, (20.0, 40.0))
    assert section.says == ""


def test_what_has_no_place_is_not_marked() -> None:
    score = {"fragments": [part(1), FEW, NONE], "n_tumour_fragments": 1}
    section = parts_section(score, GRADES, 60.0)
    assert section is not None
    assert [row.label for row in section.marks] == ["1", "2"]
    assert section.says.startswith("3 fragments of tissue, 1 of them")
    rescored = parts_section(score, GRADES, None)
    assert rescored is not None
    assert rescored.marks == []


def test_region_and_fragment_of_one_middle_do_not_hide_each_other() -> None:
    section = parts_section({"regions": [part(1)], "fragments": [part(1), part(2)]}, GRADES, 60.0)
    assert section is not None
    assert len({(row.at_yx, row.aside) for row in section.marks[:2]}) == 2


def test_the_page_shows_every_part(scored: ScoredSlide) -> None:
    score = {
        **scored.score,
        "regions": [part(1, name="<front>")],
        "fragments": [part(1), FEW, NONE],
        "n_tumour_fragments": 1,
    }
    html = render_report(replace(scored, score=score))
    assert "By region and fragment" in html
    assert "&lt;front&gt;" in html
    assert FEW["reason"] in html
    assert ">R1</text>" in html
    bare = render_report(replace(scored, score=score, overview=None))
    assert "By region and fragment" in bare
    assert ">R1</text>" not in bare
    assert "By region and fragment" not in render_report(scored)
