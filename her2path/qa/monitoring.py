"""The rates of a table by month, site, scanner, lot and reader, and beside what others published."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from her2path.qa.benchmarks import Band, BandPlace, place_in
from her2path.qa.charts import FUNNEL, THREE_SD, RateChart, months, rate_chart, share
from her2path.qa.rates import RATES, hits_of
from her2path.qa.readings import Readings
from her2path.qa.values import Estimate, Statistic, Undefined

EVERYBODY = "all raters"


@dataclass(frozen=True, slots=True)
class NoChart:
    """A chart that there is not."""

    of: str
    what: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One rater's rate beside a published one."""

    of: str
    band: Band
    rate: Statistic
    place: BandPlace | None
    """None where the band has no edges or the rate is not defined."""


@dataclass(frozen=True, eq=False)
class Monitoring:
    """All charts of one table."""

    charts: tuple[RateChart, ...]
    """By month with limits of 3 SD, by all else as funnels."""

    not_charted: tuple[NoChart, ...]
    comparisons: tuple[Comparison, ...]


def monitor(readings: Readings, bands: Sequence[Band]) -> Monitoring:
    """Chart every rate of every rater by every grouping that the table has.

    Parameters
    ----------
    readings
        One row a slide.
    bands
        Published rates.
    """
    drawn = list(_charts(readings))
    return Monitoring(
        charts=tuple(one for one in drawn if isinstance(one, RateChart)),
        not_charted=tuple(one for one in drawn if isinstance(one, NoChart)),
        comparisons=tuple(_comparisons(readings, bands)),
    )


def _charts(readings: Readings) -> Iterator[RateChart | NoChart]:
    groupings = dict(readings.groups)
    if readings.dates is not None:
        groupings = {"month": months(readings.dates)} | groupings
    hits = [hits_of(rater, readings.ish) for rater in readings.raters]
    names = [rater.name for rater in readings.raters]
    for what in RATES:
        for by, groups in groupings.items():
            levels = (THREE_SD,) if by == "month" else FUNNEL
            for name, of_rater in zip(names, hits, strict=True):
                chart = rate_chart(of_rater[what], groups, of=name, what=what, by=by, levels=levels)
                yield _or_reason(chart, name, what, by)
        if len(names) > 1:
            readers = np.repeat(names, len(readings.slide_ids)).tolist()
            all_hits = np.concatenate([of_rater[what] for of_rater in hits])
            chart = rate_chart(all_hits, readers, of=EVERYBODY, what=what, by="reader", levels=FUNNEL)
            yield _or_reason(chart, EVERYBODY, what, "reader")


def _or_reason(chart: RateChart | Undefined, of: str, what: str, by: str) -> RateChart | NoChart:
    return NoChart(of, what, by, chart.reason) if isinstance(chart, Undefined) else chart


def _comparisons(readings: Readings, bands: Sequence[Band]) -> Iterator[Comparison]:
    for rater in readings.raters:
        hits = hits_of(rater, readings.ish)
        for band in bands:
            known = hits[band.rate][hits[band.rate] >= 0]
            rate = share(int(known.sum()), len(known))
            yield Comparison(
                rater.name, band, rate, place_in(rate, band) if isinstance(rate, Estimate) else None
            )
