"""One line a slide for people, one JSON object an event for machines, nothing but failures when quiet."""

from typing import Any

import orjson
import pytest

from her2path.cli.console import Console, sentence

SCORED: dict[str, Any] = {
    "slide_id": "a",
    "status": "scored",
    "reason": None,
    "score": "2+",
    "category": "IHC2",
    "tag": None,
    "n_cells": 12345,
    "seconds": 3.21,
    "flags": [
        {"code": "LOW_CELL_COUNT", "severity": "warning", "detail": ""},
        {"code": "PEN", "severity": "info", "detail": ""},
    ],
}
FAILED = {**SCORED, "status": "failed", "score": None, "reason": "a.svs is empty; copy it again"}
NOT_EVALUABLE = {**SCORED, "status": "not_evaluable", "score": None, "reason": "no tissue"}


def printed(capsys: pytest.CaptureFixture[str], *, quiet: bool = False, as_json: bool = False) -> Any:
    with Console(quiet=quiet, as_json=as_json) as console:
        for score in (SCORED, NOT_EVALUABLE, FAILED):
            console.watch(score["slide_id"])(1, 2)
            console.finished(score, stood=False)
    return capsys.readouterr()


def test_the_line_of_a_score() -> None:
    assert sentence(SCORED) == "2+ (IHC2), 12,345 tumour cells, 3.2 s [LOW_CELL_COUNT]"
    low = sentence({**SCORED, "tag": "her2-low", "status": "partial"})
    assert "her2-low" in low
    assert "(partial)" in low


def test_the_line_of_a_slide_without_a_score_is_its_reason() -> None:
    assert sentence(FAILED) == "failed: a.svs is empty; copy it again"
    assert sentence(NOT_EVALUABLE) == "not evaluable: no tissue"


def test_one_plain_line_a_slide(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys).out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["a", "a", "a"]
    assert lines[1] == "a: not evaluable: no tissue"


def test_quiet_prints_what_failed_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, quiet=True)
    assert told.out == ""
    assert told.err.splitlines() == ["a: failed: a.svs is empty; copy it again"]


def test_machines_read_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    events = [orjson.loads(line) for line in printed(capsys, as_json=True).out.splitlines()]
    assert [event["event"] for event in events] == ["begin", "end"] * 3
    assert events[1]["score"] == "2+"
    assert events[5]["reason"] == FAILED["reason"]


def test_a_slide_that_stood_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(quiet=False, as_json=False) as console:
        console.finished(SCORED, stood=True)
    assert capsys.readouterr().out.rstrip().endswith("(already scored)")


def test_an_interrupted_run_says_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Console(quiet=False, as_json=False):
        raise KeyboardInterrupt
    assert "finished slides are kept" in capsys.readouterr().out
