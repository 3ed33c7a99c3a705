"""Lines between two methods that both err: Deming, Passing–Bablok, and whether a line serves at all.

Formulas, sources and failure modes: docs/science/method-comparison.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kolmogorov, ndtri, stdtrit

from her2path.arrays import Bools, Doubles
from her2path.errors import UsageError
from her2path.qa.continuous import paired
from her2path.qa.significance import PValue, Significance
from her2path.qa.values import Estimate, Statistic, Undefined

UNCORRELATED = 1e-12
"""A correlation below this is rounding."""


@dataclass(frozen=True, slots=True)
class Line:
    """What method y reads for a reading of method x: ``y = intercept + slope · x``.

    No constant bias: the interval of the intercept holds 0. No proportional bias: that of the slope holds 1.
    """

    slope: Statistic
    intercept: Statistic


def deming(x: ArrayLike, y: ArrayLike, *, error_ratio: float = 1.0) -> Line:
    """Fit the line that is nearest to the points where both methods err.

    Parameters
    ----------
    x, y
        ``(slides,)`` readings of two methods, NaN where there is none. Pairs are used.
    error_ratio
        Variance of the errors of y over that of x, from repeated readings; 1 takes them for equally precise.

    Raises
    ------
    UsageError
        If the ratio is not a positive number.

    References
    ----------
    Linnet K. Clin Chem 1993 (the jackknife; recalled, to be checked).
    """
    if not (np.isfinite(error_ratio) and error_ratio > 0):
        raise UsageError(f"The ratio of error variances is {error_ratio}: it must be a number above 0.")
    at_x, at_y = paired(x, y)
    n = len(at_x)
    if reason := _no_line(at_x, at_y):
        return Line(Undefined(reason, n), Undefined(reason, n))
    off_x, off_y = at_x - at_x.mean(), at_y - at_y.mean()
    sums = np.array([off_x @ off_x, off_y @ off_y, off_x @ off_y])
    if _uncorrelated(sums):
        nothing = Undefined("the two methods are not correlated", n)
        return Line(nothing, nothing)

    # Taking point i out moves each mean by off / (n − 1), and each sum of products by this much:
    without = sums[:, None] - n / (n - 1) * np.stack([off_x**2, off_y**2, off_x * off_y])
    slope, slopes = _deming_slope(sums, error_ratio), _deming_slope(without, error_ratio)
    intercept = at_y.mean() - slope * at_x.mean()
    intercepts = (at_y.mean() - off_y / (n - 1)) - slopes * (at_x.mean() - off_x / (n - 1))
    method = f"Deming, ratio of error variances {error_ratio:g}; jackknife, t interval"
    if _uncorrelated(without).any():
        note = "Without one of the slides there is no correlation: no interval."
        return Line(
            Estimate(float(slope), None, None, n, method, note),
            Estimate(float(intercept), None, None, n, method, note),
        )
    return Line(_jackknife(slope, slopes, method), _jackknife(intercept, intercepts, method))


def passing_bablok(x: ArrayLike, y: ArrayLike) -> Line:
    """Fit a line by the median of the slopes between all pairs of points: no outlier decides it.

    It holds for methods that rise together. Memory grows with the square of the slides: 5000 take some
    hundred megabytes.

    Parameters
    ----------
    x, y
        ``(slides,)`` readings of two methods, NaN where there is none. Pairs are used.

    References
    ----------
    Passing H, Bablok W. J Clin Chem Clin Biochem 1983 (recalled, to be checked).
    """
    at_x, at_y = paired(x, y)
    n = len(at_x)
    if reason := _no_line(at_x, at_y):
        return Line(Undefined(reason, n), Undefined(reason, n))
    slopes = _directions(at_x, at_y)
    chance = float(ndtri(0.975)) * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    rising, falling = (slopes > 0) & np.isfinite(slopes), slopes < 0
    if np.count_nonzero(rising) - np.count_nonzero(falling) <= chance:
        # Points in no order would have a slope of 1, the middle of the compass.
        nothing = Undefined("the two methods do not rise together beyond chance (Kendall's tau)", n)
        return Line(nothing, nothing)

    middle = float(np.median(slopes[[(len(slopes) - 1) // 2, len(slopes) // 2]]))
    if not (np.isfinite(middle) and middle > 0):
        nothing = Undefined("most slides read the same by one of the methods", n)
        return Line(nothing, nothing)

    intercept, method = float(np.median(at_y - middle * at_x)), "Passing–Bablok; interval by ranks"
    below = round((len(slopes) - chance) / 2)  # the interval goes from the slope of this rank to its mirror
    low, high = (slopes[below - 1], slopes[-below]) if below >= 1 else (-np.inf, np.inf)
    if not (np.isfinite([low, high]).all() and low <= high):
        note = "The slopes between the points are too few or too scattered for an interval."
        return Line(
            Estimate(middle, None, None, n, method, note), Estimate(intercept, None, None, n, method, note)
        )
    return Line(
        Estimate(middle, float(low), float(high), n, method),
        Estimate(
            intercept,
            float(np.median(at_y - high * at_x)),
            float(np.median(at_y - low * at_x)),
            n,
            method,
        ),
    )


def linearity(x: ArrayLike, y: ArrayLike, line: Line) -> PValue:
    """Test whether points above and below a line are mixed along it: where they are not, it is bent.

    Points above count up and points below down, so that the sum ends at 0; the farther it wanders, the less
    straight is the relation.

    Parameters
    ----------
    x, y
        ``(slides,)`` readings, NaN where there is none.
    line
        Fitted to them.

    References
    ----------
    Passing H, Bablok W. J Clin Chem Clin Biochem 1983 (recalled, to be checked).
    """
    at_x, at_y = paired(x, y)
    n = len(at_x)
    if isinstance(line.slope, Undefined) or isinstance(line.intercept, Undefined):
        return Undefined("there is no line", n)
    slope, intercept = line.slope.value, line.intercept.value
    side = np.sign(at_y - intercept - slope * at_x)[np.argsort(at_x + slope * at_y, kind="stable")]
    n_above, n_below = np.count_nonzero(side > 0), np.count_nonzero(side < 0)
    if not (n_above and n_below):
        return Undefined("no points on both sides of the line", n)
    steps = np.select([side > 0, side < 0], [np.sqrt(n_below / n_above), -np.sqrt(n_above / n_below)])
    farthest = float(np.abs(np.cumsum(steps)).max() / np.sqrt(n_below + 1))
    return Significance(
        float(kolmogorov(farthest)), farthest, None, n, "CUSUM test of linearity of Passing and Bablok"
    )


def _no_line(x: Doubles, y: Doubles) -> str:
    """Why no line can be fitted; empty where one may."""
    if len(x) < 3:
        return f"{len(x)} slides with both readings; a line takes three"
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return f"method {'x' if np.ptp(x) == 0 else 'y'} reads the same on all slides"
    return ""


def _uncorrelated(sums: Doubles) -> Bools:
    xx, yy, xy = sums
    return np.asarray(np.abs(xy) <= UNCORRELATED * np.sqrt(np.maximum(xx, 0) * np.maximum(yy, 0)))


def _deming_slope(sums: Doubles, error_ratio: float) -> Doubles:
    """Slope of the long axis of the points, once x is scaled to err as much as y; ``sums`` are xx, yy, xy."""
    xx, yy, xy = sums
    root = np.sqrt(error_ratio)
    return np.asarray(root * np.tan(np.arctan2(2 * root * xy, error_ratio * xx - yy) / 2))


def _jackknife(value: Doubles, without_one: Doubles, method: str) -> Estimate:
    n = len(without_one)
    half = float(stdtrit(n - 2, 0.975)) * (n - 1) / np.sqrt(n) * float(without_one.std(ddof=1))
    return Estimate(float(value), float(value - half), float(value + half), n, method)


def _directions(x: Doubles, y: Doubles) -> Doubles:
    """Slopes between all pairs of points, turning from −1 over 0 and 1 to the upright and on to −1 again.

    In this order the line is the same whichever of the methods is called x. Equal points and slopes of −1 are
    left out.
    """
    i, j = np.triu_indices(len(x), 1)
    run, rise = x[j] - x[i], y[j] - y[i]
    apart = (run != 0) | (rise != 0)
    with np.errstate(divide="ignore"):
        slopes = np.abs(rise[apart]) / np.abs(run[apart]) * np.where(run * rise < 0, -1, 1)[apart]
    slopes = np.sort(slopes[slopes != -1])
    return np.roll(slopes, -int(np.searchsorted(slopes, -1)))
