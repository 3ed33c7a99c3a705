"""Rates of groups against what chance allows."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from her2path.arrays import Codes
from her2path.qa.charts import FUNNEL, THREE_SD, Level, RateChart, limits_of, months, rate_chart
from her2path.qa.significance import Significance
from her2path.qa.values import Undefined


def slides(counts: dict[str, tuple[int, int]]) -> tuple[Codes, list[str | None]]:
    """Hits and groups of ``count`` of ``n`` slides by group."""
    hits = [int(place < count) for count, n in counts.values() for place in range(n)]
    return np.array(hits, np.int8), [name for name, (_, n) in counts.items() for _ in range(n)]


def chart_of(
    counts: dict[str, tuple[int, int]], levels: tuple[Level, ...] = (THREE_SD,)
) -> RateChart | Undefined:
    hits, groups = slides(counts)
    return rate_chart(hits, groups, of="reader", what="positive", by="site", levels=levels)


def test_a_p_chart_by_hand() -> None:
    chart = chart_of({"a": (20, 100), "b": (60, 300), "c": (60, 100), "d": (60, 500)})
    assert isinstance(chart, RateChart)
    assert (chart.centre.value, chart.centre.n) == (0.2, 1000)
    a = chart.groups[0]
    # 0.2 ± 3 sqrt(0.2 * 0.8 / 100)
    assert a.limits[0] == pytest.approx((0.08, 0.32))
    assert [group.places for group in chart.groups] == [("inside",), ("inside",), ("above",), ("below",)]
    assert [group.name for group in chart.beyond] == ["c", "d"]
    assert isinstance(chart.homogeneity, Significance)
    # 100 (0.2-0.2)² + 300 (0)² + 100 (0.4)² + 500 (0.08)², over 0.16
    assert chart.homogeneity.statistic == pytest.approx(120.0)
    assert chart.homogeneity.degrees == 3


def test_a_slide_without_a_group_or_class_is_counted_and_left_out() -> None:
    hits, groups = slides({"a": (1, 10), "b": (2, 10)})
    hits[0] = -1
    groups[-1] = None
    chart = rate_chart(hits, groups, of="reader", what="positive", by="site")
    assert isinstance(chart, RateChart)
    assert [(group.count, group.n) for group in chart.groups] == [(0, 9), (2, 9)]
    assert chart.n_unknown == 2


@pytest.mark.parametrize("counts", [{}, {"a": (2, 10)}])
def test_one_group_is_nothing_to_compare(counts: dict[str, tuple[int, int]]) -> None:
    chart = chart_of(counts)
    assert isinstance(chart, Undefined)
    assert "nothing to compare" in chart.reason


@pytest.mark.parametrize("share", [0, 1])
def test_groups_that_are_all_alike_are_inside(share: int) -> None:
    chart = chart_of({"a": (5 * share, 5), "b": (50 * share, 50)}, FUNNEL)
    assert isinstance(chart, RateChart)
    assert chart.beyond == ()
    assert isinstance(chart.homogeneity, Undefined)


@given(
    st.floats(0.05, 0.95),
    st.lists(st.integers(100, 5000), min_size=2, max_size=8, unique=True),
    st.sampled_from((THREE_SD, *FUNNEL)),
)
def test_limits_widen_as_n_falls(rate: float, sizes: list[int], level: Level) -> None:
    low, high = limits_of(rate, np.sort(sizes), level)
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) <= 0).all()
    assert (low <= rate).all()
    assert (high >= rate).all()


@given(st.floats(0.001, 0.999), st.integers(1, 400), st.sampled_from((THREE_SD, *FUNNEL)))
def test_few_slides_are_judged_by_the_exact_tail(rate: float, n: int, level: Level) -> None:
    if n * min(rate, 1 - rate) >= 5:
        return
    low, high = limits_of(rate, [n], level)
    counts = np.arange(n + 1)
    below, above = binom.cdf(counts, n, rate), binom.sf(counts - 1, n, rate)
    # Where a count sits on the limit itself the last bits decide.
    clear = (np.abs(below - level.tail) > 1e-9) & (np.abs(above - level.tail) > 1e-9)
    assert ((counts / n < low) == (below < level.tail))[clear].all()
    assert ((counts / n > high) == (above < level.tail))[clear].all()


def test_an_outer_level_lies_outside_an_inner_one() -> None:
    sizes = np.arange(1, 300)
    (low, high), (far_low, far_high) = (limits_of(0.14, sizes, level) for level in FUNNEL)
    assert (far_low <= low).all()
    assert (far_high >= high).all()
    assert (far_high > high)[20:].all()


def test_months_are_named_so_that_they_sort() -> None:
    assert months([date(2026, 3, 31), None, date(2025, 12, 1)]) == ("2026-03", None, "2025-12")


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (20, [(0, 0.441), (0, 0.336), (0, 0.447)]),
        (100, [(0.036, 0.244), (0.072, 0.208), (0.033, 0.247)]),
        (500, [(0.093, 0.187), (0.110, 0.170), (0.092, 0.188)]),
    ],
)
def test_the_limits_that_the_science_page_gives(n: int, expected: list[tuple[float, float]]) -> None:
    found = [limits_of(0.14, [n], level) for level in (THREE_SD, *FUNNEL)]
    np.testing.assert_allclose([[low[0], high[0]] for low, high in found], expected, atol=5e-4)
