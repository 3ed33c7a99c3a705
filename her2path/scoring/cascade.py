"""Running the rules of a rulebook on counts: of a slide, or of a thousand bootstrap replicates at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from her2path.arrays import Doubles
from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.rules import Condition, Metric
from her2path.scoring.settings import Statistics
from her2path.scoring.terms import CATEGORIES

Z_95 = float(ndtri(0.975))
"""Half width of a 95 % interval of the normal distribution."""

Counts = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one rule saw."""

    rule: str
    patterns: tuple[str, ...]
    metric: Metric
    count: int
    """Cells of these patterns; for a cluster rule, cells in the largest cluster of them."""

    percent: float
    """Cells of these patterns in percent of the counted cells, whatever the metric."""

    percent_ci: tuple[float, float] | None
    """95 % interval of ``percent``."""

    op: str | None
    threshold: float | None
    met: bool
    sentence: str
    """In a pathologist's words."""


def membership(conditions: Sequence[Condition]) -> Counts:
    """``(9, len(conditions))`` 0 or 1: which pattern counts in which condition."""
    rows = [[int(name in condition.patterns) for condition in conditions] for name in PATTERNS]
    return np.array(rows, np.int64).reshape(len(PATTERNS), len(conditions))


def wilson(count: ArrayLike, n: ArrayLike) -> tuple[Doubles, Doubles]:
    """Wilson 95 % interval of ``count / n``, elementwise, as if all cells were independent.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927 (recalled, to be checked); as ``proportion_confint`` of statsmodels, which
    takes two seconds to import.
    """
    cells = np.asarray(n, float)
    share, per_cell = np.asarray(count, float) / cells, Z_95**2 / cells
    middle = share + per_cell / 2
    half = np.sqrt(per_cell * (share * (1 - share) + per_cell / 4))
    low, high = (middle - half) / (1 + per_cell), (middle + half) / (1 + per_cell)
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)  # rounding leaves -1e-17 at the ends


def presence_gate(n: Counts | int, statistics: Statistics) -> Doubles:
    """Fewest cells of a pattern that is present among ``n``: a share of them, at most a fixed number.

    A fixed number alone would call nine strong cells of a biopsy of a hundred absent.
    """
    share = np.ceil(statistics.presence_min_share * n - 1e-9)  # 0.07 of 100 is 7, and not 7.000000000000001
    return np.minimum(statistics.presence_min_cells, np.maximum(1.0, share))


def conditions_met(
    conditions: Sequence[Condition], counts: Counts, clustered: Truths, statistics: Statistics
) -> Truths:
    """Which conditions hold.

    Parameters
    ----------
    conditions
        ``R`` conditions.
    counts
        ``(..., 9)`` counted cells by pattern.
    clustered
        ``(..., R)`` whether a large enough cluster is there; read for cluster conditions only.
    statistics
        Holds the presence gate.

    Returns
    -------
    Truths
        ``(..., R)``. Percentages are compared in whole numbers, so that exactly 10 % is exactly 10 %.
    """
    n = counts.sum(axis=-1)
    sums = counts @ membership(conditions)
    met = np.zeros(sums.shape, np.bool_)
    for k, condition in enumerate(conditions):
        count = sums[..., k]
        if condition.metric == "cluster":
            met[..., k] = clustered[..., k]
        elif condition.metric == "presence":
            met[..., k] = (count >= presence_gate(n, statistics)) & (
                wilson(count, n)[0] > statistics.presence_limit_of_blank
            )
        else:
            left, right = 100 * count * condition.cut.denominator, condition.cut.numerator * n
            met[..., k] = left > right if condition.op == ">" else left >= right
    return met


def cluster_suffices(condition: Condition, size: Counts) -> Truths:
    """Say which clusters of these sizes meet a cluster condition."""
    cells = condition.cut.numerator
    return np.greater(size, cells) if condition.op == ">" else np.greater_equal(size, cells)


def deciding_rule(met: Truths) -> Counts:
    """Index of the first rule that is met, ``(...)``; the number of rules where none is."""
    first: Counts = np.where(met.any(axis=-1), met.argmax(axis=-1), met.shape[-1])
    return first


def category_ranks(rulebook: Rulebook) -> Counts:
    """Rank in ``CATEGORIES`` of what each rule gives, the fall-through last."""
    given = [rule.category_under(rulebook.gap_policy) for rule in rulebook.rules]
    return np.array([CATEGORIES.index(category) for category in (*given, rulebook.fall_through.category)])
