"""Whether two periods differ: in the distribution of scores, and in that of the membrane density.

Cells of one slide stain alike, so that slides are exchanged between the periods, and not cells
(docs/science/monitoring.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from her2path.arrays import Doubles
from her2path.qa.significance import PValue, Significance
from her2path.qa.values import Estimate, Statistic, Undefined

BINS = 10
"""Bins of equal share in the reference: the deciles that the index is commonly taken from (Siddiqi N. Credit
risk scorecards. Wiley 2006)."""

EMPTY = 0.5
"""Cells added to every bin, so that an empty one does not make the index infinite."""

EXCHANGES = 2000
"""Random exchanges of slides: a p-value of 0.05 is known to ± 0.01."""

EXPECTED = 5.0
"""Where fewer slides are expected in a place of the table, chi-square is not to be believed (Cochran WG.
Biometrics 1954;10:417), and rows are shuffled instead."""


@dataclass(frozen=True, eq=False)
class Stability:
    """The population stability index of the membrane density between a reference and a later period."""

    index: Statistic
    """0 where the shares of all bins agree."""

    by_chance: float | None
    """95 of 100 random exchanges of slides between the periods give no more than this."""

    exchange: PValue
    """Of the hypothesis that the periods are exchangeable."""

    edges_od: Doubles
    """``(bins - 1,)`` borders between the bins, taken from the reference."""

    reference: Doubles
    later: Doubles
    """``(bins,)`` share of the cells in each bin."""


@dataclass(frozen=True, eq=False)
class PeriodDrift:
    """What two periods with slides of their own differ in."""

    scores: tuple[str, ...]
    """That were given, lowest first."""

    table: NDArray[np.int64]
    """``(2, scores)`` slides of the earlier and of the later period."""

    without_score: tuple[int, int]
    distribution: PValue
    """Of the hypothesis that both periods have one distribution of scores."""

    density: Stability | Undefined


def period_drift(
    scores: tuple[Sequence[str | None], Sequence[str | None]],
    membrane_od: tuple[Sequence[Doubles], Sequence[Doubles]],
) -> PeriodDrift:
    """Compare the scores and the membrane density of two periods.

    Parameters
    ----------
    scores
        Of the slides of the earlier and of the later period; None where there is none.
    membrane_od
        As for ``stability``, of those slides whose cells are known.
    """
    known = sorted({score for period in scores for score in period if score is not None})
    table = np.array([[list(period).count(score) for score in known] for period in scores], np.int64)
    return PeriodDrift(
        scores=tuple(known),
        table=table,
        without_score=(list(scores[0]).count(None), list(scores[1]).count(None)),
        distribution=homogeneity(table),
        density=stability(*membrane_od),
    )


def stability(
    reference: Sequence[Doubles], later: Sequence[Doubles], *, bins: int = BINS, seed: int = 0
) -> Stability | Undefined:
    """Compare the membrane density of two periods.

    Parameters
    ----------
    reference, later
        One array a slide: the membrane density of its cells, OD; NaN is left out. A slide gives one value
        where its median is all that is known.
    bins
        How many, of equal share in the reference; fewer where values are tied.
    seed
        Of the exchanges.

    Returns
    -------
    Stability or Undefined
        Undefined where a period has no value, or the reference has one value only.

    Notes
    -----
    ``sum (later - reference) ln(later / reference)`` over the bins, after ``EMPTY`` cells were added to every
    bin of either period.
    """
    slides = [np.asarray(od, float)[np.isfinite(od)] for od in (*reference, *later)]
    first = np.concatenate([*slides[: len(reference)], np.empty(0)])
    n = len(slides)
    if not len(first) or not sum(map(len, slides[len(reference) :])):
        return Undefined("a period has no membrane density", n)
    edges = np.unique(np.quantile(first, np.arange(1, bins) / bins))
    edges = edges[edges > first.min()]  # else the lowest bin could hold nothing
    if not len(edges):
        return Undefined(f"the reference has one membrane density only, {first[0]:g}", n)
    counts = np.stack(
        [np.bincount(np.searchsorted(edges, od, "right"), minlength=len(edges) + 1) for od in slides]
    )
    earlier = np.arange(n) < len(reference)
    shares = _shares(np.stack([counts[earlier].sum(axis=0), counts[~earlier].sum(axis=0)]))
    found = float(_index(shares[0], shares[1]))
    chance = _exchanged(counts, len(reference), np.random.default_rng(seed))
    method = "population stability index over bins of equal share in the reference"
    if chance is None:
        note = "no interval: slides cannot be exchanged where a period has one only"
        few = Undefined("a period has one slide only", n)
        return Stability(Estimate(found, None, None, n, method, note), None, few, edges, *shares)
    p = float((1 + np.count_nonzero(chance >= found)) / (1 + len(chance)))
    told = f"{len(chance)} random exchanges of slides: both periods have one distribution"
    by_chance = float(np.quantile(chance, 0.95))
    note = f"no interval; {by_chance:.3f} or less in 95 of 100 random exchanges of slides"
    return Stability(
        Estimate(found, None, None, n, method, note),
        by_chance,
        Significance(p, found, None, n, told),
        edges,
        *shares,
    )


def homogeneity(table: ArrayLike, *, seed: int = 0) -> PValue:
    """Test whether groups have one distribution of classes: Pearson's chi-square (SciPy).

    Parameters
    ----------
    table
        ``(groups, classes)`` counts of slides.
    seed
        Of the shuffling that is done where chi-square is not to be believed.

    Returns
    -------
    Significance or Undefined
        Undefined where there is one group, or one class, only.
    """
    from scipy.stats import chi2_contingency
    from scipy.stats.contingency import expected_freq

    counts = np.asarray(table, int)
    n = int(counts.sum())
    counts = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    if counts.shape[0] < 2:
        return Undefined("one group only: nothing to compare", n)
    if counts.shape[1] < 2:
        return Undefined("all slides are of one class: the groups do not differ", n)
    result = chi2_contingency(counts, correction=False)
    degrees = int(result.dof)
    if expected_freq(counts).min() >= EXPECTED:
        told = "Pearson's chi-square: all groups have one distribution"
        return Significance(float(result.pvalue), float(result.statistic), degrees, n, told)
    shuffled = _shuffled(counts, np.random.default_rng(seed))
    p = float((1 + np.count_nonzero(shuffled >= result.statistic * (1 - 1e-12))) / (1 + len(shuffled)))
    told = f"Pearson's chi-square, {len(shuffled)} random tables: all groups have one distribution"
    return Significance(p, float(result.statistic), degrees, n, told)


def _shuffled(counts: np.ndarray, rng: np.random.Generator) -> Doubles:
    """Chi-square of random tables with the margins of this one."""
    from scipy.stats import random_table
    from scipy.stats.contingency import expected_freq

    tables = random_table(counts.sum(axis=1), counts.sum(axis=0)).rvs(EXCHANGES, random_state=rng)
    expected = expected_freq(counts)
    squares: Doubles = ((tables - expected) ** 2 / expected).sum(axis=(1, 2))
    return squares


def _shares(counts: np.ndarray) -> Doubles:
    """``(..., bins)`` shares of counts, none of them 0."""
    filled = counts + EMPTY
    shares: Doubles = filled / filled.sum(axis=-1, keepdims=True)
    return shares


def _index(reference: Doubles, later: Doubles) -> Doubles:
    index: Doubles = ((later - reference) * np.log(later / reference)).sum(axis=-1)
    return index


def _exchanged(counts: np.ndarray, n_reference: int, rng: np.random.Generator) -> Doubles | None:
    """Index after random exchanges of slides between the periods; None where there is nothing to exchange.

    The bins stay as they are.
    """
    n = len(counts)
    if min(n_reference, n - n_reference) < 2:
        return None
    order = rng.permuted(np.tile(np.arange(n), (EXCHANGES, 1)), axis=1)
    first = (order < n_reference) @ counts
    shares = _shares(np.stack([first, counts.sum(axis=0) - first]))
    return _index(shares[0], shares[1])
