"""The runs of one control against its baseline: what is drawn of them, and the runs that broke a rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite

import numpy as np

from her2path.arrays import Doubles
from her2path.qa.control_rules import RULES, Broken, Severity, between_controls, cusum, ewma, shifts, westgard
from her2path.qa.values import Undefined

MIN_BASELINE_RUNS = 20
"""Runs that a mean and a standard deviation are taken from (domain practice: Westgard JO et al.
Clin Chem 1981;27:493)."""


@dataclass(frozen=True, slots=True)
class ControlRun:
    """One control in one run."""

    run: str
    date: date
    value: float
    """What is watched of it: the membrane density, OD."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the control reads while nothing is wrong."""

    mean: float
    sd: float
    n: int
    """Runs that it was taken from, the first ones; 0 where it was given."""


@dataclass(frozen=True, slots=True)
class Break:
    """A rule, and the run that broke it."""

    control: str
    rule: str
    run: ControlRun
    """The first run at which the rule was broken."""

    z: float
    """Its value in standard deviations from the mean of the baseline."""

    since: ControlRun
    """First run of the pattern; of EWMA and CUSUM, since when they lie on this side of the mean."""

    until: ControlRun
    """Last run in a row that broke the rule."""

    @property
    def severity(self) -> Severity:
        """Whether the run is rejected, noted, or the sign of a drift."""
        return RULES[self.rule].severity

    @property
    def sentence(self) -> str:
        """The run with date, value and rule, as a person reads it."""
        told = (
            f"{self.control}, run {self.run.run} of {self.run.date}: {self.run.value:.3f} "
            f"({self.z:+.1f} SD), {self.rule}: {RULES[self.rule].meaning}"
        )
        if self.since != self.run:
            told += f"; since run {self.since.run} of {self.since.date}"
        if self.until != self.run:
            told += f"; until run {self.until.run} of {self.until.date}"
        return told


@dataclass(frozen=True, eq=False)
class ControlChart:
    """A control over time, with everything that is drawn of it."""

    control: str
    runs: tuple[ControlRun, ...]
    """Oldest first."""

    baseline: Baseline
    z: Doubles
    """``(n,)`` standard deviations from the mean of the baseline."""

    ewma: Doubles
    ewma_limit: Doubles
    """``(n - baseline.n,)`` moving average after the baseline, and its limit on either side."""

    cusum: Doubles
    """``(2, n - baseline.n)`` sums upwards and downwards after the baseline."""

    breaks: tuple[Break, ...]
    """Oldest first, the most serious first within a run."""


def baseline_of(values: Doubles, n_runs: int = MIN_BASELINE_RUNS) -> Baseline | Undefined:
    """Take mean and standard deviation (n − 1) from the first runs.

    Parameters
    ----------
    values
        ``(n,)`` of all runs, oldest first.
    n_runs
        How many make the baseline.
    """
    if len(values) < n_runs:
        reason = f"{len(values)} runs; a baseline needs {n_runs}, or give its mean and SD"
        return Undefined(reason, len(values))
    first = values[:n_runs]
    sd = float(first.std(ddof=1))
    # Equal values differ from their mean by rounding: that is no spread to judge by.
    if sd <= 1e-9 * float(np.abs(first).max(initial=0.0)):
        return Undefined(f"the first {n_runs} runs all read {first[0]:g}: there is no spread", n_runs)
    return Baseline(float(first.mean()), sd, n_runs)


def control_chart(
    control: str, runs: Sequence[ControlRun], *, given: Baseline | None = None
) -> ControlChart | Undefined:
    """Judge the runs of one control.

    Parameters
    ----------
    control
        Its name: ``1+``.
    runs
        In any order; they are judged by date, and as given within a day. A run without a value is left out.
    given
        Its baseline, established before; by default it is taken from the first ``MIN_BASELINE_RUNS`` runs.

    Returns
    -------
    ControlChart or Undefined
        Undefined where there is no baseline.

    Notes
    -----
    Westgard's rules see every run, those of the baseline too: one that stands out among them has widened all
    limits. EWMA and CUSUM begin after it.
    """
    in_order = tuple(sorted((one for one in runs if isfinite(one.value)), key=lambda one: one.date))
    values = np.array([one.value for one in in_order], float)
    baseline = baseline_of(values) if given is None else given
    if isinstance(baseline, Undefined):
        return baseline
    z = (values - baseline.mean) / baseline.sd
    watched = z[baseline.n :]
    average, limit = ewma(watched)
    return ControlChart(
        control=control,
        runs=in_order,
        baseline=baseline,
        z=z,
        ewma=average,
        ewma_limit=limit,
        cusum=cusum(watched),
        breaks=_without_idle_warnings(
            [
                *_breaks(control, in_order, z, westgard(z)),
                *_breaks(control, in_order[baseline.n :], watched, shifts(watched)),
            ]
        ),
    )


def breaks_between(charts: Sequence[ControlChart]) -> tuple[Break, ...]:
    """Find the runs in which one control is far above its mean and another far below it (R-4s).

    Parameters
    ----------
    charts
        Of the controls that are stained together; runs of one name are one run, with each control once.
    """
    names = sorted({one.run for chart in charts for one in chart.runs})
    z = np.full((len(names), len(charts)), np.nan)
    for column, chart in enumerate(charts):
        z[np.searchsorted(names, [one.run for one in chart.runs]), column] = chart.z
    found = []
    for row in np.flatnonzero(between_controls(z)):
        worst = int(np.nanargmax(np.abs(z[row])))
        run = next(one for one in charts[worst].runs if one.run == names[row])
        apart = " and ".join(
            chart.control for chart, value in zip(charts, z[row], strict=True) if abs(value) > 2
        )
        found.append(Break(apart, "R-4s", run, float(z[row, worst]), run, run))
    return tuple(sorted(found, key=lambda one: one.run.date))


def _breaks(control: str, runs: Sequence[ControlRun], z: Doubles, rules: Sequence[Broken]) -> Iterator[Break]:
    for broken in rules:
        edges = np.diff(broken.runs.astype(np.int8), prepend=0, append=0)
        for first, behind in zip(
            np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True
        ):
            since = runs[first - int(broken.length[first]) + 1]
            yield Break(control, broken.rule, runs[first], float(z[first]), since, runs[behind - 1])


def _without_idle_warnings(breaks: Sequence[Break]) -> tuple[Break, ...]:
    """Leave out the warning of a run that is rejected anyway, and put the rest in order."""
    rejected = {id(one.run) for one in breaks if one.severity == "rejection"}
    kept = [one for one in breaks if one.severity != "warning" or id(one.run) not in rejected]
    rank = {rule: place for place, rule in enumerate(RULES)}
    return tuple(sorted(kept, key=lambda one: (one.run.date, rank[one.rule])))
