"""Whether one rater reads higher than another, or calls a class more often, beyond what chance allows.

Formulas, sources and failure modes: docs/science/method-comparison.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from her2path.arrays import Doubles
from her2path.qa.confusion import Tally
from her2path.qa.significance import SAME, PValue, Significance, sign_test
from her2path.qa.values import Undefined


@dataclass(frozen=True, slots=True)
class ClassShift:
    """How often two raters call one class."""

    name: str
    by_a: int
    by_b: int
    only_a: int
    """Slides that rater a calls so and rater b does not."""

    only_b: int
    n: int
    test: PValue
    """Exact test of McNemar: that both call it equally often."""

    words: str
    """``"rater b calls 1+ more often: 31 against 22 of 100"``."""


@dataclass(frozen=True, slots=True)
class Direction:
    """Which of two raters reads higher."""

    b_higher: int
    b_lower: int
    n: int
    test: PValue
    """Sign test: that higher and lower are equally frequent."""

    words: str


def bowker(table: Tally) -> PValue:
    """Test whether every two classes are exchanged as often in one direction as in the other.

    Degrees of freedom are the pairs of classes that were exchanged at all: one that never was says nothing.

    Parameters
    ----------
    table
        ``(k, k)`` counts, rows rater a, columns rater b.

    References
    ----------
    Bowker AH. J Am Stat Assoc 1948 (recalled, to be checked).
    """
    exchanged = np.triu(table + table.T, 1).astype(float)
    used, n = exchanged > 0, int(table.sum())
    if not used.any():
        return Undefined(SAME, n)
    statistic = float(((table - table.T)[used] ** 2 / exchanged[used]).sum())
    return _chi_square(statistic, int(used.sum()), n, "Bowker's test of symmetry, chi-square")


def stuart_maxwell(table: Tally) -> PValue:
    """Test whether both raters use all classes equally often.

    Classes that were never exchanged with any other, and groups of classes that were not with each other,
    lower the degrees of freedom instead of making the test fail.

    Parameters
    ----------
    table
        ``(k, k)`` counts, rows rater a, columns rater b.

    References
    ----------
    Stuart A. Biometrika 1955; Maxwell AE. Br J Psychiatry 1970 (both recalled, to be checked).
    """
    n = int(table.sum())
    exchanged: Doubles = (table + table.T).astype(float)
    np.fill_diagonal(exchanged, 0.0)
    if not exchanged.any():
        return Undefined(SAME, n)
    covariance = np.diag(exchanged.sum(axis=0)) - exchanged
    surplus = (table.sum(axis=0) - table.sum(axis=1)).astype(float)
    statistic = float(surplus @ np.linalg.pinv(covariance, hermitian=True) @ surplus)
    degrees = int(np.linalg.matrix_rank(covariance, hermitian=True))
    return _chi_square(statistic, degrees, n, "Stuart–Maxwell test of marginal homogeneity, chi-square")


def class_shifts(table: Tally, classes: Sequence[str], *, a: str, b: str) -> tuple[ClassShift, ...]:
    """Say class by class who calls it more often.

    Parameters
    ----------
    table
        ``(k, k)`` counts, rows rater a, columns rater b.
    classes
        Their ``k`` names.
    a, b
        Names of the raters.

    Returns
    -------
    tuple[ClassShift, ...]
        One a class. They are not independent: what one loses, another gains.
    """
    n = int(table.sum())
    both, by_a, by_b = (counts.tolist() for counts in (np.diag(table), table.sum(axis=1), table.sum(axis=0)))
    method = "McNemar's test, exact"
    return tuple(
        ClassShift(
            name,
            by_a[i],
            by_b[i],
            by_a[i] - both[i],
            by_b[i] - both[i],
            n,
            sign_test(by_b[i] - both[i], by_a[i] - both[i], n, method),
            _more_often(name, (a, by_a[i]), (b, by_b[i]), n),
        )
        for i, name in enumerate(classes)
    )


def direction(table: Tally, *, a: str, b: str) -> Direction:
    """Say whether rater b reads higher or lower than rater a.

    Parameters
    ----------
    table
        ``(k, k)`` counts, rows rater a, columns rater b, lowest class first.
    a, b
        Names of the raters.
    """
    higher, lower, n = int(np.triu(table, 1).sum()), int(np.tril(table, -1).sum()), int(table.sum())
    words = f"{b} reads higher than {a} on {higher} and lower on {lower} of {n}"
    return Direction(higher, lower, n, sign_test(higher, lower, n, "sign test, exact"), words)


def _chi_square(statistic: float, degrees: int, n: int, method: str) -> Significance:
    return Significance(float(chdtrc(degrees, statistic)), statistic, degrees, n, method)


def _more_often(name: str, a: tuple[str, int], b: tuple[str, int], n: int) -> str:
    if a[1] == b[1]:
        return f"{a[0]} and {b[0]} call {name} equally often: {a[1]} of {n}"
    (who, more), (_, less) = sorted((a, b), key=lambda one: -one[1])
    return f"{who} calls {name} more often: {more} against {less} of {n}"
