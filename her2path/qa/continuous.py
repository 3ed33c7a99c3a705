"""How far readings on a continuous scale agree: fractions of cells, H-scores, densities.

Formulas, sources and failure modes: docs/science/method-comparison.md.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit
from scipy.stats import f as f_distribution
from scipy.stats import spearmanr

from her2path.arrays import Doubles
from her2path.errors import UsageError
from her2path.qa.values import Estimate, Statistic, Undefined

Transform: TypeAlias = Literal["given", "logit"]
TRANSFORMS: tuple[Transform, ...] = get_args(Transform)

Z_95 = float(ndtri(0.975))

ROUNDING = 1e-12
"""A sum of squares below this part of the total is rounding."""

ICC = "ICC(A,1) = ICC(2,1): two-way, absolute agreement, one reading; F interval of McGraw and Wong"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bland–Altman: what rater b reads more than rater a."""

    bias: Statistic
    """Mean of b − a."""

    lower: Statistic
    """Lower limit of agreement: about 2.5 % of differences are below."""

    upper: Statistic

    spread_trend: Statistic
    """Spearman's correlation of the size of the differences with the mean of the two readings: well above 0,
    one pair of limits does not serve the whole range, and another scale may."""

    scale: Transform
    """``logit``: all but ``spread_trend`` are differences of log odds."""


def icc(readings: ArrayLike) -> Statistic:
    """Share of the variance of single readings that is due to the slides.

    A rater who reads higher than the others lowers it. It is one number under two names: ICC(2,1) takes the
    raters for a sample of raters, ICC(A,1) for all there are.

    Parameters
    ----------
    readings
        ``(slides, raters)``, NaN where a rater has none. Slides that all raters read are used; ``n`` counts
        them.

    References
    ----------
    Shrout PE, Fleiss JL. Psychol Bull 1979. McGraw KO, Wong SP. Psychol Methods 1996 (both recalled, to be
    checked).
    """
    values = np.asarray(readings, float)
    values = values[np.isfinite(values).all(axis=1)]
    n, raters = values.shape
    if raters < 2:
        return Undefined("a single rater", n)
    if n < 2:
        return Undefined(f"{_slides(n)} that all raters read; it takes two", n)
    if np.ptp(values) == 0:
        return Undefined("all readings are the same", n)
    if (values == values[:, :1]).all():
        return Estimate(
            1.0, None, None, n, ICC, "All raters give the same readings: no spread for an interval."
        )

    between, of_raters, rest = _mean_squares(values)
    total = between + (raters - 1) * rest + raters / n * (of_raters - rest)
    if total <= ROUNDING * (between + of_raters + rest):
        return Undefined("neither slides nor raters differ on average", n)
    value = (between - rest) / total
    interval = _icc_interval(value, (between, of_raters, rest), n, raters)
    if interval is None:
        return Estimate(value, None, None, n, ICC, "Too little variance for an interval.")
    return Estimate(value, *interval, n, ICC)


def bland_altman(
    a: ArrayLike, b: ArrayLike, *, scale: Transform = "given", n_cells: ArrayLike | None = None
) -> Limits:
    """Bias and limits of agreement of two raters, with their 95 % intervals.

    Parameters
    ----------
    a, b
        ``(slides,)`` readings in the same unit, NaN where there is none. Pairs are used.
    scale
        ``logit`` for fractions, which differ less near 0 and 1 than between. Densities have a scale of
        their own already.
    n_cells
        For ``logit``: how many cells the fractions were counted on, one number or one a slide; 100 for
        percentages estimated by eye. It sets how far 0 and 1 lie out.

    Raises
    ------
    UsageError
        If the scale is unknown, or ``logit`` has no ``n_cells`` or values outside 0 to 1.

    References
    ----------
    Bland JM, Altman DG. Lancet 1986; Stat Methods Med Res 1999 (both recalled, to be checked).
    """
    first, second = paired(_on_scale(a, scale, n_cells), _on_scale(b, scale, n_cells))
    differences, n = second - first, len(first)
    unit = "log odds, " if scale == "logit" else ""
    if n < 2:
        nothing = Undefined(f"{_slides(n)} with both readings; it takes two", n)
        return Limits(nothing, nothing, nothing, nothing, scale)

    bias, sd, t = float(differences.mean()), float(differences.std(ddof=1)), float(stdtrit(n - 1, 0.975))
    if sd <= ROUNDING * np.abs(np.stack([first, second])).max():
        note = "All differences are the same: no spread for an interval."
        same = Estimate(bias, None, None, n, f"Bland–Altman, {unit}b − a", note)
        return Limits(same, same, same, Undefined("all differences are the same", n), scale)
    half_bias = t * sd / sqrt(n)
    half_limit = t * sd * sqrt(1 / n + Z_95**2 / (2 * (n - 1)))
    lower, upper = (
        Estimate(
            limit,
            limit - half_limit,
            limit + half_limit,
            n,
            f"Bland–Altman limit of agreement, {unit}b − a; t interval",
        )
        for limit in (bias - Z_95 * sd, bias + Z_95 * sd)
    )
    return Limits(
        Estimate(bias, bias - half_bias, bias + half_bias, n, f"Bland–Altman bias, {unit}b − a; t interval"),
        lower,
        upper,
        _spearman((first + second) / 2, np.abs(differences - bias)),
        scale,
    )


def empirical_logit(fraction: ArrayLike, n_cells: ArrayLike) -> Doubles:
    """Log odds of fractions that were counted on ``n_cells`` cells; finite at 0 and 1 too.

    Half a cell is added on either side (Haldane 1955, Anscombe 1956; recalled, to be checked).
    """
    share, cells = np.asarray(fraction, float), np.asarray(n_cells, float)
    return np.asarray(np.log((share * cells + 0.5) / ((1 - share) * cells + 0.5)))


def paired(a: ArrayLike, b: ArrayLike) -> tuple[Doubles, Doubles]:
    """Give the readings of the slides that both raters read.

    Raises
    ------
    UsageError
        If there are not as many of one as of the other.
    """
    first, second = np.asarray(a, float), np.asarray(b, float)
    if first.shape != second.shape or first.ndim != 1:
        raise UsageError(
            f"Readings of two raters have shapes {first.shape} and {second.shape}: give one of each a slide."
        )
    both = np.isfinite(first) & np.isfinite(second)
    return first[both], second[both]


def _on_scale(values: ArrayLike, scale: Transform, n_cells: ArrayLike | None) -> Doubles:
    readings = np.asarray(values, float)
    if scale == "given":
        return readings
    if scale != "logit":
        raise UsageError(f"Scale {scale!r} is not known: one of {', '.join(TRANSFORMS)}.")
    if n_cells is None:
        raise UsageError("The logit scale needs n_cells: how many cells the fractions were counted on.")
    if np.any((readings < 0) | (readings > 1)):
        raise UsageError("The logit scale takes fractions from 0 to 1; divide percentages by 100.")
    return empirical_logit(readings, n_cells)


def _mean_squares(values: Doubles) -> tuple[float, float, float]:
    """Mean squares between slides, between raters, and of what is left."""
    n, raters = values.shape
    centred = values - values.mean()
    of_slide, of_rater = centred.mean(axis=1), centred.mean(axis=0)
    rest = centred - of_slide[:, None] - of_rater
    return (
        raters * float(of_slide @ of_slide) / (n - 1),
        n * float(of_rater @ of_rater) / (raters - 1),
        float((rest**2).sum()) / ((n - 1) * (raters - 1)),
    )


def _icc_interval(
    value: float, mean_squares: tuple[float, float, float], n: int, raters: int
) -> tuple[float, float] | None:
    """None where the variance of the raters and the rest has no degrees of freedom."""
    between, of_raters, rest = mean_squares
    weight = raters * value / (n * (1 - value))
    shares = weight * of_raters, (1 + weight * (n - 1)) * rest
    spread = shares[0] ** 2 / (raters - 1) + shares[1] ** 2 / ((n - 1) * (raters - 1))
    degrees = sum(shares) ** 2 / spread if spread > 0 else 0.0
    if degrees <= 0:
        return None
    f_low = float(f_distribution.ppf(0.975, n - 1, degrees))
    f_high = float(f_distribution.ppf(0.975, degrees, n - 1))
    error = raters * of_raters + (raters * n - raters - n) * rest
    low = n * (between - f_low * rest) / (f_low * error + n * between)
    high = n * (f_high * between - rest) / (error + n * f_high * between)
    return (low, high) if np.isfinite([low, high]).all() else None


def _spearman(a: Doubles, b: Doubles) -> Statistic:
    n, method = len(a), "Spearman's correlation; interval of Bonett and Wright"
    if n < 4:
        return Undefined(f"{_slides(n)}; a correlation with an interval takes four", n)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return Undefined("no variance", n)
    rho = float(spearmanr(a, b).statistic)
    if abs(rho) >= 1 - ROUNDING:
        return Estimate(rho, None, None, n, method, "The order is the same throughout: no interval.")
    half = Z_95 * np.sqrt((1 + rho**2 / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(rho) + np.array([-half, half])).tolist()
    return Estimate(rho, low, high, n, method)


def _slides(n: int) -> str:
    return f"{n} slide{'' if n == 1 else 's'}"
