"""Columns of numbers on the QA page: limits of agreement, lines between methods, cuts and a comparator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from her2path.arrays import Doubles
from her2path.qa.comparison import Comparison, MeasurePair, Sweep
from her2path.qa.continuous import paired
from her2path.qa.readings import Readings
from her2path.qa.regression import Line
from her2path.qa.threshold import CutAgreement
from her2path.qa.values import Estimate, Statistic
from her2path.report.qa_svg import BLUE, INK, LINE, ORANGE, SOFT, drawn
from her2path.report.qa_words import at_or_above, p_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class MeasureSection:
    """Two columns of numbers in one unit."""

    a: str
    b: str
    figure: Markup | None
    """None where no slide has both."""

    rows: tuple[tuple[str, Statistic], ...]
    linearity: str


@dataclass(frozen=True, slots=True)
class SweepSection:
    """A column of numbers, cut everywhere, against the comparator at every cut of the scores."""

    measure: str
    reference: str
    figure: Markup
    balanced: tuple[tuple[str, CutAgreement], ...]
    """Cut of the scores, and where the lower of PPA and NPA is highest."""


def measure_sections(readings: Readings, comparison: Comparison) -> list[MeasureSection]:
    """Lay out the pairs of columns that hold one quantity in one unit."""
    return [
        MeasureSection(
            a=pair.a,
            b=pair.b,
            figure=_difference_figure(pair, *values, name=f"measure{place}") if len(values[0]) else None,
            rows=_rows(pair),
            linearity=p_words(pair.linearity),
        )
        for place, pair in enumerate(comparison.measures)
        for values in [paired(readings.measures[pair.a], readings.measures[pair.b])]
    ]


def sweep_sections(comparison: Comparison) -> list[SweepSection]:
    """Lay out the cuts of every column of numbers against the comparator."""
    sections = []
    for place, measure in enumerate(dict.fromkeys(one.measure for one in comparison.sweeps)):
        sweeps = [one for one in comparison.sweeps if one.measure == measure]
        balanced = [
            (at_or_above(one.cut), best) for one in sweeps if (best := one.sweep.balanced) is not None
        ]
        if balanced:
            figure = _sweep_figure(sweeps, name=f"sweep{place}")
            sections.append(SweepSection(measure, sweeps[0].reference, figure, tuple(balanced)))
    return sections


def _rows(pair: MeasurePair) -> tuple[tuple[str, Statistic], ...]:
    rows = [
        ("ICC, absolute agreement", pair.icc),
        (f"Mean of {pair.b} − {pair.a}", pair.limits.bias),
        ("Lower limit of agreement", pair.limits.lower),
        ("Upper limit of agreement", pair.limits.upper),
        ("Do differences grow with the reading?", pair.limits.spread_trend),
    ]
    if pair.log_odds is not None:
        rows += [
            ("Mean difference of log odds", pair.log_odds.bias),
            ("Lower limit, log odds", pair.log_odds.lower),
            ("Upper limit, log odds", pair.log_odds.upper),
        ]
    for name, line in (("Deming", pair.deming), ("Passing–Bablok", pair.passing_bablok)):
        rows += [(f"{name}: slope", line.slope), (f"{name}: intercept", line.intercept)]
    return tuple(rows)


def _difference_figure(pair: MeasurePair, a: Doubles, b: Doubles, *, name: str) -> Markup:
    def draw(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2)
        left.scatter((a + b) / 2, b - a, s=14, color=INK, alpha=0.6, linewidth=0)
        for limit, style in ((pair.limits.bias, "-"), (pair.limits.lower, "--"), (pair.limits.upper, "--")):
            if isinstance(limit, Estimate):
                left.axhline(limit.value, color=ORANGE, linestyle=style, linewidth=1.2)
                if limit.low is not None and limit.high is not None:
                    left.axhspan(limit.low, limit.high, color=ORANGE, alpha=0.12, linewidth=0)
        left.set_title("Differences, with limits of agreement")
        left.set_xlabel("mean of the two")
        left.set_ylabel(f"{pair.b} − {pair.a}")
        right.scatter(a, b, s=14, color=INK, alpha=0.6, linewidth=0)
        ends = np.array([min(a.min(), b.min()), max(a.max(), b.max())])
        right.plot(ends, ends, color=SOFT, linewidth=0.8, linestyle=":", label="the same")
        _line(right, pair.deming, ends, BLUE, "-", "Deming")
        _line(right, pair.passing_bablok, ends, ORANGE, "--", "Passing–Bablok")
        right.set_title("One against the other")
        right.set_xlabel(pair.a)
        right.set_ylabel(pair.b)
        right.legend(fontsize=8)

    label = f"Bland–Altman plot of {pair.a} and {pair.b}, and the lines of Deming and of Passing and Bablok"
    return drawn(draw, name=name, label=label, width_in=9.6, height_in=3.6)


def _line(axes: "Axes", line: Line, ends: Doubles, colour: str, style: str, name: str) -> None:
    if isinstance(line.slope, Estimate) and isinstance(line.intercept, Estimate):
        along = line.intercept.value + line.slope.value * ends
        axes.plot(ends, along, style, color=colour, linewidth=1.4, label=name)


def _sweep_figure(sweeps: Sequence[Sweep], *, name: str) -> Markup:
    def draw(figure: "Figure") -> None:
        for axes, one in zip(figure.subplots(1, len(sweeps), squeeze=False)[0], sweeps, strict=True):
            for key, colour, style in (("ppa", BLUE, "-"), ("npa", ORANGE, "--")):
                _curve(axes, one.sweep.cuts, key, colour, style)
            best = one.sweep.balanced
            if best is not None:
                axes.axvline(best.cut, color=SOFT, linewidth=0.9, linestyle=":")
            axes.set_title(f"{one.reference} at {at_or_above(one.cut)}")
            axes.set_ylim(0, 102)
            axes.set_xlabel(f"cut of {one.measure}")
            axes.grid(axis="y", color=LINE, linewidth=0.6)
        figure.axes[0].set_ylabel("percent agreement")
        figure.axes[0].legend(fontsize=8)

    label = f"Percent agreement with {sweeps[0].reference}, by the cut of {sweeps[0].measure}"
    return drawn(draw, name=name, label=label, width_in=9.6, height_in=2.9)


def _curve(axes: "Axes", cuts: Sequence[CutAgreement], key: str, colour: str, style: str) -> None:
    known = [(one.cut, share) for one in cuts if isinstance(share := getattr(one, key), Estimate)]
    places = [cut for cut, _ in known]
    bounds = [
        (share.low, share.high) for _, share in known if share.low is not None and share.high is not None
    ]
    axes.plot(places, [100 * share.value for _, share in known], style, color=colour, label=key.upper())
    if len(bounds) == len(known):
        low, high = 100 * np.array(bounds).T if bounds else ([], [])
        axes.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)
