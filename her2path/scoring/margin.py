"""How many cells stand between the slide and another score."""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import (
    Counts,
    category_ranks,
    conditions_met,
    deciding_rule,
    membership,
)
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.settings import Statistics
from her2path.scoring.terms import CATEGORIES, SCORE_OF, SCORES, Score


@dataclass(frozen=True, slots=True)
class Step:
    """Another score and what it takes."""

    cells: int
    """Fewest cells that would have to be read as another pattern."""

    score: Score


@dataclass(frozen=True, slots=True)
class Margin:
    """Field ``cells_to_other_score`` of score.json; None where no number of cells gives another score."""

    higher: Step | None
    lower: Step | None


def margin(counts: Counts, *, rulebook: Rulebook, statistics: Statistics) -> Margin | None:
    """Count the cells that would have to change their pattern for another score.

    Parameters
    ----------
    counts
        ``(9,)`` cells by pattern.
    rulebook
        As it holds for the specimen.
    statistics
        Presence gate.

    Returns
    -------
    Margin | None
        None for rules that ask for clusters: a number of cells does not tell where they lie.
    """
    rules = rulebook.rules
    if any(rule.metric == "cluster" for rule in rules):
        return None
    n = int(counts.sum())
    held = counts @ membership(rules)
    least = np.array([_least(rulebook, k, n, statistics) for k in range(len(rules))])
    given = [SCORES.index(SCORE_OF[CATEGORIES[rank]]) for rank in category_ranks(rulebook)]
    now = SCORES.index(_score(counts, rulebook, statistics))

    ups = [
        (int(least[k] - held[k]), -given[k]) for k in range(len(rules)) if given[k] > now and least[k] <= n
    ]
    higher = Step(min(ups)[0], SCORES[-min(ups)[1]]) if ups else None
    barred = [k for k in range(len(rules)) if given[k] >= now]
    lower = None
    if given[-1] < now:
        taken = _fewest(counts, membership(rules)[:, barred], (held - least + 1)[barred])
        left = counts - taken
        left[0] += taken.sum()
        lower = Step(int(taken.sum()), _score(left, rulebook, statistics))
    return Margin(higher, lower)


def _least(rulebook: Rulebook, k: int, n: int, statistics: Statistics) -> int:
    """Fewest cells of its patterns that meet a rule among ``n``; ``n + 1`` where all of them do not."""
    rule = rulebook.rules[k]
    one_pattern = PATTERNS.index(rule.patterns[0])

    def is_met(cells: int) -> bool:
        counts = np.zeros(len(PATTERNS), np.int64)
        counts[0] = n - cells
        counts[one_pattern] += cells
        return bool(conditions_met((rule,), counts, np.zeros(1, np.bool_), statistics)[0])

    return bisect_left(range(n + 1), True, key=is_met)


def _score(counts: Counts, rulebook: Rulebook, statistics: Statistics) -> Score:
    met = conditions_met(rulebook.rules, counts, np.zeros(len(rulebook.rules), np.bool_), statistics)
    return SCORE_OF[CATEGORIES[int(category_ranks(rulebook)[int(deciding_rule(met))])]]


def _fewest(counts: Counts, members: Counts, excess: Counts) -> Counts:
    """``(9,)`` fewest cells to take away so that every rule of ``members`` ``(9, R)`` loses its excess."""
    found = milp(
        np.ones(len(counts)),
        integrality=np.ones(len(counts), np.int64),
        bounds=Bounds(0, np.where(members.any(axis=1), counts, 0)),
        constraints=LinearConstraint(members.T, np.maximum(excess, 0), np.inf),
    )
    if found.x is None:  # cannot be: with every cell taken away no rule is met
        raise RuntimeError(found.message)
    taken: Counts = np.rint(found.x).astype(np.int64)
    return taken
