"""Two raters on one scale: confusion, proportions at every cut, coefficients."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import ndtri

from her2path.qa.agreement import cohen
from her2path.qa.confusion import Cut, Tally, agreement_at, overall_agreement, tabulate, weights
from her2path.qa.many_raters import around, coefficients, count_readings, estimate, lacks
from her2path.qa.readings import Placed, Scale
from her2path.qa.resampling import LEVEL, SAME, draw
from her2path.qa.values import Estimate, Statistic, Undefined

KAPPAS = (
    ("kappa", 0, None, "Cohen's kappa"),
    ("kappa_linear", 1, "linear", "Cohen's kappa, linear weights"),
    ("kappa_quadratic", 2, "quadratic", "Cohen's kappa, quadratic weights"),
)
"""Key, power of the weights, their name in statsmodels, name."""


@dataclass(frozen=True, eq=False)
class ScaleAgreement:
    """Two raters on one scale."""

    scale: Scale

    n: int
    """Slides that both read on this scale."""

    n_left_out: int
    """Slides that one of them or both did not."""

    table: Tally
    """``(k, k)`` rows rater a, columns rater b, lowest class first."""

    statistics: Mapping[str, Statistic]
    """``opa, kappa, kappa_linear, kappa_quadratic``, each of these with ``…_asymptotic``, ``ac1, ac2_linear,
    ac2_quadratic, krippendorff_nominal, krippendorff_ordinal, krippendorff_interval, fleiss``."""

    cuts: Mapping[str, Cut]
    """By name: ``>=1+``, ``>=2+``, ``3+``. Of all slides that both raters place on a side of the cut: more
    than ``n`` where a reading may be one of two classes, both on that side."""


def compare(scale: Scale, a: Placed, b: Placed, units: np.ndarray) -> ScaleAgreement:
    """Compare two raters on a scale.

    Parameters
    ----------
    scale
        ``k`` classes.
    a, b
        ``n`` readings each on this scale.
    units
        ``(n,)`` case of each slide; the bootstrap draws cases.
    """
    k = len(scale.classes)
    both = (a.codes >= 0) & (b.codes >= 0)
    of_a, of_b, units = a.codes[both], b.codes[both], units[both]
    table = tabulate(of_a, of_b, k)
    counts = count_readings((of_a, of_b), k)
    statistics = {
        "opa": overall_agreement(table),
        **_kappas(scale, tabulate(of_a, of_b, k, units), counts),
        **coefficients(counts, scale.classes, units),
    }
    cuts = {
        name: agreement_at(tabulate(a.sides_of(place), b.sides_of(place), 2), 1, name)
        for place, name in enumerate(scale.cuts, start=1)
    }
    return ScaleAgreement(scale, len(of_a), len(both) - len(of_a), table, statistics, cuts)


def _kappas(scale: Scale, unit_tables: Tally, counts: Tally) -> dict[str, Statistic]:
    from statsmodels.stats.inter_rater import cohens_kappa

    found: dict[str, Statistic] = {}
    lacking = lacks(counts, scale.classes)
    if lacking:
        return {key + end: lacking for key, *_ in KAPPAS for end in ("", "_asymptotic")}
    table = unit_tables.sum(axis=0)
    n = int(table.sum())
    constant = [rater for rater, axis in (("a", 1), ("b", 0)) if np.count_nonzero(table.sum(axis=axis)) == 1]
    note = (
        f"rater {constant[0]} gave one class only, so that kappa is 0 whatever the agreement"
        if constant
        else ""
    )
    draws = draw(unit_tables)
    for key, power, wt, name in KAPPAS:
        with np.errstate(divide="ignore", invalid="ignore"):  # in its z, which nobody reads here
            result = cohens_kappa(table, wt=wt)
        value = float(result.kappa)
        found[key] = estimate(value, draws, partial(cohen, weights=weights(len(table), power)), n, name, note)
        found[f"{key}_asymptotic"] = _asymptotic(value, float(result.var_kappa), n, name)
    return found


def _asymptotic(value: float, variance: float, n: int, name: str) -> Statistic:
    """Give the large-sample interval (Fleiss, Cohen & Everitt 1969, Psychol Bull 72:323)."""
    if not variance > SAME:
        return Undefined("the asymptotic variance is zero", n)
    reach = float(ndtri((1 + LEVEL) / 2)) * variance**0.5
    method = f"{name}; asymptotic interval, slides independent, cut off at −1 and 1, 95 %"
    return Estimate(value, *around(value, reach), n, method)
