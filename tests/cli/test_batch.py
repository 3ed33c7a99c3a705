"""``batch``: every slide one row; what is finished stands; nothing starts with a mistake."""

import csv
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from PIL import Image

from her2path.cli import batch_crew, batch_work
from her2path.errors import OutputError
from her2path.pipeline.run import score_unless_done

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_crew, "_has_dask", lambda: False)


def manifest(folder: Path, rows: Sequence[Sequence[object]], *, head: Sequence[str] = ("path",)) -> Path:
    path = folder / "manifest.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def rows_of(out: Path) -> dict[str, dict[str, Any]]:
    return {row["slide_id"]: row for row in pq.read_table(out / "cohort.parquet").to_pylist()}


def last_run(out: Path) -> Any:
    return orjson.loads(sorted((out / "runs").glob("*.json"))[-1].read_bytes())


@pytest.fixture
def three(tmp_path: Path, strong_svs: Path) -> Path:
    """One good slide, one without a pixel size, one that is not there."""
    Image.fromarray(np.full((300, 300, 3), 220, np.uint8)).save(tmp_path / "field.png")
    rows = [(strong_svs, "P1", "B3"), ("field.png", "P2", ""), ("gone.svs", "P3", "B4")]
    return manifest(tmp_path, rows, head=("path", "case_id", "block"))


def test_every_slide_has_a_row_and_the_good_one_is_scored_as_by_score(
    call: Call, three: Path, results: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = call("batch", three, "--out", out)
    assert ran.code == 1
    rows = rows_of(out)
    assert {name: row["status"] for name, row in rows.items()} == {
        "strong": "scored",
        "field": "failed",
        "gone": "failed",
    }
    assert "--mpp" in rows["field"]["reason"]
    assert "check the path" in rows["gone"]["reason"]
    assert [(rows[name]["case_id"], rows[name]["block"]) for name in ("strong", "field")] == [
        ("P1", "B3"),
        ("P2", None),
    ]
    table = pyarrow.csv.read_csv(out / "cohort.csv")
    assert table["slide_id"].to_pylist() == ["field", "gone", "strong"]
    for name in ("cells.parquet", "heterogeneity.parquet"):
        assert (out / "strong" / name).read_bytes() == (results / "strong" / name).read_bytes()
    assert {path.name for path in (out / "strong").iterdir()} >= {
        "score.json",
        "report.html",
        "thumbnail.jpg",
    }
    assert "cohort" in (out / "cohort.html").read_text().lower()


def test_what_stands_is_not_scored_again_and_what_failed_is_tried_again(
    call: Call, three: Path, tmp_path: Path, strong_svs: Path
) -> None:
    out = tmp_path / "out"
    assert call("batch", three, "--out", out).code == 1
    before = (out / "strong" / "score.json").stat()
    shutil.copy(strong_svs, tmp_path / "gone.svs")
    (tmp_path / "field.png").unlink()
    shutil.copy(strong_svs, tmp_path / "field.png.svs")
    ran = call("batch", three, "--out", out)
    assert (out / "strong" / "score.json").stat().st_mtime_ns == before.st_mtime_ns
    assert "1 of 3 slides are scored already" in ran.out
    assert {name: row["status"] for name, row in rows_of(out).items()} == {
        "strong": "scored",
        "field": "failed",
        "gone": "scored",
    }
    assert ran.code == 1


def test_a_changed_recipe_scores_again_beside_the_old_result(
    call: Call, strong_svs: Path, tmp_path: Path
) -> None:
    out, given = tmp_path / "out", manifest(tmp_path, [(strong_svs,)])
    assert call("batch", given, "--out", out).code == 0
    old = (out / "strong" / "score.json").read_bytes()
    assert call("batch", given, "--out", out, "--rulebook", "breast-2013").code == 0
    assert rows_of(out)["strong"]["rulebook"] == "breast-2013"
    (kept,) = (out / "earlier" / "strong").glob("*/score.json")
    assert kept.read_bytes() == old
    # And back again, without a pixel being read.
    assert call("batch", given, "--out", out).code == 0
    assert (out / "strong" / "score.json").read_bytes() == old
    assert rows_of(out)["strong"]["rulebook"] == "breast-2018"


def test_every_mistake_is_told_and_nothing_is_started(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = manifest(
        tmp_path, [(strong_svs, "hair", "1"), ("b.svs", "biopsy", "x")], head=("path", "specimen", "mpp")
    )
    ran = call("batch", given, "--out", out, "--scheduler", "here", "--shard", "3/2")
    assert ran.code == 2
    for said in ("row 2, column specimen", "row 3, column mpp", "--scheduler", "--shard"):
        assert said in ran.error
    assert not out.exists()


def test_a_part_of_a_manifest_names_its_slides_as_the_whole_does(
    call: Call, strong_svs: Path, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(strong_svs, tmp_path / folder / "slide.svs")
    given = manifest(tmp_path, [("a/slide.svs",), ("b/slide.svs",)])
    out = tmp_path / "out"
    assert call("batch", given, "--out", out, "--shard", "2/2").code == 0
    (second,) = rows_of(out)
    assert second.startswith("slide-")
    assert call("batch", given, "--out", out, "--shard", "1/2").code == 0
    assert set(rows_of(out)) == {"slide", second}


def test_a_full_disk_stops_the_batch_and_the_next_run_finishes_it(
    call: Call, strong_svs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, given = tmp_path / "out", manifest(tmp_path, [(strong_svs,), ("gone.svs",), ("gone-2.svs",)])

    def full(*_: object, **__: object) -> None:
        raise OutputError("strong cannot be written (No space left on device)") from OSError(28, "full")

    with monkeypatch.context() as patched:
        patched.setattr(batch_work, "publisher", lambda **_: full)
        ran = call("batch", given, "--out", out, "--retries", "0")
    assert ran.code == 1
    assert "No space left on device" in ran.out
    assert "run the same command again" in ran.out
    assert rows_of(out)["strong"]["status"] == "failed"
    assert rows_of(out)["gone-2"]["status"] == "queued"  # nothing more was begun
    assert call("batch", given, "--out", out).code == 1  # the one that is not there
    assert rows_of(out)["strong"]["status"] == "scored"


def test_a_manifest_is_not_written_over(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    given = manifest(tmp_path, [(strong_svs,)]).rename(tmp_path / "cohort.csv")
    before = given.read_bytes()
    ran = call("batch", given, "--out", tmp_path)
    assert ran.code == 2
    assert "is the manifest" in ran.error
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "cohort.html").write_text("mine")
    ran = call("batch", given, "--out", tmp_path / "results")
    assert ran.code == 2
    assert "is not of her2path" in ran.error
    assert given.read_bytes() == before


def test_a_slide_that_was_moved_is_the_same_slide(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    slide = tmp_path / "strong.svs"
    shutil.copy2(strong_svs, slide)
    assert call("batch", slide, "--out", out).code == 0
    (tmp_path / "archive").mkdir()
    slide.rename(tmp_path / "archive" / "strong.svs")
    ran = call("batch", tmp_path / "archive", "--out", out)
    assert "1 of 1 slides are scored already" in ran.out
    assert set(rows_of(out)) == {"strong"}


def test_a_scheduler_that_is_not_there_starts_nothing(
    call: Call, three: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_crew, "_has_dask", lambda: True)
    dask_crew = pytest.importorskip("her2path.runners.dask")
    monkeypatch.setattr(dask_crew, "CONNECT_S", 0.2)
    ran = call("batch", three, "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1")
    assert ran.code == 2
    assert "no scheduler answers" in ran.error
    assert not (tmp_path / "out" / "cohort.csv").exists()


def test_a_program_that_breaks_down_on_one_slide_scores_the_others(
    call: Call, strong_svs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(strong_svs, tmp_path / "other.svs")
    out, given = tmp_path / "out", manifest(tmp_path, [(strong_svs,), ("other.svs",)])
    whole = score_unless_done

    def breaks(request: Any, *arguments: Any, **more: Any) -> Any:
        if request.slide_id == "strong":
            raise ZeroDivisionError("division by zero")
        return whole(request, *arguments, **more)

    monkeypatch.setattr(batch_work, "score_unless_done", breaks)
    ran = call("batch", given, "--out", out)
    assert ran.code == 1
    rows = rows_of(out)
    assert rows["other"]["status"] == "scored"
    assert "ZeroDivisionError" in rows["strong"]["reason"]
    assert orjson.loads((out / "strong" / "score.json").read_bytes())["status"] == "failed"
    (line,) = (line for line in last_run(out)["slides"] if line["slide_id"] == "strong")
    assert "in breaks" in line["traceback"]


def test_the_registry_tells_what_happened(call: Call, three: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call("batch", three, "--out", out)
    with sqlite3.connect(out / "registry.sqlite") as database:
        states = dict(database.execute("SELECT slide_id, state FROM states").fetchall())
        runs = database.execute("SELECT n_slides, exit_code FROM runs").fetchall()
        scores = dict(database.execute("SELECT slide_id, score FROM scores").fetchall())
    database.close()
    assert states == {"strong": "scored", "field": "failed", "gone": "failed"}
    assert runs == [(3, 1)]
    assert scores["strong"] == "3+"


def test_a_registry_that_is_none_is_told_before_anything_is_scored(
    call: Call, three: Path, tmp_path: Path
) -> None:
    ran = call("batch", three, "--out", tmp_path / "out", "--database", "mysql://ann:secret@host/db")
    assert ran.code == 2
    assert "secret" not in ran.error
    assert not (tmp_path / "out" / "strong").exists()


def test_a_machine_reads_one_object_a_line(call: Call, three: Path, tmp_path: Path) -> None:
    ran = call("batch", three, "--out", tmp_path / "out", "--log-json")
    events = [orjson.loads(line) for line in ran.out.splitlines()]
    ends = {event["slide_id"]: event["status"] for event in events if event["event"] == "end"}
    assert ends == {"strong": "scored", "field": "failed", "gone": "failed"}
    assert events[-1]["event"] == "summary"
    assert {look["slide_id"] for look in events[-1]["look"]} >= {"field", "gone"}


def wait_for_none_of(group: int) -> list[str]:
    """Give the processes of a group that are still there after some seconds, the dead not counted."""
    until = time.monotonic() + 10
    while True:
        ps = ["ps", "-A", "-o", "pgid=,stat=,args="]
        lines = subprocess.run(ps, capture_output=True, text=True, check=True).stdout.splitlines()
        left = [
            line for line in lines if int(line.split()[0]) == group and not line.split()[1].startswith("Z")
        ]
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.2)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_leaves_no_process(strong_svs: Path, tmp_path: Path) -> None:
    for i in range(6):
        shutil.copy(strong_svs, tmp_path / f"s{i}.svs")
    given, out = manifest(tmp_path, [(f"s{i}.svs",) for i in range(6)]), tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "her2path",
        "batch",
        str(given),
        "--out",
        str(out),
        "--engine",
        "classical",
        "--workers",
        "2",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 60
    while not list(out.glob("s*/score.json")) and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again" in said
    assert not wait_for_none_of(process.pid)
    finished = len(list(out.glob("s*/score.json")))
    assert finished >= 1
    assert {row["status"] for row in rows_of(out).values()} == {"scored"}
    assert subprocess.run(command, stdout=subprocess.PIPE, check=False).returncode == 0
    assert len(rows_of(out)) == 6
