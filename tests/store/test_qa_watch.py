"""The files of monitoring and of a comparison."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from her2path.errors import OutputError
from her2path.qa.change import compare_runs
from her2path.qa.charts import rate_chart
from her2path.qa.control_chart import Baseline, ControlChart, ControlRun, control_chart
from her2path.qa.drift import period_drift
from her2path.qa.gate import Gate, judge
from her2path.qa.monitoring import Monitoring, NoChart
from her2path.qa.slide_result import SlideResult
from her2path.qa.values import Undefined
from her2path.store.qa_watch import write_change, write_controls, write_drift, write_monitoring

HEAD = {"software": "her2path"}

BEFORE = SlideResult("one", {"score": "2+"}, {"h_score": 100.0}, rule="a")
CHANGE = compare_runs([BEFORE], [replace(BEFORE, decisions={"score": "3+"}, rule="b")])


def load(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_monitoring(tmp_path: Path) -> None:
    hits = np.array([1, 0, 0, 0, 1, 1], np.int8)
    chart = rate_chart(hits, list("aaabbb"), of="reader", what="positive", by="site")
    assert not isinstance(chart, Undefined)
    reason = NoChart("reader", "zero", "site", "nothing to compare")
    write_monitoring(tmp_path, Monitoring((chart,), (reason,), ()), HEAD)
    document = load(tmp_path / "monitoring.json")
    assert list(document) == ["software", "charts", "not_charted", "comparisons"]
    assert document["not_charted"] == [
        {"of": "reader", "what": "zero", "by": "site", "reason": "nothing to compare"}
    ]
    first, second = rows(tmp_path / "rates.csv")
    assert (first["group"], first["count"], first["n"], first["place"]) == ("a", "1", "3", "inside")
    assert float(second["value"]) == pytest.approx(2 / 3)


def test_controls(tmp_path: Path) -> None:
    runs = [ControlRun(f"R{day}", date(2026, 1, day), od) for day, od in ((1, 0.25), (2, 0.35))]
    chart = control_chart("1+", runs, given=Baseline(0.25, 0.01, 0))
    assert isinstance(chart, ControlChart)
    write_controls(tmp_path, {"1+": chart, "3+": Undefined("2 runs", 2)}, chart.breaks, HEAD)
    controls = load(tmp_path / "controls.json")["controls"]
    assert isinstance(controls, dict)
    assert controls["3+"] == {"value": None, "reason": "2 runs", "n": 2}
    assert controls["1+"]["runs"][1] == {"run": "R2", "date": "2026-01-02", "value": 0.35}
    told = rows(tmp_path / "breaks.csv")
    assert (told[0]["rule"], told[0]["run"], told[0]["date"]) == ("1-3s", "R2", "2026-01-02")


def test_a_change_with_its_verdict(tmp_path: Path) -> None:
    write_change(tmp_path, CHANGE, judge(CHANGE, Gate(max_score_flips=0)), HEAD)
    document = load(tmp_path / "change.json")
    gate = document["gate"]
    assert isinstance(gate, dict)
    assert gate["passed"] is False
    assert gate["reasons"] == ["slides with another score: 1 (one); max_score_flips asks for at most 0"]
    assert document["n"] == 1
    (flip,) = rows(tmp_path / "flips.csv")
    assert (flip["before"], flip["after"], flip["rule_before"], flip["rule_after"]) == ("2+", "3+", "a", "b")


def test_a_change_that_no_gate_was_asked_for(tmp_path: Path) -> None:
    write_change(tmp_path, CHANGE, None, HEAD)
    assert load(tmp_path / "change.json")["gate"] is None


def test_two_periods(tmp_path: Path) -> None:
    write_drift(tmp_path, period_drift((["0", "1+"], ["1+"]), ([], [])), HEAD)
    assert rows(tmp_path / "scores.csv")[1] == {"score": "1+", "before": "1", "after": "1"}
    assert load(tmp_path / "drift.json")["density"] == {
        "value": None,
        "reason": "a period has no membrane density",
        "n": 0,
    }


@pytest.mark.parametrize(
    "write",
    [lambda out: write_change(out, CHANGE, None, HEAD), lambda out: write_controls(out, {}, (), HEAD)],
)
def test_what_cannot_be_written_is_an_output_error(write: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "absent")
