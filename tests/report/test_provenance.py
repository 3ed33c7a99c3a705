"""Provenance: colours as the scanner sees them, and nothing invented."""

import re
from typing import Any

from her2path.pipeline.result import ScoredSlide
from her2path.report.numbers import NOT_GIVEN
from her2path.report.provenance import pixel_size, provenance_tables, stage_rows, stain_swatches


def test_swatches_look_like_the_stains(scored: ScoredSlide) -> None:
    swatches = dict(stain_swatches(scored.score["stains"]))
    rgb = {
        name: [int(v) for v in re.findall(r"\d+", swatch.colour or "")] for name, swatch in swatches.items()
    }
    assert rgb["White point"] == [242, 241, 239]
    assert rgb["DAB"][0] > rgb["DAB"][1] > rgb["DAB"][2]
    assert rgb["Haematoxylin"][2] == max(rgb["Haematoxylin"])
    assert swatches["Source"].text == "estimated"


def test_missing_stains_have_no_colour() -> None:
    assert {swatch.colour for _, swatch in stain_swatches(None)} == {None}
    assert {swatch.text for _, swatch in stain_swatches(None)} == {NOT_GIVEN}


def test_an_empty_run_is_not_given(scored: ScoredSlide) -> None:
    nothing: dict[str, Any] = dict.fromkeys(scored.score)
    rows = dict(row for _, table in provenance_tables(nothing, {}) for row in table)
    assert rows["Objective"] == rows["Peak memory"] == rows["Slide SHA-256"] == NOT_GIVEN
    assert stage_rows({}) == [("Stages", NOT_GIVEN, "")]


def test_stages_keep_their_order_and_pixels() -> None:
    rows = stage_rows({"seconds": {"open": 0.4, "tiles": 66.0}, "pixels": {"tiles": 2e6, "maps": None}})
    assert [row[0] for row in rows] == ["open", "tiles", "maps"]
    assert rows[1][2].startswith("2.0")
    assert rows[2] == ("maps", NOT_GIVEN, "")


def test_pixel_size_of_either_form() -> None:
    assert pixel_size(0.25) == pixel_size((0.25, 0.25)) == "0.2500\u202fµm"
    assert pixel_size((0.25, 0.5)) == "0.2500 high, 0.5000\u202fµm wide"
    assert pixel_size(None) == NOT_GIVEN


def test_both_axes_are_told_where_they_differ(scored: ScoredSlide) -> None:
    score = {**scored.score, "mpp": 0.3536, "mpp_yx": [0.25, 0.5]}
    rows = dict(row for _, table in provenance_tables(score, scored.run) for row in table)
    assert rows["Pixel size"] == "0.2500 high, 0.5000\u202fµm wide"


def test_controls_are_told_where_there_are_any(scored: ScoredSlide) -> None:
    calibration = {
        "assay": "HER2 IHC",
        "clone": "4B5",
        "scanner": "A",
        "date": "2026-01-31",
        "levels": ["0", "1+", "3+"],
        "measured_od": [0.0, 0.1, 0.5],
        "expected_od": [0.0, 0.2, 1.0],
        "n_controls": 9,
    }
    recipe = {
        "clone": "4B5",
        "grading": {"calibration": calibration},
        "statistics": {"presence_limit_of_blank": 0.012},
    }
    tables = dict(provenance_tables(scored.score, {"recipe": recipe}))
    rows = dict(tables["Assay and controls"])
    assert (rows["Clone"], rows["Limit of blank"]) == ("4B5", "1.2\u202f%")
    assert rows["Limit of detection"] == NOT_GIVEN
    assert rows["Calibration"] == "HER2 IHC, clone 4B5, A"
    assert rows["Density of the reference"] == "0, 0.2, 1"
    assert dict(provenance_tables(scored.score, {})[2][1])["Calibration"] == NOT_GIVEN
