"""What the page says of how firmly a score stands: words and places, from the fields of score.json."""

from dataclasses import replace
from typing import Any

import pytest

from her2path.pipeline.result import ScoredSlide
from her2path.report.document import render_report
from her2path.report.robustness import (
    continuous_rows,
    design_sentence,
    margin_sentences,
    sweep_picture,
    tag_shares,
)

SWEEP: dict[str, Any] = {
    "intensity_factors": [0.8, 0.9, 1.0, 1.1, 1.2],
    "complete_cut_offs": [0.7, 0.8],
    "complete": 0.8,
    "scores": [["3+", "3+", "3+", "2+", "2+"], ["3+", "3+", "2+", "2+", "2+"]],
    "same_fraction": 0.5,
    "flips": [{"intensity_factor": 0.9, "complete": 0.8, "score": "3+"}],
    "nearest": {"intensity_factor": 0.9, "complete": 0.8, "score": "3+"},
}
CONTINUOUS: dict[str, Any] = {
    "h_score": 143.2,
    "h_score_weighted": 123.1,
    "qcs": {"od": 0.2, "fraction": 0.702},
    "proximity": {"od": 0.2, "radius_um": 25.0, "fraction": 0.9},
    "connectivity": None,
    "calibrated": True,
}


def _plain(text: str) -> str:
    return text.replace("\u202f", " ")


def test_cells_to_another_score_in_words() -> None:
    margin = {"higher": {"cells": 45, "score": "3+"}, "lower": {"cells": 402, "score": "1+"}}
    up, down = margin_sentences({"cells_to_other_score": margin, "n_cells": 946})
    assert _plain(up) == (
        "The score would be 3+ if 45 of the 946 tumour cells (4.8 %) were read as more strongly or more "
        "completely stained."
    )
    assert "1+ if 402 of" in _plain(down)
    assert down.endswith("unstained.")
    one = margin_sentences(
        {"cells_to_other_score": {"higher": None, "lower": margin["lower"]}, "n_cells": 946}
    )
    assert one == [down]
    assert margin_sentences({"n_cells": 946}) == []


def test_the_design_effect_as_independent_cells() -> None:
    assert "say as much as 104 independent ones" in _plain(
        design_sentence({"n_cells": 946, "design_effect": 9.0629})
    )
    assert design_sentence({"n_cells": 946, "design_effect": None}) == ""


def test_tags_are_told_where_more_than_one_came_out() -> None:
    shares = {"her2-null": 0.0, "none": 0.967, "her2-positive": 0.033}
    assert _plain(tag_shares({"tag_ci": shares})) == "no tag before ISH 96.7 %, HER2-positive 3.3 %"
    assert tag_shares({"tag_ci": {"her2-low": 1.0, "none": 0.0}}) == tag_shares({}) == ""


def test_the_picture_of_the_sweep_has_completeness_upwards() -> None:
    picture = sweep_picture({"score": "2+", "threshold_sweep": SWEEP})
    assert picture is not None
    assert picture.here == pytest.approx((0.5, 0.25))
    assert picture.nearest == pytest.approx((0.3, 0.25))
    widths = [(patch.style, round(patch.width, 3), round(patch.y, 3)) for patch in picture.patches]
    assert widths == [("g3", 0.6, 0.5), ("g2", 0.4, 0.5), ("g3", 0.4, 0.0), ("g2", 0.6, 0.0)]
    assert {label.text for label in picture.labels} == {"2+", "3+"}
    assert [_plain(mark.label) for mark in picture.y_ticks] == ["70 %", "80 %"]
    assert _plain(picture.says) == (
        "50 % of the settings give 2+. The nearest other score is 3+: density cut-offs 10 % lower."
    )


def test_a_sweep_along_completeness_and_one_without_a_flip() -> None:
    nearest = {"intensity_factor": 1.0, "complete": 0.7, "score": "3+"}
    picture = sweep_picture({"score": "2+", "threshold_sweep": SWEEP | {"nearest": nearest}})
    assert picture is not None
    assert _plain(picture.says).endswith("3+: “complete” from 70 % of the contour.")
    still = sweep_picture({"score": "2+", "threshold_sweep": SWEEP | {"nearest": None}})
    assert still is not None
    assert (still.nearest, still.says) == (None, "The score is 2+ at every setting.")
    assert sweep_picture({"score": "2+"}) is None


def test_measures_without_classes_are_told_with_their_settings() -> None:
    rows = {
        name: (_plain(value), _plain(meaning))
        for name, value, meaning in continuous_rows({"continuous": CONTINUOUS})
    }
    assert rows["H-score by completeness"][0] == "123"
    assert rows["QCS"] == ("70.2 %", "cells with a membrane density of 0.20 or more (calibrated)")
    assert rows["Spatial proximity"][1].endswith("within 25 µm")
    assert rows["Membrane connectivity"][0] == "not given"
    assert continuous_rows({}) == []


def test_the_page_shows_all_of_it_and_the_words_of_the_recipe(scored: ScoredSlide) -> None:
    score = {
        **scored.score,
        "threshold_sweep": SWEEP,
        "continuous": CONTINUOUS,
        "cells_to_other_score": {"higher": {"cells": 45, "score": "3+"}, "lower": None},
        "display": {"category": "2+ (by this laboratory)", "tag": None},
    }
    page = _plain(render_report(replace(scored, score=score)))
    assert "How firmly the score stands" in page
    assert "The score would be 3+ if 45 of" in page
    assert "50 % of the settings give 2+" in page
    assert "2+ (by this laboratory)" in page
    assert "How firmly the score stands" not in render_report(scored)
