import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import logit
from statsmodels.api import OLS

from her2path.arrays import Doubles
from her2path.errors import UsageError
from her2path.qa.continuous import Limits, bland_altman, empirical_logit, icc
from her2path.qa.values import Estimate, Statistic, Undefined

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
"""Table 2 of Shrout and Fleiss 1979: six targets, four judges."""


def number(statistic: Statistic) -> Estimate:
    assert isinstance(statistic, Estimate), statistic
    return statistic


def test_icc_of_the_published_example() -> None:
    found = number(icc(SHROUT_FLEISS))
    assert round(found.value, 2) == 0.29
    assert (found.low, found.high) == pytest.approx((0.019, 0.761), abs=0.0005)
    assert found.n == 6


@pytest.mark.parametrize("seed", range(20))
def test_icc_is_that_of_the_analysis_of_variance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, raters = rng.integers(3, 12), rng.integers(2, 5)
    values = (
        rng.normal(0, rng.uniform(0.1, 2), (n, 1)) + rng.normal(0, 1, (n, raters)) + rng.normal(0, 1, raters)
    )
    slide, rater = np.indices(values.shape)
    of_slide, of_rater = (labels.ravel()[:, None] == np.unique(labels) for labels in (slide, rater))
    both, without_slides, without_raters = (
        OLS(values.ravel(), design.astype(float)).fit().ssr
        for design in (np.hstack([of_slide, of_rater[:, 1:]]), of_rater, of_slide)
    )
    between, of_raters = (without_slides - both) / (n - 1), (without_raters - both) / (raters - 1)
    rest = both / ((n - 1) * (raters - 1))
    expected = (between - rest) / (between + (raters - 1) * rest + raters / n * (of_raters - rest))
    found = number(icc(values))
    assert found.value == pytest.approx(expected)
    if found.low is not None and found.high is not None:
        assert found.low <= found.value <= found.high


@given(
    arrays(
        float, st.tuples(st.integers(0, 6), st.integers(1, 4)), elements=st.sampled_from([0, 0.1, 1, np.nan])
    )
)
def test_icc_is_a_number_of_at_most_one_or_a_reason(values: Doubles) -> None:
    found = icc(values)
    if isinstance(found, Estimate):
        assert found.value <= 1 + 1e-12
        assert (found.low is None) == (found.high is None) == bool(found.note)
    else:
        assert found.reason


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[1.0], [2.0]], "single rater"),
        ([[1.0, 2.0]], "1 slide that"),
        ([[1.0, np.nan], [2.0, 3.0]], "1 slide that"),
        ([[0.1, 0.1], [0.1, 0.1]], "the same"),
        ([[0.0, 1.0], [1.0, 0.0]], "on average"),
    ],
)
def test_icc_says_what_is_missing(values: list[list[float]], reason: str) -> None:
    found = icc(values)
    assert isinstance(found, Undefined)
    assert reason in found.reason


def test_a_rater_who_reads_higher_lowers_the_icc_and_equal_raters_have_one() -> None:
    a = np.random.default_rng(1).normal(0, 1, 30)
    same, shifted = number(icc(np.stack([a, a], 1))), number(icc(np.stack([a, a + 1], 1)))
    assert same.value == 1
    assert same.low is None
    assert shifted.value < 0.8


def test_bland_altman_follows_the_definition() -> None:
    a = np.array([0.10, 0.20, 0.35, 0.60, 0.90, np.nan])
    b = np.array([0.12, 0.27, 0.30, 0.66, 0.95, 0.5])
    found = bland_altman(a, b)
    d = np.array([0.02, 0.07, -0.05, 0.06, 0.05])
    s, t = d.std(ddof=1), 2.776445105
    half = t * s * np.sqrt(1 / 5 + 1.959963985**2 / 8)
    assert number(found.bias).value == pytest.approx(0.03)
    assert (number(found.bias).low, number(found.bias).high) == pytest.approx(
        (0.03 - t * s / np.sqrt(5), 0.03 + t * s / np.sqrt(5))
    )
    upper = number(found.upper)
    assert (upper.value, upper.low, upper.high) == pytest.approx(
        (0.03 + 1.959963985 * s, 0.03 + 1.959963985 * s - half, 0.03 + 1.959963985 * s + half)
    )
    assert number(found.lower).value == pytest.approx(0.03 - 1.959963985 * s)
    assert number(found.lower).n == 5


def test_the_limits_hold_most_differences_and_their_intervals_hold_the_truth() -> None:
    rng, held = np.random.default_rng(3), 0
    for _ in range(400):
        d = rng.normal(0.05, 0.1, 25)
        a = rng.uniform(0, 1, 25)
        upper = number(bland_altman(a, a + d).upper)
        assert upper.low is not None
        assert upper.high is not None
        held += upper.low <= 0.05 + 1.96 * 0.1 <= upper.high
    assert 0.91 < held / 400 < 0.98


def test_swapping_the_raters_turns_bias_and_limits_round() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.uniform(0, 1, 20), rng.uniform(0, 1, 20)
    one, other = bland_altman(a, b), bland_altman(b, a)
    assert number(one.bias).value == pytest.approx(-number(other.bias).value)
    assert number(one.lower).low == pytest.approx(-(number(other.upper).high or 0))


def test_the_logit_scale_takes_away_the_growth_of_differences_towards_the_middle() -> None:
    rng = np.random.default_rng(7)
    truth = rng.normal(-2.5, 1, 300)
    a, b = (1 / (1 + np.exp(-(truth + rng.normal(0, 0.4, 300)))) for _ in range(2))
    plain, odds = bland_altman(a, b), bland_altman(a, b, scale="logit", n_cells=10_000)
    assert number(plain.spread_trend).value > 0.5
    assert abs(number(odds.spread_trend).value) < 0.15
    assert number(odds.upper).value == pytest.approx(1.96 * 0.4 * np.sqrt(2), rel=0.15)


def test_the_empirical_logit_is_finite_at_the_ends_and_the_logit_of_many_cells() -> None:
    assert empirical_logit([0.0, 1.0], 100) == pytest.approx([-np.log(201), np.log(201)])
    assert empirical_logit(0.3, 1e9) == pytest.approx(logit(0.3))


@pytest.mark.parametrize(("a", "b"), [([0.1], [0.2]), ([], []), ([0.1, np.nan], [np.nan, 0.2])])
def test_too_few_pairs_have_a_reason(a: list[float], b: list[float]) -> None:
    found = bland_altman(a, b)
    for one in (found.bias, found.lower, found.upper, found.spread_trend):
        assert isinstance(one, Undefined)
        assert "two" in one.reason


def test_equal_differences_have_a_bias_and_no_interval() -> None:
    found: Limits = bland_altman([0.1, 0.2, 0.3], [0.2, 0.3, 0.4])
    bias = number(found.bias)
    assert bias.value == pytest.approx(0.1)
    assert bias.low is None
    assert "All differences are the same" in bias.note


def test_what_is_asked_for_wrongly_is_said() -> None:
    with pytest.raises(UsageError, match="n_cells"):
        bland_altman([0.1], [0.2], scale="logit")
    with pytest.raises(UsageError, match="from 0 to 1"):
        bland_altman([10.0], [20.0], scale="logit", n_cells=100)
    with pytest.raises(UsageError, match="not known"):
        bland_altman([0.1], [0.2], scale="log")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="shapes"):
        bland_altman([0.1], [0.2, 0.3])
