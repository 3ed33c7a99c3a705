"""Where to cut a continuous reading so that it agrees with a comparator, and how well it does beside the cut.

Failure modes: docs/science/method-comparison.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from her2path.arrays import Codes, Doubles
from her2path.errors import UsageError
from her2path.qa.confusion import Tally, proportion
from her2path.qa.spelling import UNKNOWN
from her2path.qa.values import Statistic, Undefined

MOST_CUTS = 200
"""A curve with more points looks the same."""


@dataclass(frozen=True, slots=True)
class CutAgreement:
    """A reading at or above ``cut`` counts as positive."""

    cut: float
    ppa: Statistic
    npa: Statistic
    opa: Statistic


@dataclass(frozen=True, slots=True)
class ThresholdSweep:
    """Agreement with a comparator at every cut, lowest first."""

    cuts: tuple[CutAgreement, ...]
    n_positive: int
    n_negative: int

    @property
    def balanced(self) -> CutAgreement | None:
        """The cut with the highest smaller agreement: chosen on these slides, it looks better than it is."""
        rated = [
            (min(one.ppa.value, one.npa.value), one)
            for one in self.cuts
            if not isinstance(one.ppa, Undefined) and not isinstance(one.npa, Undefined)
        ]
        return max(rated, key=lambda pair: pair[0])[1] if rated else None


@dataclass(frozen=True, slots=True)
class Boundary:
    """Two raters on the classes next to a cut alone."""

    below: str
    above: str
    ppa: Statistic
    """Of the slides that the comparator puts into the class just above the cut: put above it."""

    npa: Statistic


def threshold_sweep(
    values: ArrayLike, comparator: Codes, *, cut: int, at: ArrayLike | None = None
) -> ThresholdSweep:
    """Cut a continuous reading at many places and compare with a comparator.

    Parameters
    ----------
    values
        ``(slides,)`` a fraction, a density, an H-score; NaN where there is none.
    comparator
        ``(slides,)`` classes; UNKNOWN where there is none.
    cut
        The comparator is positive in this class and above.
    at
        Where to cut, in the unit of ``values``; by default every value that occurs, thinned evenly over the
        slides to at most ``MOST_CUTS``.

    Raises
    ------
    UsageError
        If there are not as many values as classes.
    """
    reading = np.asarray(values, float)
    if reading.shape != comparator.shape:
        raise UsageError(f"{reading.shape} values and {comparator.shape} classes: give one of each a slide.")
    known = np.isfinite(reading) & (comparator != UNKNOWN)
    positive, negative = (np.sort(reading[known & side]) for side in (comparator >= cut, comparator < cut))
    places = _places(reading[known]) if at is None else np.unique(np.asarray(at, float))
    missed = np.searchsorted(positive, places).tolist()
    held = np.searchsorted(negative, places).tolist()
    n_positive, n_negative = len(positive), len(negative)
    return ThresholdSweep(
        tuple(
            CutAgreement(
                place,
                _share(n_positive - below, n_positive, "positive percent agreement with the comparator"),
                _share(rejected, n_negative, "negative percent agreement with the comparator"),
                _share(n_positive - below + rejected, n_positive + n_negative, "overall percent agreement"),
            )
            for place, below, rejected in zip(places.tolist(), missed, held, strict=True)
        ),
        n_positive,
        n_negative,
    )


def at_boundary(table: Tally, classes: Sequence[str], *, cut: int) -> Boundary:
    """Compare two raters on the two classes next to a cut, where slides are hard.

    A study with many 3+ has a high positive agreement at ``>=1+``, whatever becomes of its 1+.

    Parameters
    ----------
    table
        ``(k, k)`` counts, rows the comparator, columns the other rater.
    classes
        Their ``k`` names, lowest first.
    cut
        Classes from here on are above it, 1 to ``k − 1``.
    """
    above, below = table[cut], table[cut - 1]
    names = classes[cut - 1], classes[cut]
    return Boundary(
        *names,
        _share(
            int(above[cut:].sum()), int(above.sum()), f"agreement on {names[1]} of the comparator, or above"
        ),
        _share(
            int(below[:cut].sum()), int(below.sum()), f"agreement on {names[0]} of the comparator, or below"
        ),
    )


def _places(values: Doubles) -> Doubles:
    if not len(values):
        return values
    return np.unique(np.quantile(values, np.linspace(0, 1, MOST_CUTS), method="inverted_cdf"))


def _share(count: int, total: int, what: str) -> Statistic:
    return proportion(count, total, what, of_nobody="the comparator has no such slide")
