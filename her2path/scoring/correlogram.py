"""How far the staining of cells is alike, and what that does to the variance of a share of cells.

Blocks of tissue see correlation within a block alone. Here the covariance of pairs of cells is followed over
their distance and integrated over the tissue (docs/science/bootstrap-intervals.md).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.fft import irfft2, rfft2

from her2path.arrays import Codes, Doubles
from her2path.cells.vocabulary import PATTERNS

SIDE = 48
"""The square around the tissue is cut into this many by this many parts; pairs are counted between them."""

LENGTHS = np.geomspace(1 / 64, 1 / 2, 16)
"""Correlation lengths that are tried, as shares of the edge: below, a part holds it; above, the slide is one
patch."""

LAGS = SIDE // 2
"""Distances up to half of the edge are looked at: beyond, few pairs from the corners speak for all."""

NEARLY = 0.06
"""A length that explains the correlogram this much worse than the best one may as well be true: of such
lengths the one with the largest variance is taken [P, measured: benchmarks/accuracy/coverage.py]."""

NEAREST = 0.52
"""Mean distance of two points of a square of edge 1: of pairs within a part."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What correlation does to a mean over the tissue."""

    variance: float
    """Of the nine fractions together."""

    patches: float
    """As many independent patches say as much of the correlated part of the staining as this tissue."""


def spatial_spread(from_corner_um: Doubles, pattern: Codes) -> Spread:
    """Estimate the variance of the pattern fractions from the covariance of pairs of cells.

    The covariance over distance *h* is taken to fall as exp(-*h*/length). For every length the covariance is
    compared with what it would be *after* the mean of the tissue was taken out, so that large patches are not
    mistaken for the mean.

    Parameters
    ----------
    from_corner_um
        ``(2, n)`` rows and columns of the cells, µm, from 0.
    pattern
        ``(n,)`` pattern of each cell, 0 to 8.
    """
    counts = _tallied(from_corner_um, pattern)
    n = counts.sum(axis=0)
    total = n.sum()
    share = counts.sum(axis=(1, 2)) / total
    own = float((share * (1 - share)).sum())
    residual = rfft2(counts - share[:, None, None] * n, _PADDED)
    seen = _by_lag(irfft2((np.abs(residual) ** 2).sum(axis=0), _PADDED))
    pairs = irfft2(np.abs(rfft2(n, _PADDED)) ** 2, _PADDED)
    n_pairs = _by_lag(pairs)
    weight = np.divide(1.0, n_pairs, out=np.zeros(LAGS), where=n_pairs > 0.5)
    expected, alike = _expected(n, pairs)
    power = np.maximum((weight * expected**2).sum(axis=1), np.finfo(float).tiny)
    sill = np.clip((weight * expected * seen).sum(axis=1) / power, 0.0, own)
    left = (weight * (seen - sill[:, None] * expected) ** 2).sum(axis=1)
    everything = (weight * seen**2).sum()
    enough = left <= left.min() + NEARLY * (everything - left.min())
    chosen = np.flatnonzero(enough)[np.argmax((sill * alike)[enough])]
    return Spread(float(sill[chosen] * alike[chosen]) + own / total, 1 / float(alike[chosen]))


def _tallied(from_corner_um: Doubles, pattern: Codes) -> Doubles:
    """``(9, SIDE, SIDE)`` cells by pattern and part of the tissue."""
    edge_um = max(float(from_corner_um.max()), 1e-9) * (1 + 1e-9) / SIDE
    row, column = np.floor(from_corner_um / edge_um).astype(np.int64)
    key = (pattern * np.int64(SIDE) + row) * SIDE + column
    counts = np.bincount(key, minlength=len(PATTERNS) * SIDE * SIDE)
    return counts.reshape(len(PATTERNS), SIDE, SIDE).astype(float)


_PADDED = (2 * SIDE, 2 * SIDE)
"""Transforms wrap round: with as much room again, opposite edges are no neighbours."""


def _distances() -> Doubles:
    """Length of every lag, in parts; lags past the middle are negative."""
    lag = np.fft.fftfreq(_PADDED[0], 1 / _PADDED[0])
    distance: Doubles = np.hypot(lag[:, None], lag[None, :])
    return distance


_DISTANCE = _distances()
_RING = np.minimum(np.rint(_DISTANCE).astype(np.int64), LAGS + 1).ravel()


@cache
def _kernels() -> tuple[Doubles, np.ndarray]:
    """Covariance by lag for every length, and its transform: the same for every slide."""
    kernels = np.exp(-np.maximum(_DISTANCE, NEAREST) / (LENGTHS * SIDE)[:, None, None])
    return kernels, rfft2(kernels)


def _by_lag(field: Doubles) -> Doubles:
    """``(LAGS,)`` sum over the lags of each length, 1 upwards."""
    sums: Doubles = np.bincount(_RING, field.ravel())[1 : LAGS + 1].astype(float)
    return sums


def _expected(n: Doubles, pairs: Doubles) -> tuple[Doubles, Doubles]:
    """Give what covariance exp(-distance/length) leaves in pairs once centred, and its mean over all pairs.

    Parameters
    ----------
    n
        ``(SIDE, SIDE)`` cells of each part.
    pairs
        ``(2 SIDE, 2 SIDE)`` pairs of cells at each lag.

    Returns
    -------
    tuple[Doubles, Doubles]
        ``(lengths, LAGS)`` and ``(lengths,)``.
    """
    kernels, transformed = _kernels()
    here = rfft2(n, _PADDED)
    around = irfft2(here * transformed, _PADDED)[:, :SIDE, :SIDE] / n.sum()
    weighted = n * around  # mean covariance of the cells of a part with all cells
    alike: Doubles = weighted.sum(axis=(1, 2)) / n.sum()
    # A pair loses what each of its two cells shares with the mean; over a ring of lags the two are equal.
    shared = irfft2(np.conj(rfft2(weighted, _PADDED)) * here, _PADDED)
    centred = pairs * (kernels + alike[:, None, None]) - 2 * shared
    return np.array([_by_lag(lags) for lags in centred]), alike
