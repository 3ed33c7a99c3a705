"""Border and gradients on the page: the numbers of score.json, and a gradient only where a flag calls one."""

from dataclasses import replace
from typing import Any

import pytest

from her2path.flags import Flag
from her2path.pipeline.result import ScoredSlide
from her2path.report.document import render_report
from her2path.report.evenness import evenness_section
from her2path.scoring.settings import Grading

GRADING = Grading()
NAN = float("nan")


def excess(estimate: float) -> dict[str, float]:
    return {"low": estimate - 0.05, "estimate": estimate, "high": estimate + 0.05}


EDGE = {
    "width_um": 50.0,
    "n_edge": 1417,
    "n_inside": 4265,
    "share_edge": 0.81,
    "share_inside": 0.62,
    "od_edge": 0.31,
    "od_inside": 0.22,
    "share_excess": excess(0.19),
    "od_excess": excess(0.09),
    "background_excess": excess(-0.001),
}


def trend(**changes: Any) -> dict[str, Any]:
    return {
        "course": "across",
        "rise_od": 0.16,
        "low_od": 0.20,
        "high_od": 0.36,
        "explained": 0.66,
        "between": 0.43,
        "p": 0.002,
        "n_blocks": 53,
        "length_um": 1100.0,
        "direction_deg": 225.0,
        "deeper_is_darker": None,
        "profile_od": (0.20, 0.24, NAN, 0.34, 0.35),
        "profile_stained": (0.5, 0.6, NAN, 0.8, 0.9),
        "counterstain": None,
    } | changes


INWARDS = trend(course="from_border", direction_deg=None, deeper_is_darker=False)


def flag(code: str) -> dict[str, str]:
    return {"code": code, "severity": "warning", "detail": Flag(code, "warning", "why").detail}


def score(**changes: Any) -> dict[str, Any]:
    return {"flags": [], "edge": EDGE, "staining_trends": [trend()]} | changes


@pytest.mark.parametrize("empty", [{"flags": []}, score(edge=None, staining_trends=None)])
def test_nothing_was_looked_at(empty: dict[str, Any]) -> None:
    assert evenness_section(empty, GRADING) is None


@pytest.mark.parametrize("called", [True, False])
def test_a_gradient_is_what_a_flag_calls_one(called: bool) -> None:
    flags = [flag("STAINING_GRADIENT")] if called else [flag("ZONAL_STAINING")]
    section = evenness_section(score(flags=flags), GRADING)
    assert section is not None
    assert section.profiles[0].called is called
    assert ("gradient across" in section.says) is called
    assert ("darker towards the upper left" in section.profiles[0].says) is called


def test_densities_are_drawn_to_scale_and_gaps_left_out() -> None:
    section = evenness_section(score(), GRADING)
    assert section is not None
    profile = section.profiles[0]
    assert [point.x for point in profile.points] == pytest.approx([0.1, 0.3, 0.7, 0.9])
    assert [point.y for point in profile.points] == pytest.approx(
        [1 - od / 0.8 for od in (0.20, 0.24, 0.34, 0.35)]
    )
    assert [mark.at for mark in profile.cut_offs] == pytest.approx([0.9, 0.75, 0.5, 0.25])


def test_the_border_is_drawn_left_whichever_end_is_paler() -> None:
    section = evenness_section(
        score(staining_trends=[INWARDS, INWARDS | {"deeper_is_darker": True}]), GRADING
    )
    assert section is not None
    falling, rising = section.profiles
    assert falling.from_end == rising.from_end == "border"
    assert [p.od for p in falling.points] == [p.od for p in rising.points][::-1]
    assert falling.points[0].od == "0.35"


def test_a_profile_above_the_axis_makes_it_longer() -> None:
    section = evenness_section(score(staining_trends=[trend(profile_od=(0.3, 0.5, 0.7, 0.9, 1.2))]), GRADING)
    assert section is not None
    assert min(point.y for point in section.profiles[0].points) > 0


def test_the_border_beside_the_inside() -> None:
    section = evenness_section(score(flags=[flag("EDGE_EFFECT")]), GRADING)
    assert section is not None
    stained, density, cytoplasm = section.edge
    assert stained.edge.replace("\u202f", " ") == "81 % of 1 417"
    assert stained.difference == "+19 points (+14 to +24)"
    assert density.difference == "+0.09 OD (+0.04 to +0.14)"
    assert cytoplasm.difference == "0.00 OD (−0.05 to +0.05)"
    assert section.edge_called
    assert "unlike" in section.says


def test_what_could_not_be_told_is_said() -> None:
    section = evenness_section(score(edge=None), GRADING)
    assert section is not None
    assert section.edge == []
    assert "Too few tumour cells along the border" in section.says
    section = evenness_section(score(staining_trends=[]), GRADING)
    assert section is not None
    assert "Too few blocks" in section.says


def test_the_counterstain_is_told_where_it_is_known() -> None:
    section = evenness_section(score(staining_trends=[trend(counterstain=0.8)]), GRADING)
    assert section is not None
    assert "counterstain changes 0.8 times" in section.profiles[0].says


def test_the_page_shows_it(scored: ScoredSlide) -> None:
    asked = {**scored.score, **score(flags=[flag("STAINING_GRADIENT"), flag("EDGE_EFFECT")])}
    html = render_report(replace(scored, score=asked))
    for text in ("Evenness of the stain", ">Gradient<", ">Edge effect<", "Across the tissue", "1.1\u202fmm"):
        assert text in html
    assert "nan" not in html.split("Evenness of the stain")[1].split("</section>")[0]
    assert "Evenness of the stain" not in render_report(scored)
