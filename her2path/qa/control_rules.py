"""Which run of a control breaks which rule (docs/science/monitoring.md).

Westgard's rules judge single values and short patterns; EWMA and CUSUM remember, and find the small shifts
that no single run shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Doubles

Severity: TypeAlias = Literal["warning", "rejection", "drift"]
"""``drift``: the run itself may stand, and the cause is to be looked for."""

EWMA_WEIGHT = 0.2
EWMA_LIMIT_SD = 2.7
"""Weight of the newest run, and limit in standard deviations of the average
(Lucas JM, Saccucci MS. Technometrics 1990;32:1)."""

CUSUM_SLACK_SD = 0.5
CUSUM_LIMIT_SD = 4.0
"""Half the shift that is looked for, one standard deviation, and the sum that tells
(Montgomery DC. Introduction to statistical quality control)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule says of a run."""

    severity: Severity
    meaning: str


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "1-3s": Rule("rejection", "one value beyond 3 SD"),
        "2-2s": Rule("rejection", "two values in a row beyond 2 SD on one side"),
        "R-4s": Rule("rejection", "two values beyond 2 SD on opposite sides"),
        "4-1s": Rule("rejection", "four values in a row beyond 1 SD on one side"),
        "10-x": Rule("rejection", "ten values in a row on one side of the mean"),
        "1-2s": Rule("warning", "one value beyond 2 SD"),
        "EWMA": Rule("drift", "the moving average left its limits"),
        "CUSUM": Rule("drift", "the sum of deviations left its limit"),
    }
)
"""Westgard JO et al. Clin Chem 1981;27:493; the most serious first."""


@dataclass(frozen=True, eq=False)
class Broken:
    """Where one rule is broken on one side of the mean; of either side for patterns that have both."""

    rule: str
    runs: Bools
    """``(n,)`` whether the run breaks the rule."""

    length: NDArray[np.intp]
    """``(n,)`` runs of the pattern that ends here; of EWMA and CUSUM, those on this side of the mean."""


def westgard(z: Doubles) -> tuple[Broken, ...]:
    """Judge a series by Westgard's rules.

    Parameters
    ----------
    z
        ``(n,)`` values in standard deviations from the mean, oldest first. All from one control: R-4s
        therefore compares successive runs, and ``between_controls`` those of one run.
    """
    found = [_pattern("1-2s", np.abs(z) > 2, 1), _pattern("1-3s", np.abs(z) > 3, 1)]
    for side in (z, -z):
        found += [
            _pattern("2-2s", _ends_streak(side > 2, 2), 2),
            _pattern("4-1s", _ends_streak(side > 1, 4), 4),
            _pattern("10-x", _ends_streak(side > 0, 10), 10),
        ]
    opposite = np.zeros(len(z), bool)
    opposite[1:] = (np.abs(z[1:]) > 2) & (np.abs(z[:-1]) > 2) & (np.sign(z[1:]) != np.sign(z[:-1]))
    return (*found, _pattern("R-4s", opposite, 2))


def between_controls(z: Doubles) -> Bools:
    """Find the runs in which one control is beyond +2 SD and another beyond −2 SD: R-4s within a run.

    Parameters
    ----------
    z
        ``(runs, controls)``; NaN where a run has no such control.
    """
    return np.asarray((z > 2).any(axis=1) & (z < -2).any(axis=1))


def ewma(z: Doubles) -> tuple[Doubles, Doubles]:
    """Average a series with weights that fall with age, starting at 0.

    Parameters
    ----------
    z
        ``(n,)`` values in standard deviations from the mean, oldest first.

    Returns
    -------
    tuple of (Doubles, Doubles)
        ``(n,)`` average, and the limit that its absolute value should stay below; the limit widens from run
        to run towards its final value.
    """
    from scipy.signal import lfilter

    average = lfilter([EWMA_WEIGHT], [1.0, EWMA_WEIGHT - 1.0], z)
    age = np.arange(1, len(z) + 1)
    variance = EWMA_WEIGHT / (2 - EWMA_WEIGHT) * (1 - (1 - EWMA_WEIGHT) ** (2 * age))
    return np.asarray(average, float), EWMA_LIMIT_SD * np.sqrt(variance)


def cusum(z: Doubles) -> Doubles:
    """Sum what a series exceeds the slack by, never below 0.

    Parameters
    ----------
    z
        ``(n,)`` values in standard deviations from the mean, oldest first.

    Returns
    -------
    Doubles
        ``(2, n)`` upwards and downwards; more than ``CUSUM_LIMIT_SD`` tells of a shift.
    """
    steps = np.stack([z, -z]) - CUSUM_SLACK_SD
    # max(0, S + step), run after run, is the running sum above its lowest point so far.
    sums = np.cumsum(steps, axis=1)
    lifted: Doubles = sums - np.minimum.accumulate(np.minimum(sums, 0.0), axis=1)
    return lifted


def shifts(z: Doubles) -> tuple[Broken, ...]:
    """Judge a series by EWMA and CUSUM, upwards and downwards.

    Parameters
    ----------
    z
        As for ``ewma`` and ``cusum``.
    """
    average, limit = ewma(z)
    sides = [Broken("EWMA", side > limit, _streak(side > 0)) for side in (average, -average)]
    sides += [Broken("CUSUM", side > CUSUM_LIMIT_SD, _streak(side > 0)) for side in cusum(z)]
    return tuple(sides)


def _pattern(rule: str, runs: Bools, length: int) -> Broken:
    return Broken(rule, runs, np.full(len(runs), length))


def _ends_streak(mask: Bools, length: int) -> Bools:
    ends: Bools = _streak(mask) >= length
    return ends


def _streak(mask: Bools) -> NDArray[np.intp]:
    """How many in a row are true, up to and with each place."""
    places = np.arange(1, len(mask) + 1)
    return places - np.maximum.accumulate(np.where(mask, 0, places))
