"""The rules on parts of a slide: its regions, its fragments. All parts at once, without intervals."""

from dataclasses import dataclass

import numpy as np

from her2path.arrays import Codes, Doubles, Ints
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import (
    Counts,
    Truths,
    category_ranks,
    cluster_suffices,
    conditions_met,
    deciding_rule,
    membership,
)
from her2path.scoring.clusters import group_sizes
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.settings import Statistics
from her2path.scoring.terms import CATEGORIES, SCORE_OF, Category, Score


@dataclass(frozen=True, eq=False)
class PartScore:
    """What the rules say of one part, as if it were the slide. None where it does not tell."""

    n_cells: int
    """In the denominator."""

    fractions: dict[str, float] | None
    """By pattern, of ``n_cells``."""

    score: Score | None
    category: Category | None
    rule_fired: str | None
    h_score: float | None
    """0 to 300."""

    reason: str | None
    """Why there is no score."""


def score_parts(
    table: CellTable,
    part: Ints,
    numbers: Ints,
    *,
    rulebook: Rulebook,
    statistics: Statistics,
    yx_um: Doubles | None,
) -> tuple[PartScore, ...]:
    """Score every part by the rules of the slide.

    Parameters
    ----------
    table
        Rows that are ``counted`` and have a pattern are the denominator, as for the slide.
    part
        ``(n,)`` number of each cell's part; cells of other numbers belong to none.
    numbers
        ``(P,)`` numbers of the parts, rising.
    rulebook
        For the specimen at hand (``Rulebook.for_specimen``).
    statistics
        Fewest cells for a score, presence gate.
    yx_um
        ``(n, 2)`` positions of the cells; read by rules that ask for clusters, which lie within one part.

    Returns
    -------
    tuple of PartScore
        In the order of ``numbers``; a part with too few cells has no score and says why.

    Raises
    ------
    ValueError
        If a rule asks for clusters and there are no positions.
    """
    rows = np.flatnonzero(table.in_denominator & np.isin(part, numbers))
    place, pattern = np.searchsorted(numbers, part[rows]), table.pattern[rows]
    n_patterns, n_parts = len(PATTERNS), len(numbers)
    counts = np.bincount(place * n_patterns + pattern, minlength=n_parts * n_patterns)
    counts = counts.reshape(n_parts, n_patterns).astype(np.int64)
    clustered = _clustered(
        place, pattern, None if yx_um is None else yx_um[rows], n_parts=n_parts, rulebook=rulebook
    )
    grade = table.grade[rows]
    grades = np.bincount(place, weights=grade, minlength=n_parts)
    ungraded = np.bincount(place[grade < 0], minlength=n_parts)
    enough = np.flatnonzero(counts.sum(axis=1) >= statistics.min_cells)
    fired = np.zeros(n_parts, np.int64)
    fired[enough] = deciding_rule(
        conditions_met(rulebook.rules, counts[enough], clustered[enough], statistics)
    )
    scored = set(enough.tolist())
    return tuple(
        _part_score(
            counts[k],
            fired=int(fired[k]) if k in scored else None,
            grades=None if ungraded[k] else float(grades[k]),
            rulebook=rulebook,
            statistics=statistics,
        )
        for k in range(n_parts)
    )


def _part_score(
    counts: Counts, *, fired: int | None, grades: float | None, rulebook: Rulebook, statistics: Statistics
) -> PartScore:
    n = int(counts.sum())
    category = None if fired is None else CATEGORIES[int(category_ranks(rulebook)[fired])]
    return PartScore(
        n_cells=n,
        fractions=dict(zip(PATTERNS, (counts / n).tolist(), strict=True)) if n else None,
        score=None if category is None else SCORE_OF[category],
        category=category,
        rule_fired=None if fired is None else rulebook.name_of(fired),
        h_score=100 * grades / n if n and grades is not None else None,
        reason=None
        if category is not None
        else f"{n} invasive tumour cells; a score needs at least {statistics.min_cells}",
    )


def _clustered(
    place: Counts, pattern: Codes, yx_um: Doubles | None, *, n_parts: int, rulebook: Rulebook
) -> Truths:
    """``(P, R)`` whether the part holds a cluster that meets the rule."""
    found = np.zeros((n_parts, len(rulebook.rules)), np.bool_)
    by_cluster = [k for k, rule in enumerate(rulebook.rules) if rule.metric == "cluster"]
    if not by_cluster or rulebook.link_um is None:
        return found
    if yx_um is None:
        raise ValueError(f"rulebook {rulebook.id} measures distances between cells: positions are needed")
    # Parts are laid far apart, so that no chain of neighbours runs from one to the next.
    y_um, x_um = yx_um.T
    step_um = y_um.max(initial=0.0) - y_um.min(initial=0.0) + 2 * rulebook.link_um
    apart = np.stack([y_um + place * step_um, x_um], axis=1)
    members = membership(rulebook.rules).astype(bool)[pattern][:, by_cluster]
    sizes = group_sizes(apart, members, rulebook.link_um)
    for j, k in enumerate(by_cluster):
        np.logical_or.at(found[:, k], place, cluster_suffices(rulebook.rules[k], sizes[:, j]))
    return found
