from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.stats import theilslopes

from her2path.arrays import Doubles
from her2path.errors import UsageError
from her2path.qa.regression import Line, deming, linearity, passing_bablok
from her2path.qa.significance import Significance
from her2path.qa.values import Estimate, Statistic, Undefined


def number(statistic: Statistic) -> Estimate:
    assert isinstance(statistic, Estimate), statistic
    return statistic


def two_methods(seed: int, n: int = 25, *, noise: float = 0.1, bend: float = 0.0) -> tuple[Doubles, Doubles]:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 1, n)
    return truth + rng.normal(0, noise, n), 0.1 + 1.3 * truth + bend * truth**2 + rng.normal(0, noise, n)


def plain_passing_bablok(x: Doubles, y: Doubles) -> tuple[float, float, float, float]:
    """As in the paper: sorted slopes, shifted by the number below −1."""
    slopes = []
    for i, j in combinations(range(len(x)), 2):
        if x[i] == x[j] and y[i] == y[j]:
            continue
        slope = np.inf if x[i] == x[j] else (y[i] - y[j]) / (x[i] - x[j])
        if slope != -1:
            slopes.append(slope)
    slopes.sort()
    many, shift, n = len(slopes), sum(slope < -1 for slope in slopes), len(x)
    if many % 2:
        slope = slopes[(many + 1) // 2 + shift - 1]
    else:
        slope = (slopes[many // 2 + shift - 1] + slopes[many // 2 + shift]) / 2
    ranks = 1.959963985 * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    first = round((many - ranks) / 2)
    last = many - first + 1
    return slope, slopes[first + shift - 1], slopes[last + shift - 1], float(np.median(y - slope * x))


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("digits", [1, 6])
def test_passing_bablok_is_that_of_the_paper(seed: int, digits: int) -> None:
    x, y = (np.round(values, digits) for values in two_methods(seed, 20 + seed, noise=0.15))
    slope, low, high, intercept = plain_passing_bablok(x, y)
    line = passing_bablok(x, y)
    found = number(line.slope)
    assert (found.value, number(line.intercept).value) == pytest.approx((slope, intercept))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert number(line.intercept).low == pytest.approx(np.median(y - high * x))


def test_passing_bablok_is_the_line_of_theil_and_sen_where_all_slopes_rise() -> None:
    x = np.linspace(0, 1, 21)
    y = 2 * x + 0.001 * np.random.default_rng(1).normal(size=21)
    assert number(passing_bablok(x, y).slope).value == pytest.approx(theilslopes(y, x).slope)


@pytest.mark.parametrize("seed", range(10))
def test_which_method_is_called_x_changes_nothing_but_the_side(seed: int) -> None:
    x, y = two_methods(seed, 23, noise=0.2)  # an odd number of slopes: their median is one of them
    forth, back = number(passing_bablok(x, y).slope), number(passing_bablok(y, x).slope)
    assert forth.value == pytest.approx(1 / back.value)
    assert forth.low == pytest.approx(1 / (back.high or np.nan))
    one, other = (number(deming(*pair, error_ratio=r).slope) for pair, r in (((x, y), 4.0), ((y, x), 0.25)))
    assert one.value == pytest.approx(1 / other.value)


def test_an_outlier_moves_the_median_line_less() -> None:
    x, y = two_methods(2, 40, noise=0.02)
    spoilt = y.copy()
    spoilt[np.argmax(x)] = 10
    moved = [
        abs(number(fit(x, spoilt).slope).value - number(fit(x, y).slope).value)
        for fit in (passing_bablok, deming)
    ]
    assert moved[0] < 0.1 < moved[1]


@pytest.mark.parametrize("error_ratio", [0.25, 1.0, 4.0])
def test_deming_minimises_the_weighted_distance(error_ratio: float) -> None:
    x, y = two_methods(4)

    def distance(line: Doubles) -> float:
        off = y - line[0] - line[1] * x
        return float((off**2).sum() / (error_ratio + line[1] ** 2))

    best = minimize(distance, x0=[0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    line = deming(x, y, error_ratio=error_ratio)
    assert (number(line.intercept).value, number(line.slope).value) == pytest.approx(best, abs=1e-6)


def test_the_jackknife_leaves_out_one_slide_after_the_other() -> None:
    x, y = two_methods(5, 12)
    lines = [deming(np.delete(x, i), np.delete(y, i)) for i in range(12)]
    for part in ("slope", "intercept"):
        found = number(getattr(deming(x, y), part))
        others = np.array([number(getattr(line, part)).value for line in lines])
        pseudo = 12 * found.value - 11 * others
        half = 2.228138852 * pseudo.std(ddof=1) / np.sqrt(12)
        assert found.high == pytest.approx(found.value + half)


@pytest.mark.parametrize("fit", [deming, passing_bablok])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(fit) -> None:  # type: ignore[no-untyped-def]
    held = 0
    for seed in range(300):
        slope = number(fit(*two_methods(seed, 40)).slope)
        assert slope.low is not None
        assert slope.high is not None
        held += slope.low <= 1.3 <= slope.high
    assert 0.90 < held / 300 <= 0.99


@pytest.mark.parametrize("fit", [deming, passing_bablok])
@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "takes three"),
        ([1, 2], [1, 2], "takes three"),
        ([1, 2, np.nan], [1, 2, 3], "takes three"),
        ([1, 1, 1], [1, 2, 3], "method x reads the same"),
        ([1, 2, 3], [0, 0, 0], "method y reads the same"),
        ([0, 1, 0, 1], [0, 0, 1, 1], "the two methods "),
    ],
)
def test_a_line_that_is_not_defined_has_a_reason(fit, x, y, reason: str) -> None:  # type: ignore[no-untyped-def]
    line = fit(x, y)
    for part in (line.slope, line.intercept):
        assert isinstance(part, Undefined)
        assert reason in part.reason
    assert isinstance(linearity(x, y, line), Undefined)


def test_methods_that_fall_together_have_no_passing_bablok_line() -> None:
    x, y = two_methods(1)
    found = passing_bablok(x, -y).slope
    assert isinstance(found, Undefined)
    assert "do not rise together beyond chance" in found.reason


def test_a_method_that_reads_most_slides_the_same_has_no_passing_bablok_line() -> None:
    two_levels = np.repeat([0.0, 1.0], [50, 10])
    many = two_levels * 10 + np.random.default_rng(1).uniform(0, 1, 60)
    for pair in ((two_levels, many), (many, two_levels)):
        found = passing_bablok(*pair).slope
        assert isinstance(found, Undefined)
        assert "read the same" in found.reason


def test_a_line_that_hangs_on_one_slide_has_no_interval() -> None:
    slope = number(deming([0.0, 1.0, 0.0, 1.0, 9.0], [0.0, 0.0, 1.0, 1.0, 9.0]).slope)
    assert slope.low is None
    assert slope.note


def test_four_points_have_a_median_line_and_no_interval() -> None:
    slope = number(passing_bablok([1.0, 2.0, 3.0, 4.0], [1.1, 2.0, 3.2, 4.0]).slope)
    assert slope.low is None
    assert slope.note


@given(
    arrays(
        float, st.tuples(st.just(2), st.integers(0, 9)), elements=st.sampled_from([0, 0.1, 0.3, 1, np.nan])
    )
)
def test_every_input_gives_numbers_or_a_reason(points: Doubles) -> None:
    for line in (deming(*points), passing_bablok(*points)):
        assert isinstance(line.slope, Undefined) == isinstance(line.intercept, Undefined)
        test = linearity(points[0], points[1], line)
        assert isinstance(test, Undefined) or 0 <= test.p <= 1


def test_a_bend_is_found_and_a_line_is_not_refused_too_often() -> None:
    straight, bent = (
        [linearity(*points, passing_bablok(*points)) for points in pairs]
        for pairs in (
            [two_methods(seed, 60, noise=0.05) for seed in range(150)],
            [two_methods(seed, 80, noise=0.05, bend=1.5) for seed in range(40)],
        )
    )

    def refused(tests: list[Significance | Undefined]) -> float:
        return float(np.mean([isinstance(test, Significance) and test.p < 0.05 for test in tests]))

    assert refused(straight) < 0.13
    assert refused(bent) > 0.9


def test_the_cumulative_sum_by_hand() -> None:
    # Two above, then two below: steps of 1, which reach 2; divided by the root of 2 below and one more.
    line = Line(Estimate(1.0, None, None, 4, ""), Estimate(0.0, None, None, 4, ""))
    test = linearity([1.0, 2.0, 3.0, 4.0], [1.1, 2.1, 2.9, 3.9], line)
    assert isinstance(test, Significance)
    assert test.statistic == pytest.approx(2 / np.sqrt(3))


@pytest.mark.parametrize("ratio", [0.0, -1.0, np.nan, np.inf])
def test_a_ratio_that_is_none_is_refused(ratio: float) -> None:
    with pytest.raises(UsageError, match="above 0"):
        deming([1, 2, 3], [1, 2, 3], error_ratio=ratio)
