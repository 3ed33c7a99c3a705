"""Rates by month, site, scanner, reader or lot, against what chance allows (docs/science/monitoring.md).

A p-chart and a funnel plot are one computation: the rate of every group beside limits around the rate of all
of them, which are the wider the fewer slides the group has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from her2path.arrays import Codes, Doubles
from her2path.qa.confusion import proportion
from her2path.qa.drift import homogeneity
from her2path.qa.significance import PValue
from her2path.qa.values import Estimate, Statistic, Undefined

Place: TypeAlias = Literal["below", "inside", "above"]


@dataclass(frozen=True, slots=True)
class Level:
    """How far limits lie out."""

    name: str
    tail: float
    """Chance of a rate beyond the limit on one side, where nothing but chance is at work."""


THREE_SD = Level("3 SD", 0.0013498980316300933)
"""Shewhart's limits of a p-chart, with the tail of the normal distribution beyond 3 SD."""

FUNNEL = (Level("95 %", 0.025), Level("99.8 %", 0.001))
"""Warning and alarm of a funnel plot (Spiegelhalter DJ. Stat Med 2005;24:1185)."""

FEW = 5.0
"""With fewer slides expected on either side the normal limits are wrong, and exact ones are taken: the usual
rule for a binomial (Montgomery DC. Introduction to statistical quality control)."""


@dataclass(frozen=True, slots=True)
class Group:
    """One month, site, scanner, reader or lot."""

    name: str
    count: int
    n: int
    rate: Statistic
    limits: tuple[tuple[float, float], ...]
    """Low and high of each level of the chart."""

    places: tuple[Place, ...]
    """Where the rate lies, by level."""


@dataclass(frozen=True, slots=True)
class RateChart:
    """One rate by one grouping."""

    of: str
    """Whose reading: a rater, or all."""

    what: str
    """``positive``."""

    by: str
    """``month``."""

    centre: Estimate
    """Of all slides of the chart."""

    levels: tuple[Level, ...]
    groups: tuple[Group, ...]
    """By name: months are thereby in order."""

    homogeneity: PValue
    """Of the hypothesis that all groups have one rate. Its statistic over its degrees of freedom is about 1
    where chance alone is at work, and more where the groups differ in what they see."""

    n_unknown: int
    """Slides that are not in the chart, because their class or their group is not known."""

    @property
    def beyond(self) -> tuple[Group, ...]:
        """Groups beyond the outermost limits."""
        return tuple(group for group in self.groups if group.places[-1] != "inside")


def rate_chart(
    hits: Codes,
    groups: Sequence[str | None],
    *,
    of: str,
    what: str,
    by: str,
    levels: tuple[Level, ...] = (THREE_SD,),
) -> RateChart | Undefined:
    """Compare the groups of one grouping in one rate.

    Parameters
    ----------
    hits
        ``(n,)`` 1 where the slide is what is counted, 0 where not, -1 where that is not known.
    groups
        The group of each slide; None or empty where it has none.
    of, what, by
        Whose reading, the rate and the grouping.
    levels
        Innermost first.

    Returns
    -------
    RateChart or Undefined
        Undefined where no slide, or one group only, is known.
    """
    named = np.array([group or "" for group in groups], dtype=object)
    known = (hits >= 0) & (named != "")
    centre = share(int(hits[known].sum()), int(known.sum()))
    names, index = np.unique(named[known].astype(str), return_inverse=True)
    if isinstance(centre, Undefined) or len(names) < 2:
        slides = f"{known.sum()} slides with a known class and {by}"
        return Undefined(f"{slides}, of {len(names)} {by}s: nothing to compare", int(known.sum()))
    sizes = np.bincount(index)
    counts = np.bincount(index, weights=hits[known]).astype(int)
    limits = [limits_of(centre.value, sizes, level) for level in levels]
    tallied = zip(names.tolist(), counts.tolist(), sizes.tolist(), strict=True)
    return RateChart(
        of=of,
        what=what,
        by=by,
        centre=centre,
        levels=levels,
        groups=tuple(
            _group(name, count, n, tuple((float(low[place]), float(high[place])) for low, high in limits))
            for place, (name, count, n) in enumerate(tallied)
        ),
        homogeneity=homogeneity(np.stack([counts, sizes - counts], axis=1)),
        n_unknown=int(np.count_nonzero(~known)),
    )


def limits_of(rate: float, n: ArrayLike, level: Level) -> tuple[Doubles, Doubles]:
    """Give the limits of a rate in groups of some sizes.

    Parameters
    ----------
    rate
        Of all groups, 0 to 1.
    n
        ``(k,)`` slides of each group, 1 or more.
    level
        How far out.

    Returns
    -------
    tuple of (Doubles, Doubles)
        ``(k,)`` low and high, cut off at 0 and 1. A rate beyond them is rarer than the tail of ``level``.

    Notes
    -----
    ``rate ± z sqrt(rate (1 - rate) / n)``; where fewer than ``FEW`` slides are expected on either side, the
    exact binomial limits, interpolated between counts (Spiegelhalter DJ. Stat Med 2005;24:1185).
    """
    from scipy.special import ndtri

    sizes = np.asarray(n, float)
    reach = -float(ndtri(level.tail)) * np.sqrt(rate * (1 - rate) / sizes)
    few = sizes * min(rate, 1 - rate) < FEW
    low = np.where(few, _exact_low(rate, sizes, level.tail), rate - reach)
    high = np.where(few, 1 - _exact_low(1 - rate, sizes, level.tail), rate + reach)
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def share(count: int, n: int) -> Statistic:
    """Give a share of slides with its Wilson interval."""
    return proportion(count, n, "share of the slides", of_nobody="no slide whose class is known")


def months(dates: Sequence[date | None]) -> tuple[str | None, ...]:
    """Name the month of each date, as in 2026-03."""
    return tuple(None if one is None else f"{one:%Y-%m}" for one in dates)


def _exact_low(rate: float, n: Doubles, tail: float) -> Doubles:
    """Lower limit of a binomial rate: fewer slides than it says are rarer than ``tail``."""
    from scipy.stats import binom

    least = binom.ppf(tail, n, rate)  # the least count that is no rarer
    spare = (binom.cdf(least, n, rate) - tail) / binom.pmf(least, n, rate)
    low: Doubles = (least - spare) / n
    return low


def _group(name: str, count: int, n: int, limits: tuple[tuple[float, float], ...]) -> Group:
    places = tuple(_place(count / n, low, high) for low, high in limits)
    return Group(name, count, n, share(count, n), limits, places)


def _place(rate: float, low: float, high: float) -> Place:
    if rate < low:
        return "below"
    return "above" if rate > high else "inside"
