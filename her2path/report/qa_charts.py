"""Monitoring on the QA page: rates by month and by group, and control runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from her2path.qa.benchmarks import Band
from her2path.qa.charts import RateChart, limits_of
from her2path.qa.control_chart import Break, ControlChart
from her2path.qa.monitoring import Comparison, Monitoring
from her2path.qa.values import Estimate, Undefined
from her2path.report.qa_svg import BLUE, INK, LINE, ORANGE, SOFT, drawn
from her2path.report.qa_words import beyond_chance, p_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_CHARTS = 12
"""Charts that are drawn; the table names them all."""

FUNNEL_POINTS = 60
"""Of a curve: enough to look smooth."""

WATCHED = ("positive", "low")
"""Rates that are drawn even where no group stands out."""


@dataclass(frozen=True, slots=True)
class RateRow:
    """One chart in a line."""

    what: str
    by: str
    of: str
    centre: Estimate
    groups: int
    beyond: str
    """Groups beyond the outermost limits; empty where there is none."""

    homogeneity: str
    n_unknown: int


@dataclass(frozen=True, slots=True)
class BandRow:
    """A published rate beside those of the raters."""

    band: Band
    ours: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class MonitoringSection:
    """Rates over time and by group."""

    figures: tuple[Markup, ...]
    says: str
    rows: tuple[RateRow, ...]
    raters: tuple[str, ...]
    bands: tuple[BandRow, ...]
    not_drawn: tuple[str, ...]
    """What there is no chart of, and why."""


@dataclass(frozen=True, slots=True)
class ControlSection:
    """One control."""

    control: str
    figure: Markup | None
    baseline: str
    breaks: tuple[Break, ...]


def monitoring_section(monitoring: Monitoring, *, watched: str | None) -> MonitoringSection:
    """Lay out the charts.

    Parameters
    ----------
    monitoring
        All charts.
    watched
        Rater whose rates are drawn even where no group stands out.
    """
    chosen = [
        chart
        for chart in monitoring.charts
        if chart.beyond or (chart.what in WATCHED and chart.of in (watched, "all raters"))
    ]
    chosen.sort(key=lambda chart: (not chart.beyond, chart.by != "month"))
    bands = list(dict.fromkeys(one.band for one in monitoring.comparisons))
    return MonitoringSection(
        figures=tuple(
            _rate_figure(chart, name=f"rate{place}") for place, chart in enumerate(chosen[:MAX_CHARTS])
        ),
        says=_says(monitoring),
        rows=tuple(_rate_row(chart) for chart in monitoring.charts),
        raters=tuple(dict.fromkeys(one.of for one in monitoring.comparisons)),
        bands=tuple(
            BandRow(band, tuple(one for one in monitoring.comparisons if one.band == band)) for band in bands
        ),
        not_drawn=tuple(
            f"{one.what} of {one.of} by {one.by}: {one.reason}" for one in monitoring.not_charted
        ),
    )


def control_sections(
    charts: Mapping[str, ControlChart | Undefined], breaks: Sequence[Break]
) -> list[ControlSection]:
    """Lay out the control runs.

    Parameters
    ----------
    charts
        By control.
    breaks
        Of all controls; one between two controls is shown with either.
    """
    sections = []
    for place, (control, chart) in enumerate(charts.items()):
        broken = tuple(one for one in breaks if control in one.control.split(" and "))
        if isinstance(chart, Undefined):
            sections.append(ControlSection(control, None, f"not judged: {chart.reason}", broken))
            continue
        taken = f"the first {chart.baseline.n} runs" if chart.baseline.n else "the table"
        told = f"mean {chart.baseline.mean:.3f} OD, SD {chart.baseline.sd:.3f}, from {taken}"
        figure = _control_figure(chart, broken, name=f"control{place}")
        sections.append(ControlSection(control, figure, told, broken))
    return sections


def _says(monitoring: Monitoring) -> str:
    beyond = [
        f"{group.name}, {chart.what} of {chart.of}: {group.count} of {group.n}, {group.places[-1]}"
        for chart in monitoring.charts
        for group in chart.beyond
    ]
    n = len(monitoring.charts)
    if not beyond:
        return f"No group lies beyond the outer limits of its chart, in {n} charts."
    more = len(beyond) - MAX_CHARTS
    told = "; ".join(beyond[:MAX_CHARTS]) + (f"; and {more} more" if more > 0 else "")
    return f"Beyond the outer limits, in {n} charts: {told}."


def _rate_row(chart: RateChart) -> RateRow:
    names = [f"{group.name} {group.places[-1]} ({group.count} of {group.n})" for group in chart.beyond]
    homogeneity = p_words(chart.homogeneity) + (" *" if beyond_chance(chart.homogeneity) else "")
    return RateRow(
        chart.what, chart.by, chart.of, chart.centre, len(chart.groups), ", ".join(names), homogeneity,
        chart.n_unknown,
    )  # fmt: skip


def _rate_figure(chart: RateChart, *, name: str) -> Markup:
    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        rates = 100 * np.array([group.count / group.n for group in chart.groups])
        out = np.array([group.places[-1] != "inside" for group in chart.groups])
        if chart.by == "month":
            _by_month(axes, chart, rates)
            at = np.arange(len(rates), dtype=float)
        else:
            at = _funnel(axes, chart)
        axes.axhline(100 * chart.centre.value, color=SOFT, linewidth=0.9)
        axes.scatter(at[~out], rates[~out], s=24, color=INK, zorder=3)
        axes.scatter(at[out], rates[out], s=42, color=ORANGE, marker="D", zorder=3)
        for place, group in enumerate(chart.groups):
            if out[place] or (chart.by != "month" and len(rates) <= 12):
                axes.annotate(
                    group.name,
                    (at[place], rates[place]),
                    (5, 4 - 12 * (place % 2)),
                    textcoords="offset points",
                    fontsize=8,
                )
        axes.set_title(f"{chart.what} of {chart.of}, by {chart.by}")
        axes.set_ylabel("% of slides")
        axes.set_ylim(bottom=0)

    told = ", ".join(group.name for group in chart.beyond) or "no group"
    label = f"Rate of {chart.what} of {chart.of} by {chart.by}: {told} beyond the limits"
    return drawn(draw, name=name, label=label, width_in=4.8, height_in=2.7)


def _by_month(axes: "Axes", chart: RateChart, rates: np.ndarray) -> None:
    places = np.arange(len(rates))
    limits = 100 * np.array([group.limits[-1] for group in chart.groups])
    for side in limits.T:
        axes.step(places, side, where="mid", color=BLUE, linewidth=1, linestyle="--")
    axes.plot(places, rates, color=INK, linewidth=0.8)
    every = len(places) // 8 + 1
    axes.set_xticks(places[::every], [group.name for group in chart.groups][::every], fontsize=7)


def _funnel(axes: "Axes", chart: RateChart) -> np.ndarray:
    sizes = np.array([group.n for group in chart.groups], float)
    along = np.unique(np.rint(np.linspace(max(1.0, 0.4 * sizes.min()), 1.1 * sizes.max(), FUNNEL_POINTS)))
    for level, style in zip(chart.levels, ("--", "-"), strict=True):
        low, high = limits_of(chart.centre.value, along, level)
        axes.plot(along, 100 * low, style, color=BLUE, linewidth=1)
        axes.plot(along, 100 * high, style, color=BLUE, linewidth=1)
    axes.set_xlabel(f"slides of each {chart.by}")
    return sizes


def _control_figure(chart: ControlChart, breaks: Sequence[Break], *, name: str) -> Markup:
    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        places = np.arange(len(chart.runs))
        for sd in (-3, -2, -1, 0, 1, 2, 3):
            style = "-" if sd == 0 else ("--" if abs(sd) == 3 else ":")
            axes.axhline(sd, color=SOFT if sd in (-3, 0, 3) else LINE, linewidth=0.9, linestyle=style)
        axes.plot(places, chart.z, color=INK, linewidth=0.8, marker="o", markersize=3.5)
        later = places[chart.baseline.n :]
        axes.plot(later, chart.ewma, color=BLUE, linewidth=1.4)
        axes.plot(later, chart.ewma_limit, color=BLUE, linewidth=0.8, linestyle="--")
        axes.plot(later, -chart.ewma_limit, color=BLUE, linewidth=0.8, linestyle="--")
        place_of = {id(run): place for place, run in enumerate(chart.runs)}
        by_run: dict[int, list[str]] = {}
        for one in breaks:
            if id(one.run) in place_of:
                by_run.setdefault(place_of[id(one.run)], []).append(one.rule)
        for place, rules in by_run.items():
            axes.plot([place], [chart.z[place]], "D", color=ORANGE, markersize=7, zorder=3)
            axes.annotate(
                f"{chart.runs[place].run}: {', '.join(rules)}", (place, chart.z[place]),
                (0, 8 if chart.z[place] > 0 else -14), textcoords="offset points", ha="center", fontsize=7,
            )  # fmt: skip
        if chart.baseline.n:
            axes.axvspan(-0.5, chart.baseline.n - 0.5, color=LINE, alpha=0.5, linewidth=0)
        every = len(places) // 8 + 1
        dates = [run.date.isoformat() for run in chart.runs]
        axes.set_xticks(places[::every], dates[::every], fontsize=7)
        axes.set_ylabel("SD from the baseline")

    label = f"Levey–Jennings chart of the control {chart.control}, {len(breaks)} rules broken"
    return drawn(draw, name=name, label=label, width_in=9.6, height_in=3.0)
