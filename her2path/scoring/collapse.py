"""From the cores of a case to one result: which core speaks for the tumour is a rule that must be named.

A core without tumour, or without itself, says nothing of the tumour: it is not negative, it is not there.
No rule lowers a case when one of its cores is read higher (docs/science/collapse.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from her2path.scoring.cases import Case, Discordance, Sample, bring_together
from her2path.scoring.terms import CATEGORIES, SCORE_OF, Category, Her2Status, Score, Tag

CollapseRule: TypeAlias = Literal["highest", "majority", "weighted", "any-positive"]

COLLAPSE_RULES: tuple[CollapseRule, ...] = get_args(CollapseRule)

ABSENCE: tuple[Tag, ...] = ("her2-null", "her2-ultralow")
"""Tags that say how little staining there is: one core with more refutes them."""


@dataclass(frozen=True, slots=True)
class CoreResult:
    """One core of a case."""

    sample: Sample
    """Its name and its result; without a category where it is missing or holds too little tumour."""

    n_cells: int
    """Tumour cells."""


@dataclass(frozen=True, slots=True)
class Collapsed:
    """One case, from its cores. None where they do not tell."""

    case: Case
    """Its cores, the highest of them, and what they disagree on."""

    category: Category | None
    her2_status: Her2Status | None
    """Of the cores that decided."""

    tag: Tag | None
    """Of the cores that decided; None as well where a core that says more refutes it."""

    deciding: tuple[Sample, ...]
    """The cores with the category of the case."""

    n_evaluable: int
    agreement: float | None
    """Share of the evaluable cores that have the category of the case."""

    discordances: tuple[Discordance, ...]
    """What the cores disagree on."""

    reason: str | None
    """Why there is no category."""

    @property
    def score(self) -> Score | None:
        """0 to 3+."""
        return None if self.category is None else SCORE_OF[self.category]


def collapse(cores: Sequence[CoreResult], *, rule: CollapseRule, min_cores: int = 1) -> tuple[Collapsed, ...]:
    """Collapse the cores of each case to one result.

    Parameters
    ----------
    cores
        Of any number of cases, in any order, each with a name of its own.
    rule
        ``highest``: the highest category of any core. ``majority``: the highest category that at least half
        of the cores reach. ``weighted``: the same, each core counting as many times as it has tumour cells.
        ``any-positive``: positive where any core is; else as ``weighted``.
    min_cores
        Fewer evaluable cores give no result.

    Returns
    -------
    tuple of Collapsed
        By case.

    References
    ----------
    Weighted, any-positive and a hybrid of both against the clinical HER2 status of breast cancers: κ 0.76,
    0.73 and 0.71 (cebp.aacrjournals.org/highwire/markup/58610, table 3).
    """
    n_cells = {core.sample.slide_id: core.n_cells for core in cores}
    return tuple(
        _collapsed(case, n_cells, rule, min_cores) for case in bring_together([core.sample for core in cores])
    )


def _collapsed(case: Case, n_cells: Mapping[str, int], rule: CollapseRule, min_cores: int) -> Collapsed:
    evaluable = [one for one in case.samples if one.category is not None]
    deciding = _deciding(evaluable, n_cells, rule) if len(evaluable) >= max(1, min_cores) else []
    category = deciding[0].category if deciding else None
    return Collapsed(
        case=case,
        category=category,
        her2_status=_common([one.her2_status for one in deciding]),
        tag=_tag(deciding, case.highest),
        deciding=tuple(deciding),
        n_evaluable=len(evaluable),
        agreement=sum(one.category == category for one in evaluable) / len(evaluable) if deciding else None,
        # Cores are punched from one block on one day: that they have no date is no gap.
        discordances=tuple(one for one in case.discordances if one.code != "DATES_INCOMPLETE"),
        reason=None if deciding else f"{len(evaluable)} evaluable cores; a result needs {max(1, min_cores)}",
    )


def _deciding(evaluable: Sequence[Sample], n_cells: Mapping[str, int], rule: CollapseRule) -> list[Sample]:
    ranks = np.array([CATEGORIES.index(one.category) for one in evaluable if one.category is not None])
    positive = [one for one in evaluable if one.her2_status == "positive"]
    if rule == "any-positive" and positive:
        return _deciding(positive, n_cells, "highest")
    weights = np.ones(len(evaluable))
    if rule in ("weighted", "any-positive"):
        weights = np.array([n_cells[one.slide_id] for one in evaluable], np.float64)
    rank = int(ranks.max()) if rule == "highest" else _reached_by_half(ranks, weights)
    return [one for one in evaluable if one.category == CATEGORIES[rank]]


def _reached_by_half(ranks: np.ndarray, weights: np.ndarray) -> int:
    """Give the highest rank that at least half of the weight reaches.

    A vote for the commonest rank would let a case fall when one of its cores rises.
    """
    reaching = [weights[ranks >= rank].sum() for rank in ranks]
    return int(max(rank for rank, weight in zip(ranks, reaching, strict=True) if 2 * weight >= weights.sum()))


def _common(values: Sequence[Her2Status | None]) -> Her2Status | None:
    return values[0] if len(set(values)) == 1 else None


def _tag(deciding: Sequence[Sample], highest: Sample | None) -> Tag | None:
    tags = {one.tag for one in deciding}
    tag = next(iter(tags)) if len(tags) == 1 else None
    refuted = tag in ABSENCE and highest is not None and highest.category != deciding[0].category
    return None if refuted else tag
