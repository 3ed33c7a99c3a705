"""Spatial statistics of a value on neighbouring places: Moran's I and Getis-Ord Gi*.

Closed formulas, tested against esda and scipy.stats, which take longer to import than they to compute
(docs/decisions/0008-spatial-statistics.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr

from her2path.arrays import Doubles, Mask

MIN_PLACES = 4
"""Moran's I is not given for fewer places: its variance is not defined below."""

VALUES_AT_A_TIME = 1 << 13
"""Of so many values rearrangements are looked at together: 64 kB stay in the cache."""


@dataclass(frozen=True, slots=True)
class Moran:
    """Moran's I and the two-sided p-value of its permutation test."""

    i: float
    p: float


def moran(values: Doubles, pairs: NDArray[np.int64], *, permutations: int, seed: int) -> Moran | None:
    """Measure whether neighbouring places have similar values.

    Parameters
    ----------
    values
        ``(n,)``.
    pairs
        ``(m, 2)`` neighbours, each pair in both orders. Places without neighbours take no part. The weights
        of a place are divided by its number of neighbours, so that places at the border of the tissue count
        as much as those inside.
    permutations
        Random rearrangements of the values.
    seed
        Of the rearrangements.

    Returns
    -------
    Moran | None
        About ``-1 / (n - 1)`` for values at random; None where fewer than ``MIN_PLACES`` places have
        neighbours, or all values are equal.

    References
    ----------
    Moran PAP. Biometrika 1950 (recalled, to be checked).
    """
    linked = np.unique(pairs)
    if len(linked) < MIN_PLACES or np.ptp(values[linked]) == 0:
        return None
    weights = _weights(linked, pairs)
    # Weights of a place sum to 1 and values are standardised: I is a mean product with the neighbours.
    matrix = weights.multiply(1 / weights.sum(axis=1)[:, None]).tocsr()
    z = (values[linked] - values[linked].mean()) / values[linked].std()
    rng = np.random.default_rng(seed)
    (observed,) = _alike(matrix, z[None])
    at_a_time = max(1, VALUES_AT_A_TIME // len(z))
    together = [min(at_a_time, permutations - first) for first in range(0, permutations, at_a_time)]
    simulated = np.concatenate(
        [_alike(matrix, np.stack([rng.permutation(z) for _ in range(n)])) for n in together]
    )
    expected = -1 / (len(z) - 1)
    # As far from the expectation as observed, either way; rounding may not split rearrangements that tie.
    as_far = np.abs(simulated - expected) >= abs(observed - expected) - 1e-12
    return Moran(float(observed), (int(as_far.sum()) + 1) / (permutations + 1))


def _alike(weights: csr_array, arranged: Doubles) -> Doubles:
    """``(k,)`` mean product with the neighbours, of ``(k, n)`` arrangements of the values."""
    neighbours = np.ascontiguousarray((weights @ arranged.T).T)
    alike: Doubles = (arranged * neighbours).mean(axis=1)
    return alike


def getis_ord(values: Doubles, pairs: NDArray[np.int64]) -> Doubles:
    """Getis-Ord Gi* of each place: how far its neighbourhood, itself included, lies from the mean.

    Parameters
    ----------
    values
        ``(n,)``, 0 or more.
    pairs
        ``(m, 2)`` neighbours, each pair in both orders. Places without neighbours take no part.

    Returns
    -------
    Doubles
        ``(n,)`` standard normal scores; NaN for places without neighbours, where all values are equal, and
        for a neighbourhood that is the whole slide.

    References
    ----------
    Ord JK, Getis A. Geogr Anal 1995 (recalled, to be checked), their formula with the place itself.
    """
    scores = np.full(len(values), np.nan)
    linked = np.unique(pairs)
    if len(linked) < MIN_PLACES or np.ptp(values[linked]) == 0:
        return scores
    weights = _weights(linked, np.concatenate([pairs, np.stack([linked, linked], axis=1)]))
    x, n = values[linked], len(linked)
    # Every weight is 1: the sum of the squares of a neighbourhood's weights is their number.
    size = weights.sum(axis=1)
    spread = x.std() * np.sqrt((n * size - size * size) / (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):  # a neighbourhood of all places has no variance
        z = (weights @ x - x.mean() * size) / spread
    scores[linked] = np.where(np.isfinite(z), z, np.nan)
    return scores


def two_sided_p(z: Doubles) -> Doubles:
    """Two-sided p-value of standard normal scores; NaN stays NaN."""
    p: Doubles = 2 * ndtr(-np.abs(z))
    return p


def false_discovery(p: Doubles, among: Mask) -> Doubles:
    """p-values after Benjamini-Hochberg among some of the places; NaN elsewhere.

    References
    ----------
    Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289-300.
    """
    adjusted = np.full(len(p), np.nan)
    places = np.flatnonzero(among)
    places = places[np.argsort(p[places], kind="stable")]
    scaled = p[places] * len(places) / np.arange(1, len(places) + 1)
    # No p-value is above that of a place with a larger one.
    adjusted[places] = np.minimum.accumulate(np.minimum(scaled, 1.0)[::-1])[::-1]
    return adjusted


def _weights(places: NDArray[np.int64], pairs: NDArray[np.int64]) -> csr_array:
    """Weights of 1 of the pairs, in the order of the places that they link: ``(places, places)``."""
    place, neighbour = np.searchsorted(places, np.unique(pairs, axis=0)).T
    n = len(places)
    return csr_array((np.ones(len(place)), (place, neighbour)), shape=(n, n))
