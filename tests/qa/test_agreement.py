"""Every coefficient against another implementation, on random and on degenerate tables."""

import numpy as np
import pytest
from krippendorff import alpha
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from her2path.qa.agreement import Metric, cohen, fleiss, krippendorff
from her2path.qa.confusion import weights

K = 4
KINDS = [(0, None), (1, "linear"), (2, "quadratic")]


def random_tables(n: int = 200) -> list[np.ndarray]:
    """Tables of all sizes, half of them with classes that nobody used."""
    rng = np.random.default_rng(3)
    tables = []
    for number in range(n):
        share = rng.dirichlet(np.full(K * K, 0.5)).reshape(K, K) + np.eye(K) * rng.random()
        if number % 2:
            unused = rng.integers(0, K)
            share[unused] = share[:, unused] = 0
        tables.append(rng.multinomial(rng.integers(2, 120), share.ravel() / share.sum()).reshape(K, K))
    return tables


TABLES = random_tables()


def readings(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.repeat(np.indices(table.shape).reshape(2, -1), table.ravel(), axis=1)
    return a, b


@pytest.mark.parametrize(("power", "name"), KINDS)
def test_kappa_as_scikit_learn_has_it(power: int, name: str | None) -> None:
    for table, ours in zip(TABLES, cohen(np.stack(TABLES), weights(K, power)), strict=True):
        a, b = readings(table)
        if len({*a.tolist(), *b.tolist()}) == 1:
            assert np.isnan(ours)
        else:
            assert ours == pytest.approx(cohen_kappa_score(a, b, labels=range(K), weights=name), abs=1e-12)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
def test_alpha_as_its_package_has_it(metric: Metric) -> None:
    for table in TABLES:
        a, b = readings(table)
        ours = krippendorff(table + table.T, metric)
        if len({*a.tolist(), *b.tolist()}) == 1:
            assert np.isnan(ours)
        else:
            data = np.stack([a, b]).astype(float)
            domain = sorted({*a.tolist(), *b.tolist()})
            theirs = alpha(reliability_data=data, value_domain=domain, level_of_measurement=metric)
            assert ours == pytest.approx(theirs, abs=1e-12)


def test_fleiss_as_statsmodels_has_it() -> None:
    for table in TABLES:
        a, b = readings(table)
        ours = fleiss(table + table.T)
        if len({*a.tolist(), *b.tolist()}) == 1:
            assert np.isnan(ours)
        else:
            counts = np.eye(K, dtype=int)[a] + np.eye(K, dtype=int)[b]
            assert ours == pytest.approx(fleiss_kappa(counts), abs=1e-12)


def test_a_rater_of_one_class_has_kappa_0_and_two_of_the_same_have_none() -> None:
    one_constant = np.array([[3, 5, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    both_constant = np.diag([8, 0, 0, 0])
    assert cohen(one_constant, weights(K, 2)) == 0
    assert np.isnan(cohen(both_constant, weights(K, 2)))


def test_many_tables_at_once_are_the_same_as_one_by_one() -> None:
    stacked = np.stack(TABLES[:6]).reshape(2, 3, K, K)
    together = cohen(stacked, weights(K, 1)).ravel()
    assert together.tolist() == [float(cohen(table, weights(K, 1))) for table in TABLES[:6]]
