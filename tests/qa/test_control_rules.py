"""Westgard's rules, EWMA and CUSUM on series worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from her2path.arrays import Doubles
from her2path.qa.control_rules import (
    CUSUM_LIMIT_SD,
    CUSUM_SLACK_SD,
    EWMA_WEIGHT,
    between_controls,
    cusum,
    ewma,
    shifts,
    westgard,
)

SERIES = arrays(np.float64, st.integers(1, 40), elements=st.floats(-5, 5, allow_subnormal=False))


def broken(z: list[float]) -> dict[str, list[int]]:
    """Places at which each rule of Westgard is broken."""
    found: dict[str, set[int]] = {}
    for one in westgard(np.array(z, float)):
        found.setdefault(one.rule, set()).update(np.flatnonzero(one.runs).tolist())
    return {rule: sorted(places) for rule, places in found.items() if places}


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        ([0.0, 1.9, -1.9, 0.5], {}),
        ([0.0, 2.1, 0.0], {"1-2s": [1]}),
        ([0.0, -3.1, 0.0], {"1-2s": [1], "1-3s": [1]}),
        ([2.1, 2.2, 0.0], {"1-2s": [0, 1], "2-2s": [1]}),
        ([-2.1, -2.2, -2.3], {"1-2s": [0, 1, 2], "2-2s": [1, 2]}),
        ([2.1, -2.2, 0.0], {"1-2s": [0, 1], "R-4s": [1]}),
        ([2.1, 0.0, -2.2], {"1-2s": [0, 2]}),
        ([1.1, 1.2, 1.3, 1.4, 0.0], {"4-1s": [3]}),
        ([1.1, 1.2, -1.3, 1.4, 1.1], {}),
        ([0.1] * 9 + [-0.1], {}),
        ([-0.1] * 11, {"10-x": [9, 10]}),
        ([0.1] * 5 + [0.0] + [0.1] * 5, {}),
        ([3.0, 0.0, 2.0, 0.0, 2.0], {"1-2s": [0]}),
    ],
)
def test_the_rules_of_westgard_by_hand(z: list[float], expected: dict[str, list[int]]) -> None:
    assert broken(z) == expected


def test_the_pattern_of_a_rule_begins_as_many_runs_before_as_it_has() -> None:
    lengths = {one.rule: set(one.length.tolist()) for one in westgard(np.zeros(12))}
    assert lengths == {"1-2s": {1}, "1-3s": {1}, "2-2s": {2}, "R-4s": {2}, "4-1s": {4}, "10-x": {10}}


def test_controls_of_one_run_that_lie_far_apart() -> None:
    z = np.array([[2.1, -2.1], [2.1, 2.1], [2.1, -1.9], [np.nan, -2.5], [np.nan, np.nan]])
    assert between_controls(z).tolist() == [True, False, False, False, False]


def test_the_moving_average_by_hand() -> None:
    average, limit = ewma(np.array([1.0, 0.0, 2.0]))
    np.testing.assert_allclose(average, [0.2, 0.16, 0.528])
    # 2.7 * sqrt(0.2 / 1.8 * (1 - 0.8 ** (2 t)))
    np.testing.assert_allclose(limit, [0.54, 0.6915374, 0.7730869], atol=1e-6)


def test_the_sums_by_hand() -> None:
    up, down = cusum(np.array([1.0, 2.0, 0.0, -3.0, 1.5]))
    np.testing.assert_allclose(up, [0.5, 2.0, 1.5, 0.0, 1.0])
    np.testing.assert_allclose(down, [0.0, 0.0, 0.0, 2.5, 0.5])


@given(SERIES)
def test_the_moving_average_and_the_sums_agree_with_their_definitions(z: Doubles) -> None:
    average, up, down, averages, ups, downs = 0.0, 0.0, 0.0, [], [], []
    for value in z:
        average = EWMA_WEIGHT * value + (1 - EWMA_WEIGHT) * average
        up = max(0.0, up + value - CUSUM_SLACK_SD)
        down = max(0.0, down - value - CUSUM_SLACK_SD)
        averages.append(average)
        ups.append(up)
        downs.append(down)
    np.testing.assert_allclose(ewma(z)[0], averages, atol=1e-12)
    np.testing.assert_allclose(cusum(z), [ups, downs], atol=1e-9)


@given(SERIES)
def test_a_series_turned_over_breaks_the_same_rules(z: Doubles) -> None:
    assert broken(z.tolist()) == broken((-z).tolist())


def test_a_small_shift_is_found_by_the_charts_that_remember_and_by_no_single_value() -> None:
    z = np.concatenate([np.zeros(5), np.full(9, 0.95)])
    assert broken(z.tolist()) == {}
    told = {one.rule: np.flatnonzero(one.runs) for one in shifts(z) if one.runs.any()}
    # 0.45 a run: the sum passes 4 at the ninth run of the shift, where the average is at 0.82 of 0.90.
    assert told.keys() == {"CUSUM"}
    assert told["CUSUM"].tolist() == [13]


def test_the_moving_average_tells_of_a_larger_shift_first() -> None:
    told = {one.rule: np.flatnonzero(one.runs)[0] for one in shifts(np.full(5, 1.5)) if one.runs.any()}
    # 1.5 (1 - 0.8 ** t) passes its limit at the fourth run, 0.886 of 0.821; the sum is then at 4, not above.
    assert told == {"EWMA": 3, "CUSUM": 4}


def test_a_shift_is_dated_by_its_first_run() -> None:
    z = np.concatenate([np.full(5, -0.6), np.full(6, 1.4)])
    up = next(one for one in shifts(z) if one.rule == "CUSUM" and one.runs.any())
    first = int(np.flatnonzero(up.runs)[0])
    assert cusum(z)[0, first] > CUSUM_LIMIT_SD
    assert first - int(up.length[first]) + 1 == 5


def test_how_soon_a_rule_tells_as_the_science_page_gives_it() -> None:
    rng = np.random.default_rng(0)
    calm, shifted = rng.standard_normal((400, 20)), rng.standard_normal((400, 100)) + 1

    def first_runs(series: Doubles) -> dict[str, list[int]]:
        firsts: dict[str, list[int]] = {}
        for z in series:
            told: dict[str, int] = {}
            for one in (*westgard(z), *shifts(z)):
                at = int(np.argmax(one.runs)) if one.runs.any() else len(z)
                told[one.rule] = min(told.get(one.rule, len(z)), at)
            for rule, at in told.items():
                firsts.setdefault(rule, []).append(at + 1)
        return firsts

    flagged = {rule: float(np.mean(np.array(runs) <= 20)) for rule, runs in first_runs(calm).items()}
    expected = {"1-2s": 0.60, "1-3s": 0.06, "2-2s": 0.02, "R-4s": 0.02, "4-1s": 0.02, "10-x": 0.01}
    assert flagged == pytest.approx(expected | {"EWMA": 0.09, "CUSUM": 0.08}, abs=0.05)
    median = {rule: float(np.median(runs)) for rule, runs in first_runs(shifted).items()}
    assert 4 <= median["EWMA"] <= 8
    assert 5 <= median["CUSUM"] <= 9
    assert min(median["1-3s"], median["2-2s"]) > 22
