"""Agreement of any number of raters, two included, on readings that may be missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import stdtrit

from her2path.arrays import Codes, Doubles
from her2path.qa.agreement import Metric, fleiss, krippendorff
from her2path.qa.confusion import Tally, proportion, weights
from her2path.qa.resampling import LEVEL, SAME, Coefficient, Draws, bca_interval, counted_cases, draw
from her2path.qa.values import Estimate, Statistic, Undefined

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval")
GWET = (
    ("ac1", 0, "AC1"),
    ("ac2_linear", 1, "AC2, linear weights"),
    ("ac2_quadratic", 2, "AC2, quadratic weights"),
)
"""Key, power of the weights, name."""


@dataclass(frozen=True, eq=False)
class ManyAgreement:
    """All raters together on one scale."""

    raters: tuple[str, ...]

    counts: Tally
    """``(n, k)`` how many raters gave a slide each class."""

    statistics: Mapping[str, Statistic]
    """``all_agree``, ``fleiss``, ``krippendorff_…`` by metric, ``ac1``, ``ac2_linear``, ``ac2_quadratic``."""


def count_readings(codes: Sequence[Codes], n_classes: int) -> Tally:
    """Count the raters by slide and class: ``(n, k)`` from a column of ``(n,)`` codes a rater."""
    counts: Tally = (np.stack(codes)[:, :, None] == np.arange(n_classes)).sum(axis=0)
    return counts


def coincidences(counts: Tally) -> Doubles:
    """Give what each slide adds to the coincidences of its readings.

    Parameters
    ----------
    counts
        ``(n, k)`` readings by slide and class.

    Returns
    -------
    Doubles
        ``(n, k, k)`` ordered pairs of readings by different raters, over the number of readings less one;
        zero where a slide has fewer than two.
    """
    read = counts.sum(axis=1)
    ordered = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    shared: Doubles = ordered / np.maximum(read - 1, 1)[:, None, None]
    return shared


def agree_together(
    names: Sequence[str], codes: Sequence[Codes], classes: Sequence[str], units: np.ndarray
) -> ManyAgreement:
    """Compare all raters at once.

    Parameters
    ----------
    names, codes
        Raters, and the ``(n,)`` classes that each gave; negative where there is none.
    classes
        Of the scale.
    units
        ``(n,)`` case of each slide.
    """
    counts = count_readings(codes, len(classes))
    everyone = counts.sum(axis=1) == len(names)
    n_agree = int((counts[everyone].max(axis=1, initial=0) == len(names)).sum())
    alike = proportion(
        n_agree,
        int(everyone.sum()),
        f"share of slides that all {len(names)} raters gave the same class",
        of_nobody="no slide was read by every rater",
    )
    return ManyAgreement(tuple(names), counts, {"all_agree": alike, **coefficients(counts, classes, units)})


def coefficients(counts: Tally, classes: Sequence[str], units: np.ndarray) -> dict[str, Statistic]:
    """Compute Fleiss' kappa, Krippendorff's alpha and Gwet's AC1 and AC2, with 95 % intervals.

    Parameters
    ----------
    counts
        ``(n, k)`` readings by slide and class. Fleiss uses the slides with the most readings, since he has no
        place for missing ones; the others all slides with two readings or more.
    classes
        ``k`` names, lowest first; Gwet's chance agreement counts them all, used or not.
    units
        ``(n,)`` case of each slide; cases are drawn, and slides of a case together.
    """
    read = counts.sum(axis=1)
    most = int(read.max(initial=2))
    twice, complete = read >= 2, read == most
    found: dict[str, Statistic] = {"fleiss": _fleiss(counts[complete], most, classes, units[complete])}
    if lacking := lacks(counts[twice], classes):
        found |= {f"krippendorff_{metric}": lacking for metric in METRICS}
    else:
        draws = draw(_by_unit(counts[twice], units[twice]))
        found |= {f"krippendorff_{metric}": _krippendorff(counts[twice], metric, draws) for metric in METRICS}
    for key, power, name in GWET:
        found[key] = _gwet(counts[read >= 1], weights(len(classes), power), units[read >= 1], name)
    return found


def lacks(counts: Tally, classes: Sequence[str]) -> Undefined | None:
    """Say why no chance-corrected coefficient is defined: too few slides, or one class only."""
    if len(counts) < 2:
        return Undefined(f"two slides read twice are needed; there are {len(counts)}", len(counts))
    used = np.flatnonzero(counts.sum(axis=0))
    return Undefined(f"every reading is {classes[used[0]]}", len(counts)) if len(used) == 1 else None


def estimate(
    value: float, draws: Draws, coefficient: Coefficient, n: int, name: str, note: str = ""
) -> Estimate:
    """Put a coefficient and its bootstrap interval together."""
    interval = bca_interval(draws, coefficient)
    method = f"{name}; BCa bootstrap over {counted_cases(draws.n_units)}, 95 %"
    if isinstance(interval, str):
        return Estimate(
            value, None, None, n, method, "; ".join(filter(None, (note, f"no interval: {interval}")))
        )
    return Estimate(value, *interval, n, method, note)


def around(value: float, reach: float) -> tuple[float, float]:
    """Give ``value ± reach``, cut off at −1 and 1, and never so that the value lies outside."""
    return max(min(-1.0, value), value - reach), min(max(1.0, value), value + reach)


def _by_unit(counts: Tally, units: np.ndarray) -> Doubles:
    _, place = np.unique(units, return_inverse=True)
    of_slides = coincidences(counts)
    of_units = np.zeros((place.max(initial=-1) + 1, *of_slides.shape[1:]))
    np.add.at(of_units, place, of_slides)
    return of_units


def _fleiss(counts: Tally, n_readings: int, classes: Sequence[str], units: np.ndarray) -> Statistic:
    from statsmodels.stats.inter_rater import fleiss_kappa

    if len(counts) < 2 < n_readings:
        return Undefined(
            f"two slides with {n_readings} readings are needed; there are {len(counts)}", len(counts)
        )
    lacking = lacks(counts, classes)
    if lacking:
        return lacking
    draws = draw(_by_unit(counts, units))
    name = f"Fleiss' kappa, {n_readings} readings a slide"
    return estimate(float(fleiss_kappa(counts)), draws, fleiss, len(counts), name)


def _krippendorff(counts: Tally, metric: Metric, draws: Draws) -> Statistic:
    from krippendorff import alpha

    value = alpha(value_counts=counts, level_of_measurement=metric)
    coefficient = partial(krippendorff, metric=metric)
    return estimate(float(value), draws, coefficient, len(counts), f"Krippendorff's alpha, {metric} metric")


def _gwet(counts: Tally, credit: Doubles, units: np.ndarray, name: str) -> Statistic:
    """Gwet's coefficient with his linearised variance, its terms summed by case.

    Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., ch. 5; readings may be missing.
    """
    n, k = counts.shape
    read = counts.sum(axis=1)
    twice = read >= 2
    n_twice, n_units = int(twice.sum()), len(np.unique(units))
    if n_twice < 2:
        return Undefined(f"two slides read twice are needed; there are {n_twice}", n_twice)
    if n_units < 2:
        return Undefined(f"two cases are needed; the {n_twice} slides read twice are of one case", n_twice)
    share = (counts / read[:, None]).mean(axis=0)
    unit_chance = credit.sum() / (k * (k - 1))
    chance = unit_chance * float(share @ (1 - share))
    credited = (counts * (counts @ credit - 1)).sum(axis=1) / np.maximum(read * (read - 1), 1)
    value = float((credited[twice].mean() - chance) / (1 - chance))
    own = np.where(twice, credited - chance, 0.0) * (n / n_twice) / (1 - chance)
    own_chance = unit_chance * (counts @ (1 - share)) / read
    residual = own - 2 * (1 - value) * (own_chance - chance) / (1 - chance) - value
    by_case = np.bincount(np.unique(units, return_inverse=True)[1], residual)
    deviation = float(np.sqrt(n_units / (n_units - 1) * (by_case**2).sum())) / n
    method = f"Gwet's {name}; linearised variance over {n_units} cases, Student's t, 95 %"
    if deviation <= SAME:
        return Estimate(value, None, None, n_twice, method, "no interval: the cases do not vary")
    reach = float(stdtrit(n_units - 1, (1 + LEVEL) / 2)) * deviation
    return Estimate(value, *around(value, reach), n_twice, method)
