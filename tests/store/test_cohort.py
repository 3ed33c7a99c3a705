"""The cohort table is what a study is made from: no slide may be lost, doubled or change its type."""

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from her2path.errors import OutputError
from her2path.store.cohort import COHORT_COLUMNS, cohort_row, write_cohort

SCORED: dict[str, Any] = {
    "slide_id": "a",
    "path": "x/a.svs",
    "status": "scored",
    "reason": None,
    "score": "1+",
    "n_cells": 5000,
    "h_score": 12.5,
    "borderline": True,
    "rulebook": {"id": "breast-2018", "version": "1"},
    "seconds": 3.5,
    "flags": [],
}
FAILED: dict[str, Any] = {
    "slide_id": "b",
    "path": "x/b.svs",
    "status": "failed",
    "reason": "is empty",
    "rulebook": None,
}


def rows_of(out: Path) -> list[dict[str, Any]]:
    return pq.read_table(out / "cohort.parquet").to_pylist()


def test_a_row_says_what_the_score_says() -> None:
    row = cohort_row(SCORED, {"case_id": "K1", "site": "north", "path": "elsewhere"})
    assert (row["rulebook"], row["score"], row["case_id"], row["site"]) == (
        "breast-2018",
        "1+",
        "K1",
        "north",
    )
    assert row["path"] == "x/a.svs"
    assert "flags" not in row


def test_failed_slides_have_a_row_with_nulls(tmp_path: Path) -> None:
    write_cohort(tmp_path, [cohort_row(FAILED), cohort_row(SCORED)])
    assert [row["slide_id"] for row in rows_of(tmp_path)] == ["a", "b"]
    assert rows_of(tmp_path)[1]["n_cells"] is None
    assert pq.read_schema(tmp_path / "cohort.parquet").names == list(COHORT_COLUMNS)


def test_both_files_hold_the_same(tmp_path: Path) -> None:
    write_cohort(tmp_path, [cohort_row(SCORED, {"note": 'a, "b"'}), cohort_row(FAILED)])
    with (tmp_path / "cohort.csv").open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert list(first) == [*COHORT_COLUMNS, "note"]
    assert (first["n_cells"], first["borderline"], first["note"]) == ("5000", "true", 'a, "b"')
    assert (second["reason"], second["score"]) == ("is empty", "")


def test_slides_of_an_earlier_run_stay_and_a_new_row_wins(tmp_path: Path) -> None:
    write_cohort(tmp_path, [cohort_row(SCORED, {"site": "north"}), cohort_row(FAILED)])
    write_cohort(tmp_path, [cohort_row(FAILED | {"status": "scored"}, {"scanner": "s1"})])
    first, second = rows_of(tmp_path)
    assert (first["slide_id"], first["site"], first["scanner"]) == ("a", "north", None)
    assert (second["status"], second["scanner"]) == ("scored", "s1")


def test_nan_is_null(tmp_path: Path) -> None:
    write_cohort(tmp_path, [cohort_row(SCORED | {"h_score": float("nan")})])
    assert rows_of(tmp_path)[0]["h_score"] is None


def test_a_broken_older_table_is_not_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "cohort.parquet").write_text("broken")
    with pytest.raises(OutputError, match="move it away"):
        write_cohort(tmp_path, [cohort_row(SCORED)])
    assert (tmp_path / "cohort.parquet").read_text() == "broken"
