"""Counting, and the proportions with Wilson's interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from her2path.qa.confusion import agreement_at, overall_agreement, proportion, tabulate, weights
from her2path.qa.values import Estimate, Statistic, Undefined

TABLES = hnp.arrays(np.int64, (4, 4), elements=st.integers(0, 30))


def wilson(count: int, n: int) -> tuple[float, float]:
    z, p = 1.959963984540054, count / n
    centre, reach = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return float((centre - reach) / (1 + z * z / n)), float((centre + reach) / (1 + z * z / n))


def number(statistic: Statistic) -> Estimate:
    assert isinstance(statistic, Estimate), statistic
    return statistic


def test_unknown_readings_are_not_counted() -> None:
    a, b = np.array([0, 1, -1, 2], np.int8), np.array([0, 2, 1, -1], np.int8)
    assert tabulate(a, b, 3).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_cases_have_tables_of_their_own() -> None:
    a, b = np.array([0, 1, 1, -1], np.int8), np.array([0, 1, 0, 0], np.int8)
    of_cases = tabulate(a, b, 2, np.array([5, 7, 5, 9]))
    assert of_cases.tolist() == [[[1, 0], [1, 0]], [[0, 0], [0, 1]]]
    assert (of_cases.sum(axis=0) == tabulate(a, b, 2)).all()


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_from_the_formula(counted: tuple[int, int]) -> None:
    found = number(proportion(*counted, "share", of_nobody="nobody"))
    assert (found.low, found.high) == pytest.approx(wilson(*counted), abs=1e-12)


@given(st.integers(1, 3000))
def test_none_and_all_end_at_0_and_1_exactly(n: int) -> None:
    none, every = (number(proportion(count, n, "share", of_nobody="nobody")) for count in (0, n))
    assert (none.low, every.high) == (0.0, 1.0)


def test_a_share_of_nobody_is_not_defined() -> None:
    assert proportion(0, 0, "share", of_nobody="nobody was asked") == Undefined("nobody was asked")
    assert isinstance(overall_agreement(np.zeros((4, 4), np.int64)), Undefined)


@given(TABLES, st.integers(1, 3))
def test_a_cut_is_the_table_of_two_classes(table: np.ndarray, cut: int) -> None:
    found = agreement_at(table, cut, "cut")
    both = table[cut:, cut:].sum()
    assert found.table.sum() == table.sum()
    assert found.table[1, 1] == both
    of_a = table[cut:].sum()
    ppa = found.statistics["ppa"]
    if of_a == 0:
        assert ppa == Undefined("rater a has no slide at cut")
    else:
        assert number(ppa).value == pytest.approx(both / of_a)


@given(TABLES, st.integers(1, 3))
def test_without_a_reference_nobody_comes_first(table: np.ndarray, cut: int) -> None:
    ours, turned = (agreement_at(one, cut, "cut").statistics for one in (table, table.T))
    assert ours["apa"] == turned["apa"]
    assert ours["ana"] == turned["ana"]
    both, a, b = table[cut:, cut:].sum(), table[cut:].sum(), table[:, cut:].sum()
    if a + b:
        assert number(ours["apa"]).value == pytest.approx(2 * both / (a + b))


def test_weights_credit_neighbours() -> None:
    assert weights(3, 0).tolist() == np.eye(3).tolist()
    assert weights(3, 1)[0].tolist() == [1.0, 0.5, 0.0]
    assert weights(3, 2)[0].tolist() == [1.0, 0.75, 0.0]
