"""The result of a test of a hypothesis: its p-value, and what was tested."""

from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

from scipy.stats import binomtest

from her2path.qa.values import Undefined, as_json

SAME = "no slide was read differently"


@dataclass(frozen=True, slots=True)
class Significance:
    """How rarely chance alone departs so far from a hypothesis.

    A large p-value is no proof of the hypothesis: few slides cannot show a departure.

    Raises
    ------
    ValueError
        Where a number is not finite: what is not defined is `Undefined`, never NaN.
    """

    p: float
    statistic: float
    degrees: int | None
    """Degrees of freedom; None where the test has none."""

    n: int
    """How many slides, pairs or points the test rests on."""

    method: str
    """Which test, and of which hypothesis."""

    def __post_init__(self) -> None:
        if not (isfinite(self.p) and isfinite(self.statistic)):
            raise ValueError(
                f"{self.method} gave p = {self.p}: say Undefined(reason) where nothing is defined."
            )


PValue: TypeAlias = Significance | Undefined
"""A p-value that may be quoted, or the reason why there is none."""


def significance_json(test: PValue) -> dict[str, Any]:
    """Give a test as plain values for a JSON file."""
    if isinstance(test, Undefined):
        return as_json(test)
    return {
        "p": test.p,
        "statistic": test.statistic,
        "degrees": test.degrees,
        "n": test.n,
        "method": test.method,
    }


def sign_test(up: int, down: int, n: int, method: str) -> PValue:
    """Test whether changes in two directions are equally frequent, exact; with two classes it is McNemar's.

    Parameters
    ----------
    up, down
        Slides that differ in one direction and in the other.
    n
        Slides read, different or not.
    method
        Name of the test.
    """
    if up + down == 0:
        return Undefined(SAME, n)
    return Significance(float(binomtest(up, up + down).pvalue), float(up), None, n, method)
