"""The results of a run, from its folder and from its table."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from her2path.errors import ConfigurationError, UsageError
from her2path.qa.change import compare_runs
from her2path.qa.slide_result import FRACTIONS, UNITS
from her2path.store.qa_runs import THINNED, find_reports, flat, read_densities, read_results

SCORE = {
    "slide_id": "one",
    "status": "scored",
    "reason": None,
    "score": "2+",
    "category": "IHC2",
    "her2_status": "equivocal",
    "tag": None,
    "rule_fired": "complete-weak-to-moderate",
    "n_cells": 120,
    "fractions": {"N": 0.75, "WC": 0.25},
    "h_score": 50.0,
    "complete_intense_fraction": 0.0,
    "membrane_od": {"mean": 0.25, "p10": None, "p50": 0.24, "p90": 0.4},
    "borderline": False,
    "engine": "cnn",
    "mpp": 0.25,
    "rulebook": {"id": "breast-2018"},
    "recipe_digest": "d",
}
RUN = {"versions": {"numpy": "2"}, "recipe": {"grading": {"weak_od": 0.2}}, "seconds": {"tiles": 1.0}}


def write(folder: Path, score: Mapping[str, object], run: Mapping[str, object] | None = None) -> None:
    folder.mkdir(parents=True)
    (folder / "score.json").write_text(json.dumps(score), encoding="utf-8")
    if run is not None:
        (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")


def test_a_folder_tells_decisions_measures_and_settings(tmp_path: Path) -> None:
    write(tmp_path / "one", SCORE, RUN)
    (one,) = read_results(tmp_path)
    assert one.slide_id == "one"
    assert one.decisions == {
        "status": "scored", "score": "2+", "category": "IHC2", "her2_status": "equivocal", "tag": None,
    }  # fmt: skip
    assert one.measures.keys() == UNITS.keys()
    assert (one.measures["fractions.WC"], one.measures["fractions.SC"]) == (0.25, None)
    assert (one.measures["membrane_od.p50"], one.measures["membrane_od.p10"]) == (0.24, None)
    assert one.measures["n_cells"] == 120
    assert one.settings["recipe.grading.weak_od"] == 0.2
    assert one.settings["versions.numpy"] == "2"
    assert one.settings["mpp"] == 0.25
    assert not any(key.startswith("seconds") for key in one.settings)
    assert (one.rule, one.borderline) == ("complete-weak-to-moderate", False)


def test_a_slide_without_cells_has_none_of_the_measures(tmp_path: Path) -> None:
    write(
        tmp_path / "one", SCORE | {"fractions": None, "membrane_od": None, "h_score": None, "n_cells": None}
    )
    (one,) = read_results(tmp_path)
    assert {one.measures[name] for name in FRACTIONS} == {None}
    assert one.measures["membrane_od.p50"] is None
    assert "recipe" not in {key.partition(".")[0] for key in one.settings}


def test_a_slide_that_only_the_table_has_is_taken_from_there(tmp_path: Path) -> None:
    write(tmp_path / "one", SCORE, RUN)
    rows: list[dict[str, str | None]] = [
        {"slide_id": "one", "status": "scored", "score": "3+"},
        {"slide_id": "two", "status": "failed", "score": None},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "cohort.parquet")
    results = {one.slide_id: one for one in read_results(tmp_path)}
    assert results["one"].decisions["score"] == "2+"
    assert results["two"].decisions == {"status": "failed", "score": None}


def test_a_table_tells_less(tmp_path: Path) -> None:
    path = tmp_path / "cohort.csv"
    path.write_text(
        "slide_id,score,h_score,borderline,rulebook\n007,2+,110.5,true,breast-2018\n8,,,,\n", encoding="utf-8"
    )
    first, second = read_results(path)
    assert (first.slide_id, first.decisions, first.measures) == ("007", {"score": "2+"}, {"h_score": 110.5})
    assert first.borderline is True
    assert first.settings == {"rulebook.id": "breast-2018"}
    assert (second.decisions, second.measures, second.borderline) == (
        {"score": None},
        {"h_score": None},
        None,
    )


def test_every_mistake_in_a_table_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cohort.csv"
    path.write_text("slide_id,h_score\na,many\na,1\n,2\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_results(path)
    assert caught.value.problems == (
        "row 2, column h_score: 'many' is no number",
        "row 3, column slide_id: 'a' is there twice",
        "row 4, column slide_id: is missing",
    )


def test_nothing_and_damage_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no results"):
        read_results(tmp_path)
    write(tmp_path / "one", SCORE, RUN)
    (tmp_path / "one" / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"run\.json cannot be read"):
        read_results(tmp_path)
    (tmp_path / "one" / "score.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"score\.json cannot be read"):
        read_results(tmp_path)


def test_a_document_is_flattened_with_the_names_of_its_items() -> None:
    document = {
        "rules": [{"name": "a", "threshold": 10.0}, {"threshold": 5}],
        "grades": [0, 1],
        "none": None,
        "deep": {"list": [[1, 2], [3]]},
    }
    assert flat(document) == {
        "rules[a].name": "a",
        "rules[a].threshold": 10.0,
        "rules[1].threshold": 5,
        "grades": "0, 1",
        "none": None,
        "deep.list[0]": "1, 2",
        "deep.list[1]": "3",
    }


def test_densities_are_those_of_counted_cells_thinned(tmp_path: Path) -> None:
    n = 3 * THINNED
    cells = {"counted": [True] * n + [False, True], "membrane_od": [0.2] * n + [9.0, None]}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table(cells), tmp_path / name / "cells.parquet")
    first, second = read_densities(tmp_path)
    assert len(first) == len(second) == THINNED
    assert np.unique(first).tolist() == [0.2]
    (tmp_path / "two" / "cells.parquet").write_bytes(b"no table")
    with pytest.raises(UsageError, match=r"two/cells\.parquet cannot be read"):
        read_densities(tmp_path)


def test_the_folder_and_its_table_agree_on_what_both_tell(tmp_path: Path) -> None:
    write(tmp_path / "one", SCORE, RUN)
    (one,) = read_results(tmp_path)
    table = tmp_path / "cohort.csv"
    table.write_text(
        "slide_id,status,score,category,her2_status,tag,n_cells,h_score,rulebook,recipe_digest\n"
        "one,scored,2+,IHC2,equivocal,,120,50.0,breast-2018,d\n",
        encoding="utf-8",
    )
    change = compare_runs([one], read_results(table))
    assert change.is_none
    assert change.differences == ()
    assert {move.what for move in change.moves} == {"n_cells", "h_score"}


def test_reports_are_found_from_where_the_page_lies(tmp_path: Path) -> None:
    write(tmp_path / "old" / "a #1", SCORE)
    write(tmp_path / "old" / "b", SCORE)
    (tmp_path / "old" / "a #1" / "report.html").write_text("x", encoding="utf-8")
    assert find_reports(tmp_path / "old", tmp_path / "new" / "qa") == {
        "a #1": "../../old/a%20%231/report.html"
    }
    assert find_reports(tmp_path / "old" / "cohort.csv", tmp_path) == {}
