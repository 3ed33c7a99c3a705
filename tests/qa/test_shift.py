import warnings

import numpy as np
import pytest
from scipy.stats import chi2
from statsmodels.stats.contingency_tables import SquareTable, mcnemar

from her2path.qa.confusion import Tally
from her2path.qa.shift import bowker, class_shifts, direction, stuart_maxwell
from her2path.qa.significance import Significance
from her2path.qa.values import Undefined

SCORES = ("0", "1+", "2+", "3+")
GOLDEN = np.array([[18, 5, 0, 0], [4, 22, 6, 0], [0, 5, 17, 1], [0, 0, 1, 21]])


def tables(seed: int) -> Tally:
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 6))
    return rng.poisson(rng.gamma(0.6, 6, (classes, classes)))


@pytest.mark.parametrize("seed", range(200))
def test_the_tests_are_those_of_statsmodels(seed: int) -> None:
    table = tables(seed)
    theirs = SquareTable(table, shift_zeros=False)
    symmetry, ours = theirs.symmetry(), bowker(table)
    exchanged = int((np.triu(table + table.T, 1) > 0).sum())
    if isinstance(ours, Undefined):
        assert exchanged == 0
        return
    assert ours.statistic == pytest.approx(symmetry.statistic)
    assert ours.degrees == exchanged
    assert ours.p == pytest.approx(chi2.sf(symmetry.statistic, exchanged))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a table that they cannot invert
        homogeneity, ours = theirs.homogeneity(), stuart_maxwell(table)
    assert isinstance(ours, Significance)
    if ours.degrees == len(table) - 1:
        assert ours.statistic == pytest.approx(homogeneity.statistic)
        assert ours.p == pytest.approx(homogeneity.pvalue)


def test_a_class_that_nobody_calls_changes_nothing() -> None:
    wider = np.zeros((6, 6), int)
    wider[np.ix_([0, 1, 3, 5], [0, 1, 3, 5])] = GOLDEN
    assert stuart_maxwell(wider) == stuart_maxwell(GOLDEN)
    assert bowker(wider) == bowker(GOLDEN)


def test_groups_of_classes_that_are_never_exchanged_are_tested_together() -> None:
    apart = np.array([[5, 9, 0, 0], [2, 5, 0, 0], [0, 0, 5, 1], [0, 0, 8, 5]])
    test = stuart_maxwell(apart)
    assert isinstance(test, Significance)
    assert test.degrees == 2
    assert test.statistic == pytest.approx(7**2 / 11 + 7**2 / 9)


def test_two_classes_are_mcnemars() -> None:
    table = np.array([[30, 12], [3, 20]])
    expected = mcnemar(table, exact=False, correction=False)
    for test in (bowker(table), stuart_maxwell(table)):
        assert isinstance(test, Significance)
        assert (test.statistic, test.p) == pytest.approx((expected.statistic, expected.pvalue))
    (below, above) = class_shifts(table, ("0", "1+"), a="a", b="b")
    assert isinstance(above.test, Significance)
    assert above.test.p == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert above.test.p == pytest.approx(below.test.p if isinstance(below.test, Significance) else None)


@pytest.mark.parametrize("table", [np.diag([3, 0, 4]), np.zeros((4, 4), int), np.array([[7]])])
def test_raters_who_never_differ_have_no_shift_to_test(table: Tally) -> None:
    for test in (bowker(table), stuart_maxwell(table), direction(table, a="a", b="b").test):
        assert isinstance(test, Undefined)
        assert test.n == table.sum()


def test_the_words_name_rater_class_and_numbers() -> None:
    words = [shift.words for shift in class_shifts(GOLDEN, SCORES, a="Dr A", b="program")]
    assert words == [
        "Dr A calls 0 more often: 23 against 22 of 100",
        "Dr A and program call 1+ equally often: 32 of 100",
        "program calls 2+ more often: 24 against 23 of 100",
        "Dr A and program call 3+ equally often: 22 of 100",
    ]
    assert direction(GOLDEN, a="Dr A", b="program").words == (
        "program reads higher than Dr A on 12 and lower on 10 of 100"
    )


def test_counts_of_a_class_are_those_of_its_row_and_column() -> None:
    one = class_shifts(GOLDEN, SCORES, a="a", b="b")[1]
    assert (one.by_a, one.by_b, one.only_a, one.only_b, one.n) == (32, 32, 10, 10, 100)


def test_a_rater_who_overcalls_one_class_is_found() -> None:
    table = np.array([[30, 15, 0], [2, 30, 1], [0, 2, 20]])
    for test in (bowker(table), stuart_maxwell(table), class_shifts(table, "abc", a="a", b="b")[1].test):
        assert isinstance(test, Significance)
        assert test.p < 0.05
