"""Tables that were published with their coefficients give those coefficients, to the last digit printed."""

import numpy as np
import pytest

from her2path.qa.confusion import proportion
from her2path.qa.many_raters import coefficients, count_readings
from her2path.qa.pairs import ScaleAgreement, compare
from her2path.qa.readings import SCORE, STATUS, Placed
from her2path.qa.values import Estimate, Statistic

SCORES = [[18, 5, 0, 0], [4, 22, 6, 0], [0, 5, 17, 1], [0, 0, 1, 21]]
"""Rows reference, columns algorithm: the golden table of the project's domain reference."""

SMEARS = [[22, 2, 2, 0], [5, 7, 14, 0], [0, 2, 36, 0], [0, 1, 17, 10]]
"""118 slides of the cervix by two pathologists: Agresti 2002, Categorical Data Analysis, table 10.8."""


def agreement(table: list[list[int]]) -> ScaleAgreement:
    counts = np.array(table)
    a, b = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1).astype(np.int8)
    scale = STATUS if len(counts) == 2 else SCORE
    return compare(scale, Placed(a, a), Placed(b, b), np.arange(len(a)))


def number(statistic: Statistic) -> Estimate:
    assert isinstance(statistic, Estimate), statistic
    return statistic


@pytest.fixture(scope="module")
def scores() -> ScaleAgreement:
    return agreement(SCORES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("opa", "0.78"),
        ("kappa", "0.70406"),
        ("kappa_linear", "0.81481"),
        ("kappa_quadratic", "0.90331"),
        ("ac1", "0.70753"),
        ("ac2_linear", "0.82616"),
        ("ac2_quadratic", "0.91398"),
        ("fleiss", "0.70404"),
        ("krippendorff_nominal", "0.70552"),
        ("krippendorff_interval", "0.90378"),
        ("krippendorff_ordinal", "0.89632"),
    ],
)
def test_coefficients_of_the_golden_table(scores: ScaleAgreement, name: str, value: str) -> None:
    decimals = len(value) - 2
    assert f"{number(scores.statistics[name]).value:.{decimals}f}" == value
    assert scores.table.tolist() == SCORES


@pytest.mark.parametrize(
    ("name", "low", "high"), [("ac1", "0.598", "0.817"), ("ac2_quadratic", "0.882", "0.946")]
)
def test_intervals_of_the_golden_table(scores: ScaleAgreement, name: str, low: str, high: str) -> None:
    found = number(scores.statistics[name])
    assert (f"{found.low:.3f}", f"{found.high:.3f}") == (low, high)


@pytest.mark.parametrize(
    ("cut", "name", "count", "n", "low", "high"),
    [
        (">=1+", "ppa", 73, 77, ".874", ".980"),
        (">=1+", "npa", 18, 23, ".581", ".903"),
        (">=2+", "ppa", 40, 45, ".765", ".952"),
        (">=2+", "npa", 49, 55, ".782", ".949"),
        ("3+", "ppa", 21, 22, ".782", ".992"),
        ("3+", "npa", 77, 78, ".931", ".998"),
    ],
)
def test_cuts_of_the_golden_table(
    scores: ScaleAgreement, cut: str, name: str, count: int, n: int, low: str, high: str
) -> None:
    found = number(scores.cuts[cut].statistics[name])
    assert (found.value, found.n) == (count / n, n)
    assert (f"{found.low:.3f}".lstrip("0"), f"{found.high:.3f}".lstrip("0")) == (low, high)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (20, 20, "83.9", "100.0"),
        (19, 20, "76.4", "99.1"),
        (90, 100, "82.6", "94.5"),
        (0, 20, "0.0", "16.1"),
        (35, 35, "90.1", "100.0"),
    ],
)
def test_wilson_as_tabulated(count: int, n: int, low: str, high: str) -> None:
    found = number(proportion(count, n, "share", of_nobody="nobody"))
    assert found.low is not None
    assert found.high is not None
    assert (f"{100 * found.low:.1f}", f"{100 * found.high:.1f}") == (low, high)


def test_low_by_local_and_central_laboratories() -> None:
    """823 of 1060, printed as 77.6 %."""
    assert f"{100 * number(proportion(823, 1060, 'share', of_nobody='nobody')).value:.1f}" == "77.6"


@pytest.mark.parametrize(
    ("table", "observed", "kappa"),
    [([[40, 9], [6, 45]], "0.85", "0.70"), ([[80, 10], [5, 5]], "0.85", "0.32")],
    ids=["balanced", "skewed"],
)
def test_same_agreement_and_another_kappa(table: list[list[int]], observed: str, kappa: str) -> None:
    """The paradox of skewed classes: Feinstein & Cicchetti 1990, J Clin Epidemiol 43:543."""
    found = agreement(table).statistics
    assert f"{number(found['opa']).value:.2f}" == observed
    assert f"{number(found['kappa']).value:.2f}" == kappa


def test_two_pathologists_of_a_textbook() -> None:
    """Kappa 0.493 with a standard error of 0.057: Agresti 2002, section 10.5."""
    found = agreement(SMEARS).statistics
    asymptotic = number(found["kappa_asymptotic"])
    assert asymptotic.high is not None
    assert f"{number(found['kappa']).value:.3f}" == "0.493"
    assert f"{(asymptotic.high - asymptotic.value) / 1.959964:.3f}" == "0.057"


def test_four_observers_with_missing_readings() -> None:
    """Krippendorff 2011, Computing Krippendorff's Alpha-Reliability; AC1 of the same data: Gwet."""
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
    codes = [np.array(row, np.int8) - np.int8(1) for row in observers]
    found = coefficients(count_readings(codes, 5), ("1", "2", "3", "4", "5"), np.arange(12))
    assert f"{number(found['krippendorff_nominal']).value:.3f}" == "0.743"
    assert f"{number(found['krippendorff_ordinal']).value:.3f}" == "0.815"
    assert f"{number(found['krippendorff_interval']).value:.3f}" == "0.849"
    ac1 = number(found["ac1"])
    assert (f"{ac1.value:.3f}", f"{ac1.low:.3f}", f"{ac1.high:.0f}") == ("0.775", "0.461", "1")


def test_fourteen_raters() -> None:
    """Kappa 0.210: the worked table that is usually shown with Fleiss 1971, Psychol Bull 76:378."""
    rows = ["0 0 0 0 14", "0 2 6 4 2", "0 0 3 5 6", "0 3 9 2 0", "2 2 8 1 1"]
    rows += ["7 7 0 0 0", "3 2 6 3 0", "2 5 3 2 2", "6 5 2 1 0", "0 2 2 3 7"]
    counts = np.array([[int(text) for text in row.split()] for row in rows])
    found = coefficients(counts, ("1", "2", "3", "4", "5"), np.arange(10))
    assert f"{number(found['fleiss']).value:.3f}" == "0.210"
