"""Where the score would flip if the cut-offs of density and completeness lay elsewhere.

Every laboratory and scanner shifts densities a little, and the guideline gives no number for "complete": a
score that stands only at one setting is not much of a score (docs/science/threshold-sweep.md).
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import (
    Counts,
    Truths,
    category_ranks,
    cluster_suffices,
    conditions_met,
    deciding_rule,
)
from her2path.scoring.clusters import group_sizes
from her2path.scoring.grade import intensities, patterns_of
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.rules import Rule
from her2path.scoring.settings import Grading, Statistics
from her2path.scoring.terms import CATEGORIES, SCORE_OF, Score

FACTORS = tuple(round(0.5 + 0.02 * k, 2) for k in range(51))
"""The four density cut-offs are multiplied by these together, 0.5 to 1.5."""

COMPLETE_STEPS = tuple(round(0.025 * k, 3) for k in range(-8, 9))
"""And this is added to the completeness that makes a membrane complete."""

ALIKE = (0.10, 0.10)
"""A tenth of the densities is as far from the recipe as a tenth of the contour [P]."""

MAX_CLUSTERED_CELLS = 50_000
"""Clusters are sought anew at every setting: above this, which no biopsy reaches, the sweep is left out."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A setting with another score."""

    intensity_factor: float
    complete: float
    score: Score


@dataclass(frozen=True, slots=True)
class Sweep:
    """Field ``threshold_sweep`` of score.json."""

    intensity_factors: tuple[float, ...]
    complete_cut_offs: tuple[float, ...]
    complete: float
    """The recipe's; its factor is 1."""

    scores: tuple[tuple[Score, ...], ...]
    """One row for each completeness cut-off, one column for each factor."""

    same_fraction: float
    """Share of the settings that give the score of the recipe."""

    flips: tuple[Flip, ...]
    """The first other score on the way up and down each axis, where there is one."""

    nearest: Flip | None
    """The setting with another score that is nearest to the recipe's."""


def threshold_sweep(
    table: CellTable,
    *,
    grading: Grading,
    rulebook: Rulebook,
    statistics: Statistics,
    yx_um: Doubles | None,
) -> Sweep | None:
    """Score the slide at every setting of a grid around the recipe's cut-offs.

    Parameters
    ----------
    table
        Rows that are ``counted`` and have a pattern are read.
    grading
        The recipe's cut-offs: the middle of the grid.
    rulebook
        As it holds for the specimen.
    statistics
        Presence gate.
    yx_um
        ``(n, 2)`` centres of all rows, µm; needed by rules that ask for clusters.

    Returns
    -------
    Sweep | None
        None where the stored patterns do not come from these cut-offs, so that another setting would answer
        another question; or where clusters of very many cells are asked for.
    """
    rows = np.flatnonzero(table.in_denominator)
    od, completeness = (values[rows] for values in intensities(table, grading))
    clustered_rules = any(rule.metric == "cluster" for rule in rulebook.rules)
    if clustered_rules and (yx_um is None or len(rows) > MAX_CLUSTERED_CELLS):
        return None
    if len(rows) == 0 or not np.array_equal(patterns_of(od, completeness, grading), table.pattern[rows]):
        return None
    complete = np.array([grading.complete + step for step in COMPLETE_STEPS])
    complete = complete[(complete > grading.min_completeness) & (complete <= 1 + 1e-9)]
    counts = sweep_counts(od, completeness, grading, complete)
    clustered = np.zeros((*counts.shape[:2], len(rulebook.rules)), np.bool_)
    if clustered_rules and yx_um is not None and rulebook.link_um is not None:
        clustered = _clustered(od, completeness, yx_um[rows], grading, complete, rulebook, rulebook.link_um)
    met = conditions_met(rulebook.rules, counts, clustered, statistics)
    ranks = category_ranks(rulebook)[deciding_rule(met)]
    return _summary(np.array([SCORE_OF[category] for category in CATEGORIES])[ranks], complete, grading)


def sweep_counts(od: Floats, completeness: Floats, grading: Grading, complete: Doubles) -> Counts:
    """Count patterns at every setting, from one table of two cumulated columns.

    Parameters
    ----------
    od, completeness
        ``(n,)`` of cells that have a pattern.
    grading
        The four density cut-offs that are multiplied by ``FACTORS``.
    complete
        ``(C,)`` completeness cut-offs, rising.

    Returns
    -------
    Counts
        ``(C, F, 9)``.
    """
    cut_offs = np.array([_scaled(grading, factor).cut_offs_od for factor in FACTORS], np.float32)
    edges, index = np.unique(cut_offs, return_inverse=True)
    contour = np.asarray(completeness, np.float32)
    read = contour >= np.float32(grading.min_completeness)
    darkness = np.searchsorted(edges, np.asarray(od, np.float32)[read], side="right")
    wholeness = np.searchsorted(complete.astype(np.float32), contour[read], side="right")
    shape = (len(edges) + 1, len(complete) + 1)
    table = np.bincount(darkness * shape[1] + wholeness, minlength=shape[0] * shape[1]).reshape(shape)
    at_least = table[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    # (F, 4, C + 1) cells at least this dark: any completeness first, then at least as complete as each.
    darker = at_least[index.reshape(cut_offs.shape) + 1]
    in_band = darker - np.concatenate([darker[:, 1:], np.zeros_like(darker[:, :1])], axis=1)
    counts = np.zeros((len(complete), len(FACTORS), len(PATTERNS)), np.int64)
    for band in range(4):
        whole = in_band[:, band, 1:].T
        counts[:, :, 2 * band + 2] = whole
        counts[:, :, 2 * band + 1] = in_band[:, band, 0] - whole
    counts[:, :, 0] = len(contour) - counts.sum(axis=2)
    return counts


def _scaled(grading: Grading, factor: float) -> Grading:
    """Multiply every density cut-off; unchecked, as 1.5 times may leave the usual range."""
    names = ("stained_od", "weak_od", "moderate_od", "strong_od")
    return grading.model_copy(update={name: factor * getattr(grading, name) for name in names})


def _clustered(
    od: Floats,
    completeness: Floats,
    yx_um: Doubles,
    grading: Grading,
    complete: Doubles,
    rulebook: Rulebook,
    link_um: float,
) -> Truths:
    """``(C, F, R)`` whether a cluster that meets the rule is there.

    A darker cut-off takes members away and never adds one, so that the factor where the last cluster falls
    apart is found by bisection.
    """
    found = np.zeros((len(complete), len(FACTORS), len(rulebook.rules)), np.bool_)

    def is_gone(factor: float, cut: float, rule: Rule) -> bool:
        setting = _scaled(grading, factor).model_copy(update={"complete": cut})
        members = [PATTERNS.index(name) for name in rule.patterns]
        chosen = np.isin(patterns_of(od, completeness, setting), members)
        sizes = group_sizes(yx_um, chosen[:, None], link_um)
        return not cluster_suffices(rule, sizes).any()

    for r, rule in enumerate(rulebook.rules):
        if rule.metric != "cluster":
            continue
        for c, cut in enumerate(complete.tolist()):
            if c and _reads_no_completeness(rule):
                found[c, :, r] = found[0, :, r]
                continue
            found[c, : bisect_left(FACTORS, True, key=partial(is_gone, cut=cut, rule=rule)), r] = True
    return found


def _reads_no_completeness(rule: Rule) -> bool:
    """Whether a pattern counts whatever its completeness: the sets are the same at every cut-off."""
    return {name[0] + "C" for name in rule.patterns} | {name[0] + "I" for name in rule.patterns} == set(
        rule.patterns
    )


def _summary(scores: NDArray[np.str_], complete: Doubles, grading: Grading) -> Sweep:
    """Find the recipe's setting on the grid, and the ways out of its score."""
    row, column = int(np.abs(complete - grading.complete).argmin()), FACTORS.index(1.0)
    other = scores != scores[row, column]

    def flip(r: int, c: int) -> Flip:
        name: Score = scores[r, c].item()
        return Flip(FACTORS[c], round(float(complete[r]), 3), name)

    ways = (
        [(row, c) for c in range(column - 1, -1, -1)],
        [(row, c) for c in range(column + 1, len(FACTORS))],
        [(r, column) for r in range(row - 1, -1, -1)],
        [(r, column) for r in range(row + 1, len(complete))],
    )
    first = [next((place for place in way if other[place]), None) for way in ways]
    away = np.hypot((np.array(FACTORS) - 1) / ALIKE[0], ((complete - complete[row]) / ALIKE[1])[:, None])
    nearest = np.unravel_index(np.where(other, away, np.inf).argmin(), other.shape)
    return Sweep(
        intensity_factors=FACTORS,
        complete_cut_offs=tuple(round(float(value), 3) for value in complete),
        complete=round(float(complete[row]), 3),
        scores=tuple(tuple(line) for line in scores.tolist()),
        same_fraction=float((~other).mean()),
        flips=tuple(flip(*place) for place in first if place is not None),
        nearest=flip(int(nearest[0]), int(nearest[1])) if other.any() else None,
    )
