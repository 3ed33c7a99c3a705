"""Confusion tables and the proportions in them, each with Wilson's interval."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Codes, Doubles
from her2path.qa.values import Estimate, Statistic, Undefined

Tally = NDArray[np.int64]
"""Counts: ``(k, k)`` of one table, rows rater a and columns rater b, or ``(..., k, k)`` of many."""

WILSON = "Wilson interval, 95 %"


@dataclass(frozen=True, eq=False)
class Cut:
    """Two raters at one cut: at or above it, or below."""

    table: Tally
    """``(2, 2)`` rows rater a, columns rater b, below first."""

    statistics: Mapping[str, Statistic]
    """``opa``; ``ppa`` and ``npa`` with rater a as the comparator; ``apa`` and ``ana``, where nobody is."""


def tabulate(a: Codes, b: Codes, n_classes: int, unit: np.ndarray | None = None) -> Tally:
    """Count pairs of classes.

    Parameters
    ----------
    a, b
        ``(n,)`` classes; a pair with a negative code is not counted.
    n_classes
        ``k``.
    unit
        ``(n,)`` case of each slide; None counts all slides together.

    Returns
    -------
    Tally
        ``(k, k)``, or ``(units, k, k)`` with a table for each case that has a pair.
    """
    known = (a >= 0) & (b >= 0)
    cell = a[known].astype(np.int64) * n_classes + b[known]
    if unit is None:
        return np.bincount(cell, minlength=n_classes**2).reshape(n_classes, n_classes)
    units, place = np.unique(unit[known], return_inverse=True)
    flat = np.bincount(place * n_classes**2 + cell, minlength=len(units) * n_classes**2)
    return flat.reshape(-1, n_classes, n_classes)


def proportion(count: int, total: int, what: str, *, of_nobody: str) -> Statistic:
    """Give a proportion with Wilson's interval.

    Parameters
    ----------
    count, total
        How many of how many.
    what
        Name of the proportion, for ``method``.
    of_nobody
        Why there is none where ``total`` is 0.

    Notes
    -----
    Wilson 1927, J Am Stat Assoc 22:209, as in ``statsmodels``.
    """
    from statsmodels.stats.proportion import proportion_confint

    if total == 0:
        return Undefined(of_nobody)
    low, high = proportion_confint(count, total, method="wilson")
    # At 0 and at all of them the formula gives 0 and 1, its rounding only nearly.
    low, high = (0.0 if count == 0 else float(low)), (1.0 if count == total else float(high))
    return Estimate(count / total, low, high, total, f"{what}; {WILSON}")


def overall_agreement(table: Tally) -> Statistic:
    """Give the share of slides on the diagonal of a table."""
    what = "overall percent agreement"
    return proportion(
        int(np.trace(table)), int(table.sum()), what, of_nobody="no slide was read by both raters"
    )


def agreement_at(table: Tally, cut: int, name: str) -> Cut:
    """Compare two raters at one cut.

    Parameters
    ----------
    table
        ``(k, k)`` rows rater a, columns rater b.
    cut
        Classes from here on are at or above it, 1 to ``k - 1``.
    name
        Name of the cut, for reasons.
    """
    edges = [0, cut]
    two = np.add.reduceat(np.add.reduceat(table, edges, axis=0), edges, axis=1)
    (below, only_b), (only_a, above) = two.tolist()
    apart = only_a + only_b
    statistics = {
        "opa": overall_agreement(two),
        "ppa": proportion(
            above,
            above + only_a,
            "positive percent agreement with rater a as the comparator",
            of_nobody=f"rater a has no slide at {name}",
        ),
        "npa": proportion(
            below,
            below + only_b,
            "negative percent agreement with rater a as the comparator",
            of_nobody=f"rater a has no slide that is not {name}",
        ),
        "apa": _mutual(above, apart, "average positive agreement", f"no rater has a slide at {name}"),
        "ana": _mutual(
            below, apart, "average negative agreement", f"no rater has a slide that is not {name}"
        ),
    }
    return Cut(two, statistics)


def _mutual(both: int, apart: int, what: str, of_nobody: str) -> Statistic:
    """Agreement in one class where no rater is the reference: 2 both / (2 both + apart).

    It is ``2p / (1 + p)`` of ``p = both / (both + apart)``, a proportion of slides, so that Wilson's bounds
    of ``p`` carry over; taking the readings as ``2 both + apart`` trials would count the agreed slides twice.
    """
    share = proportion(both, both + apart, what, of_nobody=of_nobody)
    if isinstance(share, Undefined) or share.low is None or share.high is None:
        return share
    value, low, high = (2 * p / (1 + p) for p in (share.value, share.low, share.high))
    return Estimate(value, low, high, share.n, f"{what}; {WILSON}, of the slides that either rater has there")


def weights(n_classes: int, power: int) -> Doubles:
    """Give the agreement credited to each pair of classes.

    Parameters
    ----------
    n_classes
        ``k``.
    power
        0: full agreement alone · 1: linear in the distance between classes · 2: quadratic.

    Returns
    -------
    Doubles
        ``(k, k)``, 1 on the diagonal.
    """
    place = np.arange(n_classes)
    distance = np.abs(place[:, None] - place) / (n_classes - 1)
    credit: Doubles = 1.0 - (distance**power if power else (distance > 0))
    return credit
