"""All charts of one table."""

from datetime import date

import numpy as np
import pytest

from her2path.qa.benchmarks import Band
from her2path.qa.monitoring import EVERYBODY, monitor
from her2path.qa.readings import Rater, Readings
from her2path.qa.values import Estimate

N = 60


@pytest.fixture
def readings() -> Readings:
    """Two raters: the second calls everything 3+ that site B sent."""
    site = tuple("AB"[place % 2] for place in range(N))
    first = np.array([place % 3 for place in range(N)], np.int8)
    second = np.where(np.array(site) == "B", 3, first).astype(np.int8)
    raters = tuple(
        Rater(name, scores, np.where(scores == 0, -1, scores + 1).astype(np.int8))
        for name, scores in (("first", first), ("second", second))
    )
    dates = tuple(date(2026, 1 + place // 20, 1) for place in range(N))
    return Readings(
        slide_ids=tuple(f"s{place}" for place in range(N)), raters=raters, dates=dates, groups={"site": site}
    )


def test_every_rater_and_grouping_has_its_chart_or_a_reason(readings: Readings) -> None:
    found = monitor(readings, ())
    told = {(one.of, one.what, one.by) for one in found.charts}
    told |= {(one.of, one.what, one.by) for one in found.not_charted}
    assert len(told) == 5 * (2 * 2 + 1)
    assert {of for of, _, by in told if by == "reader"} == {EVERYBODY}
    assert {one.by: len(one.levels) for one in found.charts} == {"month": 1, "site": 2, "reader": 2}
    reasons = {one.what for one in found.not_charted}
    assert "ultralow" in reasons
    assert "zero" not in reasons


def test_what_stands_out_is_told(readings: Readings) -> None:
    found = monitor(readings, ())
    beyond = {(one.of, one.what, one.by): [group.name for group in one.beyond] for one in found.charts}
    assert beyond["first", "zero", "site"] == []
    assert beyond["second", "positive", "site"] == ["A", "B"]
    assert beyond[EVERYBODY, "positive", "reader"] == ["first", "second"]


def test_rates_are_laid_beside_those_of_others(readings: Readings) -> None:
    band = Band(
        rate="positive", tumour="breast", where="here", low=0.1, high=0.2, spread="range", citation="x"
    )
    first, second = monitor(readings, (band,)).comparisons
    assert isinstance(first.rate, Estimate)
    assert isinstance(second.rate, Estimate)
    # Of 60 slides a third is 2+ without ISH, and says nothing.
    assert (first.rate.value, first.rate.n, first.place) == (0.0, 40, "below")
    assert second.place == "above"


def test_a_table_without_groupings_compares_readers_alone(readings: Readings) -> None:
    bare = Readings(slide_ids=readings.slide_ids, raters=readings.raters)
    assert {one.by for one in monitor(bare, ()).charts} == {"reader"}
    alone = Readings(slide_ids=readings.slide_ids, raters=readings.raters[:1])
    assert monitor(alone, ()).charts == ()
