"""One point on a funnel: a whole cohort, where nothing tells its sites or scanners apart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from her2path.qa.benchmarks import Band
from her2path.qa.charts import FUNNEL, limits_of
from her2path.qa.values import Estimate
from her2path.report.cohort_rates import RateLine
from her2path.report.qa_charts import FUNNEL_POINTS, WATCHED
from her2path.report.qa_svg import BLUE, INK, LINE, ORANGE, SOFT, drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cohort_funnels(lines: Sequence[RateLine], *, prefix: str) -> tuple[Markup, ...]:
    """Draw the watched rates of one tumour, each on a funnel around the largest published series.

    Parameters
    ----------
    lines
        Rates of one tumour.
    prefix
        No other figure of the page may begin so; see ``drawn``.
    """
    return tuple(
        _funnel(line.rate, line.band, name=f"{prefix}{place}")
        for place, what in enumerate(WATCHED)
        if (line := _largest([one for one in lines if one.band.rate == what])) is not None
        if isinstance(line.rate, Estimate)
    )


def _largest(lines: Sequence[RateLine]) -> RateLine | None:
    known = [line for line in lines if line.band.centre is not None and line.band.n is not None]
    return max(known, key=lambda line: line.band.n or 0, default=None)


def _funnel(rate: Estimate, band: Band, *, name: str) -> Markup:
    centre = band.centre or 0.0
    value, n = 100 * rate.value, rate.n
    ends = [limits_of(centre, [n], level) for level in FUNNEL]
    low, high = (float(side[0]) for side in ends[-1])
    beyond = not low <= rate.value <= high

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        # Whole slides: exact limits are defined for no others.
        along = np.unique(np.rint(np.linspace(max(1.0, 0.3 * n), max(2.0, 1.9 * n), FUNNEL_POINTS)))
        if band.low is not None and band.high is not None:
            axes.axhspan(100 * band.low, 100 * band.high, color=LINE, alpha=0.7, linewidth=0)
        for level, style in zip(FUNNEL, ("--", "-"), strict=True):
            for side in limits_of(centre, along, level):
                axes.plot(along, 100 * side, style, color=BLUE, linewidth=1)
        axes.axhline(100 * centre, color=SOFT, linewidth=0.9)
        mark, colour, size = ("D", ORANGE, 46) if beyond else ("o", INK, 30)
        axes.scatter([n], [value], s=size, color=colour, marker=mark, zorder=3)
        axes.annotate("this cohort", (n, value), (7, 5), textcoords="offset points", fontsize=8)
        axes.set_title(f"{band.rate}, around {band.where}")
        axes.set_xlabel("slides whose class is known")
        axes.set_ylabel("% of slides")
        axes.set_ylim(bottom=0)
        axes.set_xlim(along[0], along[-1])
        axes.locator_params(axis="x", integer=True)

    told = "beyond" if beyond else "inside"
    label = f"Rate of {band.rate}: {value:.1f} % of {n} slides, {told} the outer limits around {band.where}"
    return drawn(draw, name=name, label=label, width_in=4.8, height_in=2.7)
