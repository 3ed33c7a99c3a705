"""Intervals by drawing cases with replacement: the bootstrap, bias-corrected and accelerated (BCa)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from her2path.arrays import Doubles

REPLICATES = 2000
"""As Efron & Tibshirani 1993 (An Introduction to the Bootstrap, ch. 14) ask of BCa at the least."""

SEED = 20240611
"""Fixed, so that the same table gives the same interval."""

MIN_UNITS = 5
"""Five cases can be drawn in 126 ways, four in 35: fewer do not fill a tail of 2.5 %."""

MAX_UNDEFINED = 0.05
"""Beyond this share of replicates without a value, what is left speaks of other data."""

LEVEL = 0.95

SAME = 1e-12
"""Values closer than this differ by rounding alone."""

Coefficient = Callable[[Doubles], Doubles]
"""``(..., k, k)`` tables in, ``(...)`` values out."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Tables of resampled cases; many coefficients are computed from the same draws."""

    n_units: int

    whole: Doubles
    """``(k, k)`` all cases."""

    replicates: Doubles
    """``(REPLICATES, k, k)``."""

    without: Doubles
    """``(m, k, k)`` the whole without one case, for each distinct table of a case."""

    times: Doubles
    """``(m,)`` how many cases have that table."""


def draw(unit_tables: np.ndarray) -> Draws:
    """Draw cases with replacement.

    Cases with the same table need not be told apart, so that how often each kind is drawn is multinomial.

    Parameters
    ----------
    unit_tables
        ``(units, k, k)`` what each case adds to the table of all.
    """
    n_units, *shape = unit_tables.shape
    kinds, times = np.unique(unit_tables.reshape(n_units, np.prod(shape)), axis=0, return_counts=True)
    whole = times @ kinds
    if n_units < MIN_UNITS:
        often: np.ndarray = np.empty((0, len(kinds)))
    else:
        often = np.random.default_rng(SEED).multinomial(n_units, times / n_units, size=REPLICATES)

    def tables(flat: np.ndarray) -> Doubles:
        return flat.reshape(-1, *shape).astype(np.float64)

    return Draws(
        n_units, tables(whole)[0], tables(often @ kinds), tables(whole - kinds), times.astype(np.float64)
    )


def bca_interval(draws: Draws, coefficient: Coefficient) -> tuple[float, float] | str:
    """Give the BCa interval of a coefficient, or why there is none.

    Parameters
    ----------
    draws
        Of the cases.
    coefficient
        Computed for every draw at once; defined for all cases together.

    Returns
    -------
    tuple of (float, float) | str
        95 % interval; or a sentence.

    Notes
    -----
    Efron 1987, J Am Stat Assoc 82:171. The acceleration comes from leaving out one case at a time.
    """
    if draws.n_units < MIN_UNITS:
        return f"{MIN_UNITS} cases are needed to draw from; the slides are of {counted_cases(draws.n_units)}"
    drawn = coefficient(draws.replicates)
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < (1 - MAX_UNDEFINED) * REPLICATES:
        return f"{REPLICATES - len(drawn)} of {REPLICATES} draws of cases do not define it"
    jackknife = coefficient(draws.without)
    defined = np.isfinite(jackknife)
    times = draws.times[defined]
    mean = times @ jackknife[defined] / times.sum()
    influence = mean - jackknife[defined]
    spread = times @ influence**2
    beside = drawn - float(coefficient(draws.whole))
    share = float(np.mean(beside < -SAME) + np.mean(np.abs(beside) <= SAME) / 2)
    if not spread > SAME**2 or np.ptp(drawn) <= SAME or not 0 < share < 1:
        return "the cases are too alike: every draw gives the same value"
    acceleration = float(times @ influence**3) / (6 * float(spread) ** 1.5)
    bias = float(ndtri(share))
    z = bias + ndtri(np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    low, high = np.quantile(drawn, ndtr(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def counted_cases(n: int) -> str:
    """Say how many cases there are: ``1 case``, ``2 cases``."""
    return f"{n} case" if n == 1 else f"{n} cases"
