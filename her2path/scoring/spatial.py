"""Spatial statistics of a value on neighbouring places, from esda: Moran's I and Getis-Ord Gi*.

esda takes seconds to import, and is imported where it is needed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from her2path.arrays import Doubles, Mask

if TYPE_CHECKING:
    from libpysal.weights import W

MIN_PLACES = 4
"""Moran's I is not given for fewer places: its variance is not defined below."""


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
    Moran PAP. Biometrika 1950 (recalled, to be checked). Computed by esda.Moran.
    """
    linked = np.unique(pairs)
    if len(linked) < MIN_PLACES or np.ptp(values[linked]) == 0:
        return None
    from esda.moran import Moran as EsdaMoran

    weights = _weights(linked, pairs)
    with np.errstate(all="ignore"):  # of analytical variances, which few places do not have and nobody reads
        observed = EsdaMoran(values[linked], weights, transformation="r", permutations=0)
    # esda would shuffle with NumPy's global generator, which other threads use as well; the test has its own.
    # Values are standardised and the weights of a place sum to 1: I is a mean product with the neighbours.
    rng, matrix = np.random.default_rng(seed), weights.sparse
    shuffled = (rng.permutation(observed.z) for _ in range(permutations))
    simulated = np.array([(z * (matrix @ z)).mean() for z in shuffled])
    # As far from the expectation as observed, either way; rounding may not split rearrangements that tie.
    as_far = np.abs(simulated - observed.EI) >= abs(observed.I - observed.EI) - 1e-12
    return Moran(float(observed.I), (int(as_far.sum()) + 1) / (permutations + 1))


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
    Ord JK, Getis A. Geogr Anal 1995 (recalled, to be checked). Computed by esda.G_Local.
    """
    scores = np.full(len(values), np.nan)
    linked = np.unique(pairs)
    if len(linked) < MIN_PLACES or np.ptp(values[linked]) == 0:
        return scores
    from esda.getisord import G_Local

    weights = _weights(linked, np.concatenate([pairs, np.stack([linked, linked], axis=1)]))
    with np.errstate(divide="ignore", invalid="ignore"):  # a neighbourhood of all places has no variance
        z = G_Local(values[linked], weights, transform="B", star=True, permutations=0).Zs
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
    from scipy.stats import false_discovery_control  # half a second to import; needed here only

    adjusted = np.full(len(p), np.nan)
    if among.any():
        adjusted[among] = false_discovery_control(p[among])
    return adjusted


def _weights(places: NDArray[np.int64], pairs: NDArray[np.int64]) -> "W":
    """Binary weights of the pairs, in the order of the places that they link."""
    from libpysal.weights import W

    place, neighbour = np.searchsorted(places, pairs[np.argsort(pairs[:, 0], kind="stable")]).T
    ends = np.cumsum(np.bincount(place))
    neighbours = {k: near.tolist() for k, near in enumerate(np.split(neighbour, ends[:-1]))}
    # Pieces of tissue that do not touch are usual, and nothing to warn of.
    return W(neighbours, id_order=list(neighbours), silence_warnings=True)
