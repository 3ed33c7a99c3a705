"""A control over time: its baseline, and the runs that broke a rule."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.qa.control_chart import (
    Baseline,
    ControlChart,
    ControlRun,
    baseline_of,
    breaks_between,
    control_chart,
)
from her2path.qa.values import Undefined

CALM = [0.24, 0.26] * 10
"""Mean 0.25; standard deviation sqrt(20 / 19) / 100."""

START = date(2026, 1, 1)


def runs_of(values: list[float]) -> list[ControlRun]:
    return [ControlRun(f"R{i}", START + timedelta(days=i), value) for i, value in enumerate(values)]


def chart_of(values: list[float], given: Baseline | None = None) -> ControlChart:
    chart = control_chart("2+", runs_of(values), given=given)
    assert isinstance(chart, ControlChart)
    return chart


def test_the_baseline_by_hand() -> None:
    baseline = baseline_of(np.array([*CALM, 9.0]))
    assert isinstance(baseline, Baseline)
    assert baseline.mean == pytest.approx(0.25)
    assert baseline.sd == pytest.approx(0.01 * np.sqrt(20 / 19))
    assert baseline.n == 20


@pytest.mark.parametrize(
    ("values", "reason"), [(CALM[:19], "19 runs"), ([0.25] * 20, "no spread"), ([], "0 runs")]
)
def test_there_is_no_baseline_without_twenty_runs_that_differ(values: list[float], reason: str) -> None:
    baseline = baseline_of(np.array(values, float))
    assert isinstance(baseline, Undefined)
    assert reason in baseline.reason
    assert isinstance(control_chart("2+", runs_of(values)), Undefined)


def test_a_calm_series_breaks_nothing() -> None:
    assert chart_of(CALM * 3).breaks == ()


def test_the_run_that_broke_a_rule_is_named_with_date_value_and_rule() -> None:
    chart = chart_of([*CALM, 0.24, 0.29, 0.26, 0.24])
    rejected = [one for one in chart.breaks if one.severity == "rejection"]
    assert [(one.rule, one.run.run, one.until.run) for one in rejected] == [("1-3s", "R21", "R21")]
    assert rejected[0].sentence == ("2+, run R21 of 2026-01-22: 0.290 (+3.9 SD), 1-3s: one value beyond 3 SD")


@given(st.integers(20, 59), st.sampled_from([-1, 1]))
def test_a_step_of_3_1_sd_is_caught_at_its_run(at: int, side: int) -> None:
    baseline = baseline_of(np.array(CALM))
    assert isinstance(baseline, Baseline)
    values = np.array(CALM * 3)
    values[at:] = baseline.mean + side * 3.1 * baseline.sd
    breaks = chart_of(values.tolist()).breaks
    first = next(one for one in breaks if one.rule == "1-3s")
    assert first.run.run == f"R{at}"
    assert first.z == pytest.approx(side * 3.1)
    assert not [one for one in breaks if one.run.date < first.run.date]


def test_the_order_of_the_table_does_not_matter_and_a_run_without_a_value_is_left_out() -> None:
    runs = runs_of([*CALM, 0.30])
    backwards = control_chart("2+", [ControlRun("lost", START, float("nan")), *reversed(runs)])
    assert isinstance(backwards, ControlChart)
    assert backwards.runs == tuple(runs)
    assert [one.run.run for one in backwards.breaks if one.rule == "1-3s"] == ["R20"]


def test_a_given_baseline_is_used_from_the_first_run_on() -> None:
    chart = chart_of([0.25, 0.29], Baseline(0.25, 0.01, 0))
    assert chart.z.tolist() == pytest.approx([0.0, 4.0])
    assert chart.ewma.tolist() == pytest.approx([0.0, 0.8])
    assert chart.cusum.tolist() == [pytest.approx([0.0, 3.5]), [0.0, 0.0]]
    assert {one.rule for one in chart.breaks} == {"1-3s", "EWMA"}


def test_what_remembers_begins_after_the_baseline() -> None:
    chart = chart_of([*CALM, 0.26])
    assert len(chart.ewma) == len(chart.ewma_limit) == chart.cusum.shape[1] == 1
    assert chart.ewma[0] == pytest.approx(0.2 * chart.z[-1])


def test_a_warning_is_not_told_of_a_run_that_is_rejected() -> None:
    rules = [one.rule for one in chart_of([0.25, 0.29, 0.25, 0.275], Baseline(0.25, 0.01, 0)).breaks]
    assert rules.count("1-2s") == 1
    assert "1-3s" in rules


def test_a_long_break_is_told_once_from_its_pattern_to_its_end() -> None:
    chart = chart_of([0.24] + [0.255] * 12 + [0.24], Baseline(0.25, 0.02, 0))
    (long,) = [one for one in chart.breaks if one.rule == "10-x"]
    assert (long.since.run, long.run.run, long.until.run) == ("R1", "R10", "R12")


def test_two_controls_of_a_run_that_part() -> None:
    one, other = (
        control_chart(name, runs_of(values), given=Baseline(0.25, 0.01, 0))
        for name, values in (("1+", [0.25, 0.28, 0.28]), ("3+", [0.25, 0.22, 0.28]))
    )
    assert isinstance(one, ControlChart)
    assert isinstance(other, ControlChart)
    (found,) = breaks_between([one, other])
    assert (found.rule, found.run.run, found.control) == ("R-4s", "R1", "1+ and 3+")
