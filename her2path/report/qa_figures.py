"""Figures of agreement: proportions at the cuts with their intervals, and agreement as readers join."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from her2path.qa.readers import OnestCurve
from her2path.qa.values import Estimate, Statistic, Undefined
from her2path.report.qa_svg import BLUE, INK, LINE, ORANGE, SOFT, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN = 0.24
"""Height of a row of a dot plot."""

GOAL = 0.9
"""Concordance that CAP asks for of predictive markers since 2024 (Arch Pathol Lab Med 2024;148:e111)."""

MARKS = (("o", INK), ("^", BLUE), ("v", ORANGE))
"""Overall, positive, negative."""


@dataclass(frozen=True, slots=True)
class DotRow:
    """One proportion of a dot plot."""

    group: str
    """Rows of one group stand together."""

    label: str
    kind: int
    """Place in ``MARKS``."""

    statistic: Statistic


def dot_plot(rows: Sequence[DotRow], *, name: str, label: str) -> Markup:
    """Draw proportions with their intervals, one a line.

    Parameters
    ----------
    rows
        In groups, from the top.
    name, label
        As for ``drawn``.
    """

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        line, names, seen = 0.0, [], ""
        for row in rows:
            if row.group != seen:
                line += 0.7
                axes.text(0, line, row.group, fontsize=9, weight="bold", va="center")
                seen = row.group
                line += 1
            _dot(axes, line, row)
            names.append((line, row.label))
            line += 1
        axes.axvline(GOAL, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        axes.set_yticks([at for at, _ in names], [text for _, text in names])
        axes.set_ylim(line - 0.3, 0.2)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 0.9, 1], ["0", "25", "50", "75", "90", "100 %"])
        axes.tick_params(left=False)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=LINE, linewidth=0.6)
        axes.set_axisbelow(True)

    groups = len({row.group for row in rows})
    height_in = 0.6 + ROW_IN * (len(rows) + 1.7 * groups)
    return drawn(draw, name=name, label=label, width_in=6.2, height_in=height_in)


def onest_figure(curve: OnestCurve, *, name: str) -> Markup:
    """Draw on how many slides all of 2, 3, … readers agree."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        readers = list(range(2, 2 + len(curve.agreement)))
        values = [100 * one.value for one in curve.agreement]
        low = [100 * (one.value if one.low is None else one.low) for one in curve.agreement]
        high = [100 * (one.value if one.high is None else one.high) for one in curve.agreement]
        axes.fill_between(readers, low, high, color=BLUE, alpha=0.16, linewidth=0)
        axes.plot(readers, values, color=BLUE, marker="o", markersize=5)
        axes.annotate(f"{values[-1]:.1f} %", (readers[-1], values[-1]), (0, 8), textcoords="offset points")
        axes.set_xticks(readers if len(readers) < 15 else readers[:: len(readers) // 10 + 1])
        axes.set_xlim(1.7, readers[-1] + 0.6)
        axes.set_ylim(0, 102)
        axes.set_xlabel("readers")
        axes.set_ylabel("slides on which all agree, %")
        axes.grid(axis="y", color=LINE, linewidth=0.6)

    label = "Share of slides on which all readers agree, by the number of readers"
    return drawn(draw, name=name, label=label, width_in=4.8, height_in=2.9)


def _dot(axes: "Axes", line: float, row: DotRow) -> None:
    if isinstance(row.statistic, Undefined):
        axes.text(0.01, line, f"not defined: {row.statistic.reason}", color=SOFT, fontsize=8, va="center")
        return
    mark, colour = MARKS[row.kind]
    found: Estimate = row.statistic
    if found.low is not None and found.high is not None:
        axes.plot([found.low, found.high], [line, line], color=colour, linewidth=1.6, solid_capstyle="butt")
    axes.plot([found.value], [line], mark, color=colour, markersize=6, markeredgecolor="#fff", clip_on=False)
    axes.text(1.02, line, f"{100 * found.value:.1f} %, n = {found.n}", fontsize=8, color=SOFT, va="center")
