"""The cohort table is what a study is made from: no slide may be lost, doubled or change its type."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.errors import OutputError
from her2path.store.claims import claim
from her2path.store.cohort import COHORT_COLUMNS, cohort_row, read_cohort, rebuild_rows, write_cohort

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
    assert row["flags"] is None


def test_a_row_names_the_flags_that_must_be_looked_at() -> None:
    flags = [
        {"code": code, "severity": severity}
        for code, severity in (
            ("FOLD", "info"),
            ("BORDERLINE", "warning"),
            ("FOLD", "warning"),
            ("FOLD", "warning"),
        )
    ]
    assert cohort_row(SCORED | {"flags": flags})["flags"] == "BORDERLINE FOLD"


def test_a_column_of_the_manifest_with_a_name_of_the_programs_own_travels_too() -> None:
    row = cohort_row(SCORED, {"path": "x", "slide_id": "a", "rulebook": "breast-2013", "score": "2+"})
    assert (row["score"], row["manifest_score"], row["rulebook"]) == ("1+", "2+", "breast-2018")
    assert set(row) == {*COHORT_COLUMNS, "manifest_score"}


def test_a_row_made_without_a_manifest_names_no_column_of_one() -> None:
    assert set(cohort_row(SCORED)) == set(COHORT_COLUMNS) - {"case_id"}
    assert cohort_row(SCORED, {"site": "north"})["case_id"] is None


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


def test_what_only_a_manifest_tells_stays_where_a_slide_is_scored_without_one(tmp_path: Path) -> None:
    line = {"case_id": "K1", "manual_score": "2+", "score": "mine"}
    again = cohort_row(SCORED | {"score": "3+"})
    write_cohort(tmp_path, [cohort_row(SCORED, line), cohort_row(FAILED, {"case_id": "K2"})])
    write_cohort(tmp_path, [again, cohort_row(SCORED | {"slide_id": "c"})])
    first, second, third = rows_of(tmp_path)
    assert {name: first[name] for name in ("score", "case_id", "manual_score", "manifest_score")} == {
        "score": "3+",
        "case_id": "K1",
        "manual_score": "2+",
        "manifest_score": "mine",
    }
    assert (second["case_id"], third["case_id"], third["manual_score"]) == ("K2", None, None)
    write_cohort(tmp_path, [cohort_row(SCORED, line | {"manual_score": "1+"}), again])
    assert [rows_of(tmp_path)[0][name] for name in ("score", "manual_score")] == ["3+", "1+"]
    write_cohort(tmp_path, [cohort_row(SCORED, {"case_id": None, "manual_score": None})])
    assert [rows_of(tmp_path)[0][name] for name in ("case_id", "manual_score", "manifest_score")] == [
        None
    ] * 3


def test_nan_is_null(tmp_path: Path) -> None:
    write_cohort(tmp_path, [cohort_row(SCORED | {"h_score": float("nan")})])
    assert rows_of(tmp_path)[0]["h_score"] is None


def test_the_types_of_a_table_stay_and_columns_that_older_versions_lack_are_null(tmp_path: Path) -> None:
    old = [{"slide_id": "a", "n_cells": 5, "h_score": 1.5, "borderline": True, "site": "north"}]
    pq.write_table(pa.Table.from_pylist(old), tmp_path / "cohort.parquet")
    write_cohort(tmp_path, [cohort_row(FAILED)])
    first, _ = rows_of(tmp_path)
    assert {name: first[name] for name in old[0]} == old[0]
    assert first["software"] is None
    written = pq.read_schema(tmp_path / "cohort.parquet")
    assert [written.field(name).type for name in COHORT_COLUMNS] == list(COHORT_COLUMNS.values())


def test_the_last_of_two_rows_of_a_slide_counts(tmp_path: Path) -> None:
    write_cohort(tmp_path, [cohort_row(FAILED), cohort_row(FAILED | {"status": "scored"})])
    assert [row["status"] for row in rows_of(tmp_path)] == ["scored"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.tuples(st.sampled_from("abcÄ"), st.integers(0, 9)), max_size=4), max_size=4))
def test_however_rows_come_each_slide_has_its_last_one(calls: list[list[tuple[str, int]]]) -> None:
    with TemporaryDirectory() as folder:
        for rows in calls:
            write_cohort(Path(folder), [cohort_row({"slide_id": name, "n_cells": n}) for name, n in rows])
        found = rows_of(Path(folder)) if calls else []
    last = dict(row for rows in calls for row in rows)
    assert [(row["slide_id"], row["n_cells"]) for row in found] == sorted(last.items())


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_half_a_table_is_made_again_from_the_folders_and_that_is_said(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "cohort.parquet"
    for score in (SCORED, FAILED):
        (tmp_path / score["slide_id"]).mkdir()
        (tmp_path / score["slide_id"] / "score.json").write_bytes(orjson.dumps(score))
    write_cohort(tmp_path, [cohort_row(SCORED), cohort_row(FAILED)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    notice = write_cohort(tmp_path, [cohort_row(SCORED | {"slide_id": "c"}, {"site": "north"})])
    assert [(row["slide_id"], row["status"], row["site"]) for row in rows_of(tmp_path)] == [
        ("a", "scored", None),
        ("b", "failed", None),
        ("c", "scored", "north"),
    ]
    assert notice is not None
    assert "from the folders of 2 slides" in notice
    assert (tmp_path / "cohort.parquet.broken").stat().st_size == int(len(whole) * kept)


def test_reading_a_broken_table_gives_its_rows_and_leaves_it_to_whoever_writes(tmp_path: Path) -> None:
    assert read_cohort(tmp_path) == []
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "score.json").write_bytes(orjson.dumps(SCORED))
    (tmp_path / "cohort.parquet").write_bytes(b"broken")
    assert [row["slide_id"] for row in read_cohort(tmp_path)] == ["a"]
    assert write_cohort(tmp_path, []) is not None
    assert [row["slide_id"] for row in read_cohort(tmp_path)] == ["a"]
    assert (tmp_path / "cohort.parquet.broken").read_bytes() == b"broken"


def test_nothing_is_said_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert write_cohort(tmp_path, [cohort_row(SCORED)]) is None
    assert write_cohort(tmp_path, []) is None


def test_what_is_no_result_is_not_in_a_table_that_is_made_again(tmp_path: Path) -> None:
    for name, content in {
        "a": b"{",
        "b": b"{}",
        ".c.new": orjson.dumps(SCORED),
        "d": orjson.dumps(SCORED),
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "score.json").write_bytes(content)
    assert [row["slide_id"] for row in rebuild_rows(tmp_path)] == ["a"]


def test_a_disk_that_cannot_be_read_is_no_broken_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(path: Path) -> None:
        raise OSError(5, "Input/output error")

    write_cohort(tmp_path, [cohort_row(SCORED)])
    monkeypatch.setattr(pq, "read_table", unreadable)
    with pytest.raises(OutputError, match="Input/output error"):
        write_cohort(tmp_path, [cohort_row(FAILED)])
    monkeypatch.undo()
    assert [row["slide_id"] for row in rows_of(tmp_path)] == ["a"]


def test_what_a_program_that_died_had_half_written_is_cleared_away(tmp_path: Path) -> None:
    for name in (".cohort.parquet.4242", ".cohort.csv.4242"):
        (tmp_path / name).write_bytes(b"half")
    write_cohort(tmp_path, [cohort_row(SCORED)])
    assert {path.name for path in tmp_path.iterdir()} == {".claims", "cohort.parquet", "cohort.csv"}


def test_a_table_that_another_process_holds_is_waited_for_and_then_told(tmp_path: Path) -> None:
    with claim(tmp_path, "cohort.parquet"), pytest.raises(OutputError, match=f"process {os.getpid()}"):
        write_cohort(tmp_path, [cohort_row(SCORED)], patience_s=0.01)


HAMMER = """
import sys
from pathlib import Path
from her2path.store.cohort import cohort_row, write_cohort
for k in range(10):
    write_cohort(Path(sys.argv[1]), [cohort_row({"slide_id": f"{sys.argv[2]}{k:02d}", "status": "scored"})])
"""


def test_two_processes_that_write_at_once_lose_no_row_of_each_other(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", HAMMER, tmp_path, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    names = [f"{name}{k:02d}" for name in "ab" for k in range(10)]
    assert [row["slide_id"] for row in rows_of(tmp_path)] == names
    with (tmp_path / "cohort.csv").open(newline="", encoding="utf-8") as file:
        assert [row["slide_id"] for row in csv.DictReader(file)] == names
