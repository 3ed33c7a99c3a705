"""The runs of control tissue."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from her2path.errors import ConfigurationError, UsageError
from her2path.qa.control_chart import Baseline, ControlChart, ControlRun, breaks_between, control_chart
from her2path.store.qa_controls import read_control_series


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "controls.csv"


def test_a_table_of_two_controls(table: Path) -> None:
    table.write_text(
        "control,date,membrane_od,run,baseline_mean_od,baseline_sd_od\n"
        "3+,2026-01-02,0.5,R1,,\n"
        "1+,2026-01-02,0.12,R1,0.11,0.01\n"
        "1+,2026-01-03,,R2,,\n"
        "1+,2026-01-04,0.13,,0.11,0.01\n",
        encoding="utf-8",
    )
    low, high = read_control_series(table)
    assert low.control == "1+"
    assert low.runs == (
        ControlRun("R1", date(2026, 1, 2), 0.12),
        ControlRun("2026-01-04", date(2026, 1, 4), 0.13),
    )
    assert low.given == Baseline(0.11, 0.01, 0)
    assert (high.control, high.given) == ("3+", None)


def test_every_mistake_is_told_with_row_and_column(table: Path) -> None:
    table.write_text(
        "control,date,membrane_od,baseline_mean_od,baseline_sd_od\n"
        ",2026-01-02,0.5,,\n"
        "1+,yesterday,-1,0.1,\n"
        "3+,2026-01-02,0.5,0.5,0.1\n"
        "3+,2026-01-03,0.5,0.6,0.1\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError) as caught:
        read_control_series(table)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "row 2, column control",
        "row 3, column date",
        "row 3, column membrane_od",
        "row 3, column baseline_sd_od",
        "control 3+ has 2 baselines; give one",
    ]


def test_batches_of_a_day_are_runs_of_their_own(table: Path) -> None:
    table.write_text(
        "control,date,membrane_od\n"
        "1+,2026-01-02,\n3+,2026-01-02,0.5\n"
        "1+,2026-01-02,0.12\n3+,20260102,0.6\n"
        "1+,2026-01-03,0.13\n",
        encoding="utf-8",
    )
    low, high = read_control_series(table)
    assert [one.run for one in low.runs] == ["2026-01-02 (2)", "2026-01-03"]
    assert [one.run for one in high.runs] == ["2026-01-02", "2026-01-02 (2)"]


def test_controls_that_part_in_the_first_of_two_batches_are_found(table: Path) -> None:
    values = {"1+": (0.28, 0.25), "3+": (0.22, 0.25)}
    rows = [f"{control},2026-01-02,{od},0.25,0.01\n" for control, ods in values.items() for od in ods]
    table.write_text(
        "control,date,membrane_od,baseline_mean_od,baseline_sd_od\n" + "".join(rows), encoding="utf-8"
    )
    charts = [control_chart(one.control, one.runs, given=one.given) for one in read_control_series(table)]
    (found,) = breaks_between([one for one in charts if isinstance(one, ControlChart)])
    assert (found.rule, found.run.run) == ("R-4s", "2026-01-02")


def test_a_run_that_is_named_twice_is_a_mistake(table: Path) -> None:
    table.write_text(
        "control,date,membrane_od,run\n1+,2026-01-02,0.1,R1\n3+,2026-01-02,0.5,R1\n1+,2026-01-03,0.1,R1\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError) as caught:
        read_control_series(table)
    assert caught.value.problems == (
        "row 4, column run: 'R1' of 1+ is in row 2 already; name every run once",
    )


def test_a_table_without_a_run_is_refused(table: Path) -> None:
    table.write_text("control,date,membrane_od\n1+,2026-01-02,\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds no run of a control"):
        read_control_series(table)


def test_a_results_folder_gives_the_controls_that_were_drawn(tmp_path: Path) -> None:

    days = {"a": "2026-01-02", "b": "2026-01-03", "c": None}
    pq.write_table(
        pa.table({"slide_id": list(days), "date": list(days.values())}), tmp_path / "cohort.parquet"
    )
    for slide, od in (("a", 0.5), ("b", None), ("c", 0.5)):
        (tmp_path / slide).mkdir()
        control = {"name": "3+", "reading": {"membrane_od": od}}
        score = {"controls": None if slide == "c" else [control]}
        (tmp_path / slide / "score.json").write_text(json.dumps(score), encoding="utf-8")
    (series,) = read_control_series(tmp_path)
    assert series.runs == (ControlRun("a", date(2026, 1, 2), 0.5),)
    twice = json.dumps({"controls": [{"name": "3+", "reading": {"membrane_od": od}} for od in (0.5, 0.6)]})
    (tmp_path / "a" / "score.json").write_text(twice, encoding="utf-8")
    (series,) = read_control_series(tmp_path)
    assert [one.run for one in series.runs] == ["a", "a (2)"]
    (tmp_path / "c" / "score.json").write_text(json.dumps({"controls": [control]}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="slide c of the cohort table, column date: '' is no date"):
        read_control_series(tmp_path)
