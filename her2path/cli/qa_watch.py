"""``her2path qa`` over time: rates, control runs, and two runs of the same slides."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from rich.console import Console

from her2path import DISCLAIMER, __version__
from her2path.cli import EXIT_FAILED
from her2path.errors import ConfigurationError, UsageError
from her2path.qa.change import Change, Difference, compare_runs
from her2path.qa.control_chart import Break, ControlChart, breaks_between, control_chart
from her2path.qa.drift import PeriodDrift, period_drift
from her2path.qa.gate import GateResult, judge, not_told
from her2path.qa.monitoring import Comparison, Monitoring, monitor
from her2path.qa.values import Estimate, Undefined
from her2path.report.qa_change import ComparedRun, render_change
from her2path.report.qa_page import render_watch
from her2path.store.qa_controls import read_control_series
from her2path.store.qa_pairs import read_readings
from her2path.store.qa_runs import find_reports, read_densities, read_results
from her2path.store.qa_settings import load_bands, load_gate
from her2path.store.qa_study import write_html
from her2path.store.qa_watch import write_change, write_controls, write_drift, write_monitoring
from her2path.store.runs import check_writable

NAMED = 8
"""Keys of one branch that are named; another rulebook differs in hundreds."""

HEAD = {"software": f"her2path {__version__}", "disclaimer": DISCLAIMER}

Judged: TypeAlias = tuple[dict[str, ControlChart | Undefined], list[Break]]
"""The chart of every control, and the rules that were broken."""

SHOWN = 20
"""Lines of one kind are printed up to here; the files have all."""


def run_monitor(table: Path, out: Path) -> int:
    """Chart the rates of every rater of a table, say which groups stand out, and give the exit code."""
    readings, bands = read_readings(table), load_bands()
    check_writable(out)
    monitoring = monitor(readings, bands)
    write_monitoring(out, monitoring, HEAD)
    write_html(out / "monitoring.html", render_watch(monitoring=monitoring))
    _print([*_rates_told(monitoring), f"written: {out / 'monitoring.html'}"])
    return 0


def run_controls(controls: Path, out: Path) -> int:
    """Judge the runs of every control, name those that broke a rule, and give the exit code."""
    charts, breaks = judge_controls(controls)
    check_writable(out)
    write_controls(out, charts, breaks, HEAD)
    write_html(out / "controls.html", render_watch(controls=charts, breaks=breaks))
    _print([*controls_told(charts, breaks), f"written: {out / 'controls.html'}"])
    return 0


def judge_controls(controls: Path | None) -> Judged:
    """Read the runs of every control and judge them, each alone and against each other."""
    if controls is None:
        return {}, []
    series = read_control_series(controls)
    charts = {one.control: control_chart(one.control, one.runs, given=one.given) for one in series}
    known = [chart for chart in charts.values() if isinstance(chart, ControlChart)]
    return charts, [*(one for chart in known for one in chart.breaks), *breaks_between(known)]


def run_change(before: Path | None, after: Path | None, out: Path, *, gate: bool, limits: Path | None) -> int:
    """Compare two runs of the same slides, and hold the change against a gate where one is asked for.

    Runs without a slide in common are two periods: their distributions are compared.

    Returns
    -------
    int
        Exit code: 1 where the gate does not pass.

    Raises
    ------
    UsageError
        If a run is not named, or a gate is asked for that the runs cannot be held against: they have no slide
        in common, or are cohort tables without what a limit is about.
    """
    if before is None or after is None:
        raise UsageError("two runs are compared: give --before and --after")
    asked = load_gate(limits) if gate or limits is not None else None
    first, second = read_results(before), read_results(after)
    change = compare_runs(first, second)
    if not change.n and asked is not None:
        raise UsageError(f"{before} and {after} have no slide_id in common, which the gate is about")
    if asked is not None and (lacking := not_told(change, asked)):
        remedy = "give results folders, or limits without it (--limits)"
        raise ConfigurationError(
            "gate" if limits is None else limits.name,
            [
                f"limit {limit} cannot be judged: the cohort tables hold no {what}; {remedy}"
                for limit, what in lacking.items()
            ],
        )
    check_writable(out)
    if not change.n:
        scores = tuple([one.decisions.get("score") for one in run] for run in (first, second))
        drift = period_drift((scores[0], scores[1]), (read_densities(before), read_densities(after)))
        write_drift(out, drift, HEAD)
        _print([*_drift_told(drift), f"written: {out / 'drift.json'}"])
        return 0
    result = None if asked is None else judge(change, asked)
    write_change(out, change, result, HEAD)
    runs = [ComparedRun(str(run), find_reports(run, out)) for run in (before, after)]
    write_html(out / "qa.html", render_change(change, result, *runs))
    _print([*_change_told(change), *_gate_told(result), f"written: {out / 'qa.html'}"])
    return EXIT_FAILED if result is not None and not result.passed else 0


def _rates_told(monitoring: Monitoring) -> Iterator[str]:
    yield f"{len(monitoring.charts)} charts of rates, {len(monitoring.not_charted)} not drawn (see the file)"
    told = [
        f"{chart.of}, {chart.what} by {chart.by}: {group.name} has {group.count} of {group.n}, "
        f"{group.places[-1]} the {chart.levels[-1].name} limits"
        for chart in monitoring.charts
        for group in chart.beyond
    ]
    yield from _first(told or ["no group lies beyond its outermost limits"])
    yield from _first([_placed(one) for one in monitoring.comparisons if one.place in ("below", "above")])


def _placed(one: Comparison) -> str:
    rate = f"{one.rate.value:.3f}" if isinstance(one.rate, Estimate) else "not known"
    band = f"{one.band.low:g} to {one.band.high:g}, {one.band.tumour}, {one.band.where}"
    return (
        f"{one.of}: {one.band.rate} {rate} is {one.place} {band} ({one.band.citation}), which is no standard"
    )


def controls_told(charts: Mapping[str, ControlChart | Undefined], breaks: Sequence[Break]) -> Iterator[str]:
    """Say the baseline of every control, and the runs that broke a rule."""
    for control, chart in charts.items():
        if isinstance(chart, Undefined):
            yield f"{control}: not judged, {chart.reason}"
        else:
            baseline = chart.baseline
            yield f"{control}: {len(chart.runs)} runs, mean {baseline.mean:.3f}, SD {baseline.sd:.3f}"
    told = [f"{one.severity}: {one.sentence}" for one in breaks]
    yield from _first(told or ["no rule was broken"])


def _change_told(change: Change) -> Iterator[str]:
    yield f"{change.n} slides in both runs"
    for names, where in ((change.only_before, "first"), (change.only_after, "second")):
        if names:
            yield from _first([f"only in the {where} run: {name}" for name in names])
    if change.is_none:
        yield "the results are the same"
    yield from _first([flip.sentence for flip in change.flips])
    yield from _first(list(_differences_told(change)))


def _differences_told(change: Change) -> Iterator[str]:
    """Name each setting; of a branch of the recipe that is another altogether, how many."""
    branches: dict[str, list[Difference]] = {}
    for one in change.differences:
        branches.setdefault(".".join(one.key.split(".")[:2]), []).append(one)
    for branch, found in branches.items():
        if len(found) > NAMED:
            yield f"set otherwise: {branch}, in {len(found)} keys"
        else:
            yield from (f"set otherwise: {one.sentence}" for one in found)


def _drift_told(drift: PeriodDrift) -> Iterator[str]:
    before, after = drift.table.sum(axis=1).tolist()
    yield f"no slide in common: two periods of {before} and {after} slides with a score"
    if isinstance(drift.distribution, Undefined):
        yield f"scores: {drift.distribution.reason}"
    else:
        yield f"scores: p = {drift.distribution.p:.3g} ({drift.distribution.method})"
    if isinstance(drift.density, Undefined):
        yield f"membrane density: {drift.density.reason}"
    elif isinstance(drift.density.index, Estimate):
        index = drift.density.index
        yield f"membrane density: population stability index {index.value:.3f} ({index.note})"


def _gate_told(result: GateResult | None) -> Iterator[str]:
    if result is not None:
        yield "gate: passed" if result.passed else "gate: not passed"
        yield from (f"  {reason}" for reason in result.reasons)


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"… and {more} more, in the files"] if more > 0 else [])]


def _print(lines: Sequence[str]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line, markup=False)
