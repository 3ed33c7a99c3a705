"""A statistic: a number with its interval, its n and its method, or the reason why there is none."""

from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number that may be quoted.

    Raises
    ------
    ValueError
        Where the value or a bound is not finite: what is not defined is `Undefined`, never NaN.
    """

    value: float

    low: float | None
    """Lower bound of the 95 % interval; None where only the value is defined (see ``note``)."""

    high: float | None
    """Upper bound, as ``low``."""

    n: int
    """How many slides, pairs or points the number rests on."""

    method: str
    """What was computed, and how the interval: ``"Cohen's kappa, quadratic weights; BCa bootstrap"``."""

    note: str = ""
    """What a reader must know beside the method, such as why there is no interval."""

    def __post_init__(self) -> None:
        numbers = (self.value, self.low, self.high)
        if not all(number is None or isfinite(number) for number in numbers):
            raise ValueError(f"{self.method} gave {numbers}: say Undefined(reason) where nothing is defined.")


@dataclass(frozen=True, slots=True)
class Undefined:
    """A statistic that these data do not define."""

    reason: str
    """One sentence: what is missing (``"both raters gave one class only"``)."""

    n: int = 0
    """How many slides, pairs or points there were."""


Statistic: TypeAlias = Estimate | Undefined
"""A number that may be quoted, or the reason why there is none."""


def as_json(statistic: Statistic) -> dict[str, Any]:
    """Give a statistic as plain values for a JSON file, complete with interval, n and method."""
    if isinstance(statistic, Undefined):
        return {"value": None, "reason": statistic.reason, "n": statistic.n}
    numbers = {"value": statistic.value, "low": statistic.low, "high": statistic.high}
    said = {"n": statistic.n, "method": statistic.method}
    return numbers | said | ({"note": statistic.note} if statistic.note else {})


def value_json(statistic: Statistic) -> float | dict[str, Any]:
    """Give the number alone, or why there is none: the short form of the fields that ``qa.json`` fixes."""
    return as_json(statistic) if isinstance(statistic, Undefined) else statistic.value


def interval_json(statistic: Statistic) -> list[float] | dict[str, Any]:
    """Give the interval alone as ``[low, high]``, or why there is none."""
    if isinstance(statistic, Undefined):
        return as_json(statistic)
    if statistic.low is None or statistic.high is None:
        return {"value": None, "reason": statistic.note, "n": statistic.n}
    return [statistic.low, statistic.high]
