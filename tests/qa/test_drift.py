"""Whether two periods differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact

from her2path.arrays import Doubles
from her2path.qa import drift
from her2path.qa.drift import Stability, homogeneity, period_drift, stability
from her2path.qa.significance import Significance
from her2path.qa.values import Estimate, Undefined


def slides(n: int, seed: int, scale: float = 1.0) -> list[Doubles]:
    rng = np.random.default_rng(seed)
    return [scale * rng.gamma(2, 0.1, 60) * rng.lognormal(0, 0.2) for _ in range(n)]


def test_the_index_by_hand() -> None:
    # Two bins, split at the median of the reference: 4 and 4 cells, later 1 and 7; half a cell more each.
    reference = [np.array([0.1, 0.1, 0.2, 0.2, 0.6, 0.6, 0.7, 0.7])]
    later = [np.array([0.1, 0.5, 0.5, 0.6, 0.6, 0.7, 0.8, 0.9])]
    found = stability(reference, later, bins=2)
    assert isinstance(found, Stability)
    assert found.edges_od.tolist() == pytest.approx([0.4])
    assert found.reference.tolist() == pytest.approx([0.5, 0.5])
    assert found.later.tolist() == pytest.approx([1.5 / 9, 7.5 / 9])
    assert isinstance(found.index, Estimate)
    assert found.index.value == pytest.approx(1 / 3 * np.log(5))
    assert isinstance(found.exchange, Undefined)
    assert found.by_chance is None


def test_the_same_slides_have_no_drift_and_darker_ones_do() -> None:
    before = slides(10, 1)
    same, darker = stability(before, before), stability(before, slides(10, 2, scale=2.0))
    assert isinstance(same, Stability)
    assert isinstance(darker, Stability)
    assert isinstance(same.index, Estimate)
    assert isinstance(darker.index, Estimate)
    assert isinstance(same.exchange, Significance)
    assert isinstance(darker.exchange, Significance)
    assert same.index.value == 0
    assert same.exchange.p == 1
    assert darker.by_chance is not None
    assert darker.index.value > darker.by_chance
    assert darker.exchange.p < 0.01


def test_an_empty_bin_leaves_the_index_finite_and_nan_is_left_out() -> None:
    found = stability([np.array([0.1, 0.2, 0.3, np.nan])], [np.array([5.0, np.nan])], bins=3)
    assert isinstance(found, Stability)
    assert isinstance(found.index, Estimate)
    assert found.later.min() > 0
    assert found.reference.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("reference", "later", "reason"),
    [
        ([], [0.1], "no membrane density"),
        ([0.1], [np.nan], "no membrane density"),
        ([0.3, 0.3], [0.1], "one membrane density only"),
    ],
)
def test_a_period_without_densities_has_no_index(
    reference: list[float], later: list[float], reason: str
) -> None:
    found = stability([np.array(reference)], [np.array(later)])
    assert isinstance(found, Undefined)
    assert reason in found.reason


def test_the_exchange_is_calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "EXCHANGES", 200)
    found = [stability(slides(12, seed), slides(8, 10_000 + seed)) for seed in range(400)]
    p = np.array([one.exchange.p for one in found if isinstance(one, Stability)])  # type: ignore[union-attr]
    assert len(p) == 400
    assert (p <= 0.05).mean() < 0.09
    assert 0.4 < (p <= 0.5).mean() < 0.6


@given(
    st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=2, max_size=4),
)
def test_homogeneity_against_scipy_or_a_reason(table: list[list[int]]) -> None:
    counts = np.array(table)
    found = homogeneity(counts)
    used = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    if min(used.shape) < 2:
        assert isinstance(found, Undefined)
        return
    result = chi2_contingency(used, correction=False)
    assert isinstance(found, Significance)
    assert found.statistic == pytest.approx(result.statistic)
    assert found.n == counts.sum()
    assert 0 < found.p <= 1
    if result.expected_freq.min() >= 5:
        assert found.p == pytest.approx(result.pvalue)


def test_few_slides_are_shuffled_and_come_close_to_the_exact_test() -> None:
    table = np.array([[4, 1], [1, 6]])
    found = homogeneity(table)
    assert isinstance(found, Significance)
    assert "random tables" in found.method
    assert found.p == pytest.approx(fisher_exact(table).pvalue, abs=0.02)


def test_two_periods() -> None:
    found = period_drift((["0", "1+", None], ["1+", "1+", "3+"]), ([], []))
    assert found.scores == ("0", "1+", "3+")
    assert found.table.tolist() == [[1, 1, 0], [0, 2, 1]]
    assert found.without_score == (1, 0)
    assert isinstance(found.distribution, Significance)
    assert isinstance(found.density, Undefined)
