"""A batch as it is told: a live picture, plain lines, JSON lines, next to nothing when quiet."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from her2path.batch.look import LookRow, look_row
from her2path.cli.batch_console import PROGRESS_EVERY_S, BatchConsole

SCORED: dict[str, Any] = {
    "slide_id": "S12",
    "status": "scored",
    "reason": None,
    "score": "2+",
    "category": "IHC2",
    "tag": None,
    "n_cells": 8113,
    "seconds": 12.1,
    "flags": [],
    "borderline": True,
    "score_ci": {"0": 0.0, "1+": 0.0, "2+": 0.9, "3+": 0.1},
    "area_mm2": {"analysed": 143.0},
}
FAILED = {
    **SCORED,
    "slide_id": "S13",
    "status": "failed",
    "score": None,
    "n_cells": None,
    "borderline": None,
    "score_ci": None,
    "area_mm2": None,
    "reason": "S13.svs is empty; copy it again",
}


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def tell(console: BatchConsole, clock: Clock, *, finish: bool = True) -> None:
    """A batch of two slides, one of which was scored before."""
    console.begin(3, 1, 2e9)
    console.started("S12", 1, n_bytes=1e9, host="node7")
    console.retrying("S12", "the drive is away", 30.0)
    console.started("S12", 2, n_bytes=1e9)
    console.started("S13", 1, n_bytes=1e9)
    for _ in range(3):
        console.waiting(["S13"], ["host node9, process 4242, since 21:14"])
        console.started("S13", 1, n_bytes=1e9)
    clock.now_s += PROGRESS_EVERY_S
    console.tick()
    console.tick()
    console.ended(SCORED, False)
    console.ended(FAILED, False)
    if finish:
        rows = [LookRow("S1", "scored", score="0"), look_row(SCORED), look_row(FAILED)]
        console.finish(rows, ["the registry lacks 3 rows"])


def printed(
    capsys: pytest.CaptureFixture[str], folder: Path, *, quiet: bool = False, as_json: bool = False
) -> Any:
    clock = Clock()
    with BatchConsole(folder, quiet=quiet, as_json=as_json, now=clock) as console:
        tell(console, clock)
    return capsys.readouterr()


def interrupt(console: BatchConsole, clock: Clock, *, finish: bool) -> None:
    with console:
        tell(console, clock, finish=False)
        if finish:
            console.finish([look_row(SCORED), LookRow("S14", "running"), LookRow("S15", "queued")])
        raise KeyboardInterrupt


def test_a_log_has_a_line_a_slide_and_the_summary(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "cohort.csv").touch()
    lines = printed(capsys, tmp_path).out.splitlines()
    assert lines == [
        "1 of 3 slides are scored already",
        "progress: 1 of 3 slides, 0.0 mm²",
        "S12: the drive is away; trying again in 30 s",
        "S13: another batch is scoring it (host node9, process 4242, since 21:14)",
        "progress: 1 of 3 slides, 0.0 mm², 1 tried again; now: S12, S13; 1 held by another batch",
        "[2/3] S12: 2+ (IHC2), 8,113 tumour cells, 12.1 s",
        "[3/3] S13: failed: S13.svs is empty; copy it again",
        "",
        "3 slides in 1 min: 2 scored, 1 failed",
        "1 of them scored before, or by another batch",
        "scores: 0 in 1, 2+ in 1",
        "120 slides/h, 8,580 mm²/h",
        "",
        "2 slides to look at:",
        "failed (1)",
        "  S13  S13.svs is empty; copy it again",
        "scored, close to another score (1)",
        "  S12  2+  borderline between 2+ (90 %) and 3+ (10 %)",
        "",
        "the registry lacks 3 rows",
        f"cohort: {tmp_path / 'cohort.csv'}",
        "run the same command again to try the 1 that failed",
    ]


def test_quiet_prints_failures_and_what_needs_a_look(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    told = printed(capsys, tmp_path, quiet=True)
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[:2] == ["[3/3] S13: failed: S13.svs is empty; copy it again", "2 slides to look at:"]
    assert lines[-1] == "run the same command again to try the 1 that failed"


def test_machines_read_an_object_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    events = [orjson.loads(line) for line in printed(capsys, tmp_path, as_json=True).out.splitlines()]
    names = [event["event"] for event in events]
    assert names == [
        "progress", "begin", "retry", "begin", "begin", "waiting", "progress", "end", "end", "summary"
    ]  # fmt: skip
    assert all("time" in event for event in events)
    end, summary = events[-2], events[-1]
    assert set(end) == {
        "time", "event", "slide_id", "resumed", "status", "reason", "score", "category", "tag", "n_cells",
        "seconds",
    }  # fmt: skip
    assert (summary["counts"], summary["scores"]) == ({"scored": 2, "failed": 1}, {"0": 1, "2+": 1})
    assert [look["group"] for look in summary["look"]] == ["failed", "borderline"]
    assert summary["look"][0]["reasons"] == [FAILED["reason"]]
    assert summary["problems"] == ["the registry lacks 3 rows"]


def test_progress_for_machines_has_the_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    events = [orjson.loads(line) for line in printed(capsys, tmp_path, as_json=True).out.splitlines()]
    begin, later = (event for event in events if event["event"] == "progress")
    assert (begin["done"], begin["total"], begin["already"], begin["bytes_to_do"]) == (1, 3, 1, 2_000_000_000)
    assert later["seconds_left"] is None
    assert later["now"][0] == {"slide_id": "S12", "host": None, "seconds": 60.0}


def test_a_slide_whose_result_stood_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with BatchConsole(tmp_path, quiet=False, as_json=False) as console:
        console.begin(1, 0, 1e9)
        console.ended(SCORED, True)
    assert capsys.readouterr().out.rstrip().endswith("(stood already)")


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("finish", [False, True])
def test_an_interrupted_batch_says_once_what_is_kept_and_how_to_go_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, finish: bool, quiet: bool
) -> None:
    console = BatchConsole(tmp_path, quiet=quiet, as_json=False, now=(clock := Clock()))
    with pytest.raises(KeyboardInterrupt):
        interrupt(console, clock, finish=finish)
    told = capsys.readouterr()
    lines = (told.err if quiet else told.out).splitlines()
    assert len([line for line in lines if "finished slides are kept" in line]) == 1
    assert "run the same command again to go on" in lines[-1]


def test_an_interrupted_batch_tells_machines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), BatchConsole(tmp_path, quiet=False, as_json=True):
        raise KeyboardInterrupt
    assert orjson.loads(capsys.readouterr().out)["event"] == "interrupted"


def test_names_are_printed_as_they_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for as_json in (False, True):
        with BatchConsole(tmp_path, quiet=False, as_json=as_json) as console:
            console.begin(1, 0, 1e9)
            console.ended({**FAILED, "slide_id": "[red]a:smile:", "reason": "bytes \udcff, \x1b[2J"}, False)
        told = capsys.readouterr().out
        assert "[red]a:smile:" in told
        assert "\x1b" not in told


def test_a_terminal_shows_how_far_it_is_and_what_is_in_work(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "60"}.items():
        monkeypatch.setenv(name, value)
    clock = Clock()
    with BatchConsole(tmp_path, quiet=False, as_json=False, now=clock) as console:
        tell(console, clock, finish=False)
        console.started("S14", 1, host="node7")
        clock.now_s += 75
        console.tick()
    shown = capsys.readouterr().out
    assert "3 of 3 slides" in shown
    assert "143 mm²" in shown
    assert "1 tried again · 1 failed" in shown
    assert "S14  1 min  node7" in shown
    assert "progress:" not in shown
