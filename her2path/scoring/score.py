"""The score of a slide from its cell table, with the rule that fired and what it saw."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from her2path.arrays import Doubles
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.errors import NotEvaluableError, UsageError
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.scoring.cascade import (
    Counts,
    Evidence,
    Truths,
    category_ranks,
    cluster_suffices,
    conditions_met,
    deciding_rule,
    membership,
    wilson,
)
from her2path.scoring.clusters import group_sizes
from her2path.scoring.intervals import Intervals, bootstrap, bootstrap_cells, cut_into_blocks
from her2path.scoring.ish import IshReading, final_status, ish_evidence
from her2path.scoring.margin import Margin, margin
from her2path.scoring.notices import Findings, notices, withheld_tag
from her2path.scoring.rulebook import (
    CATEGORIES,
    SCORE_OF,
    Category,
    Her2Status,
    Rulebook,
    Score,
    Specimen,
    Tag,
)
from her2path.scoring.settings import Statistics


@dataclass(frozen=True, eq=False)
class SlideScore:
    """The clinical part of score.json. None where the table does not tell."""

    score: Score
    category: Category
    her2_status: Her2Status
    tag: Tag | None
    rule_fired: str
    explanation: str
    """Why this score, in a pathologist's words."""

    evidence: tuple[Evidence, ...]
    """What every rule saw, in the order of the rulebook."""

    n_cells: int
    fractions: Mapping[str, float]
    """By pattern, of ``n_cells``; sums to 1."""

    fractions_ci: Mapping[str, tuple[float, float]] | None
    score_ci: Mapping[Score, float] | None
    """Share of bootstrap replicates by score."""

    tag_ci: Mapping[Tag | Literal["none"], float] | None
    """Share of bootstrap replicates by tag, as IHC alone gives it: a 2+ has none."""

    fractions_wilson: Mapping[str, tuple[float, float]]
    """95 % intervals as if all cells were independent: to be read beside ``fractions_ci``."""

    design_effect: float | None
    """Variance of the deciding percentage over that of as many independent cells; where no rule was met, of
    the last one's percentage. None where none or all cells are counted."""

    cells_to_other_score: Margin | None
    """Fewest cells that would have to be read as another pattern; None for rules that ask for clusters."""

    borderline: bool | None
    """Whether the score changes when every percentage moves to an end of its 95 % interval."""

    h_score: float | None
    """0 to 300."""

    complete_intense_fraction: float
    membrane_od: Mapping[str, float | None]
    """mean, p10, p50, p90 over the counted cells with a stained membrane; None where there is none."""

    flags: tuple[Flag, ...]
    ish: Mapping[str, Any] | None = None
    """What ISH gave and what follows from it (``ish_evidence``); None without ISH."""

    def as_json(self) -> dict[str, Any]:
        """Give the values under the names of score.json, flags and evidence as plain dictionaries."""
        return asdict(self)


def score_cells(
    table: CellTable,
    *,
    rulebook: Rulebook,
    statistics: Statistics,
    pixel_size: PixelSize | None,
    specimen: Specimen | None,
    ish: IshReading | None = None,
    clone: str | None = None,
) -> SlideScore:
    """Score a slide.

    Parameters
    ----------
    table
        Rows that are ``counted`` and have a pattern are the denominator; nothing else is read.
    rulebook
        Rules in order; the first that is met decides.
    statistics
        Gates, bootstrap, seed.
    pixel_size
        Of level 0; None where unknown: intervals are None, and no tag is given that a faint membrane decides.
    specimen
        Kind of specimen, where stated.
    ish
        ISH of the same specimen, where there is any: settles status and tag, never the score.
    clone
        Antibody clone, where stated: some rulebooks give no tag that a faint membrane decides without it.

    Raises
    ------
    UsageError
        If the rulebook is not for this specimen, reads no ISH, or needs distances and the pixel size is
        unknown.
    NotEvaluableError
        ``NO_TUMOUR`` or ``TOO_FEW_CELLS``.
    """
    rulebook = rulebook.for_specimen(specimen)
    if pixel_size is None and any(rule.metric == "cluster" for rule in rulebook.rules):
        raise UsageError(
            f"rulebook {rulebook.id} measures distances between cells: give the pixel size with --mpp"
        )
    cells = table.take(table.in_denominator)
    _refuse_too_few(len(cells), int(table.counted.sum()), statistics)

    counts = np.bincount(cells.pattern, minlength=len(PATTERNS)).astype(np.int64)
    yx_um = None if pixel_size is None else cells.yx_um(pixel_size)
    sizes = _cluster_sizes(cells, yx_um, rulebook)
    enough = _enough(sizes, rulebook)
    met = conditions_met(rulebook.rules, counts, np.logical_or.reduce(enough), statistics)
    fired = int(deciding_rule(met))
    category = CATEGORIES[int(category_ranks(rulebook)[fired])]

    intervals = None if yx_um is None else _intervals(cells, yx_um, counts, enough, rulebook, statistics)
    borderline = None if intervals is None else _is_borderline(rulebook, met, intervals)
    evidence = _evidence(rulebook, counts, sizes.max(axis=0), met, intervals)
    meaning, fired_name = rulebook.result_of(fired), rulebook.name_of(fired)
    final = None
    if ish is not None:
        final = final_status(fired_name, category, meaning, ish, rulebook.ish_table())
    findings = Findings(
        cells=cells,
        n_unmeasured=int(table.counted.sum()) - len(cells),
        counts=counts,
        yx_um=yx_um,
        rulebook=rulebook,
        statistics=statistics,
        pixel_size=pixel_size,
        clone=clone,
        category=category,
        fired=fired,
        tag=meaning.tag if final is None else final.tag,
        explanation=evidence[fired].sentence if fired < len(evidence) else _nothing_met(rulebook, counts),
        borderline=borderline,
    )
    tag, withheld = withheld_tag(findings)
    fractions = (counts / counts.sum()).tolist()
    return SlideScore(
        score=SCORE_OF[category],
        category=category,
        her2_status=(meaning if final is None else final).her2_status,
        tag=tag,
        rule_fired=fired_name,
        explanation=findings.explanation,
        evidence=evidence,
        n_cells=len(cells),
        fractions=dict(zip(PATTERNS, fractions, strict=True)),
        fractions_ci=None if intervals is None else _by_pattern(intervals.fractions),
        score_ci=None if intervals is None else intervals.score_shares,
        tag_ci=None if intervals is None else _tag_shares(intervals, rulebook),
        fractions_wilson=_by_pattern(np.stack(wilson(counts, counts.sum()), axis=1)),
        design_effect=None if intervals is None else _design_effect(intervals, fired),
        cells_to_other_score=margin(counts, rulebook=rulebook, statistics=statistics),
        borderline=borderline,
        h_score=None if (cells.grade < 0).any() else 100 * float(cells.grade.mean()),
        complete_intense_fraction=fractions[PATTERNS.index("SC")],
        membrane_od=_od_summary(cells),
        flags=(*notices(findings), *(final.flags if final else ()), *withheld),
        ish=None if ish is None or final is None else ish_evidence(ish, final),
    )


def _by_pattern(bounds: Doubles) -> dict[str, tuple[float, float]]:
    """``(9, 2)`` intervals under the names of the patterns."""
    return {name: (low, high) for name, (low, high) in zip(PATTERNS, bounds.tolist(), strict=True)}


def _tag_shares(intervals: Intervals, rulebook: Rulebook) -> dict[Tag | Literal["none"], float]:
    shares: dict[Tag | Literal["none"], float] = {}
    for category, share in intervals.category_shares.items():
        tag = rulebook.results.of(category).tag or "none"
        shares[tag] = shares.get(tag, 0.0) + share
    return shares


def _design_effect(intervals: Intervals, fired: int) -> float | None:
    effect = float(intervals.design_effect[min(fired, len(intervals.design_effect) - 1)])
    return effect if np.isfinite(effect) else None


def _refuse_too_few(n_cells: int, n_counted: int, statistics: Statistics) -> None:
    if n_counted == 0:
        raise NotEvaluableError(
            "NO_TUMOUR", "no invasive tumour cell was found; check the tissue and the regions"
        )
    if n_cells < statistics.min_cells:
        unmeasured = f" ({n_counted - n_cells} more could not be measured)" if n_cells < n_counted else ""
        raise NotEvaluableError(
            "TOO_FEW_CELLS",
            f"{n_cells} invasive tumour cells{unmeasured}; a score needs at least {statistics.min_cells}",
        )


def _cluster_sizes(cells: CellTable, yx_um: Doubles | None, rulebook: Rulebook) -> Counts:
    """``(n, R)`` cells in the cluster of each cell, for the cluster rules; else 0."""
    sizes = np.zeros((len(cells), len(rulebook.rules)), np.int64)
    by_cluster = [k for k, rule in enumerate(rulebook.rules) if rule.metric == "cluster"]
    if by_cluster and yx_um is not None and rulebook.link_um is not None:
        members = membership(rulebook.rules).astype(bool)[cells.pattern][:, by_cluster]
        sizes[:, by_cluster] = group_sizes(yx_um, members, rulebook.link_um)
    return sizes


def _enough(sizes: Counts, rulebook: Rulebook) -> Truths:
    """``(n, R)`` whether the cell is in a cluster that meets the rule."""
    enough = np.zeros(sizes.shape, np.bool_)
    for k, rule in enumerate(rulebook.rules):
        if rule.metric == "cluster":
            enough[:, k] = cluster_suffices(rule, sizes[:, k])
    return enough


def _intervals(
    cells: CellTable,
    yx_um: Doubles,
    counts: Counts,
    enough: Truths,
    rulebook: Rulebook,
    statistics: Statistics,
) -> Intervals:
    blocks = cut_into_blocks(yx_um, cells.pattern, enough, statistics)
    if blocks is None:
        return bootstrap_cells(counts, np.logical_or.reduce(enough), rulebook=rulebook, statistics=statistics)
    return bootstrap(blocks, rulebook=rulebook, statistics=statistics)


def _is_borderline(rulebook: Rulebook, met: Truths, intervals: Intervals) -> bool:
    """Whether the score differs between the low and the high ends of the percentages' intervals."""
    low, high = met.copy(), met.copy()
    for k, rule in enumerate(rulebook.rules):
        if rule.metric == "percent":
            below, above = intervals.rules[k]
            if below <= float(rule.cut) / 100 <= above:
                low[k], high[k] = False, True
    ranks = category_ranks(rulebook)
    worst, best = (CATEGORIES[int(ranks[deciding_rule(truths)])] for truths in (low, high))
    return SCORE_OF[worst] != SCORE_OF[best]


def _evidence(
    rulebook: Rulebook, counts: Counts, largest: Counts, met: Truths, intervals: Intervals | None
) -> tuple[Evidence, ...]:
    n = int(counts.sum())
    sums = counts @ membership(rulebook.rules)
    evidence = []
    for k, rule in enumerate(rulebook.rules):
        count, percent = int(sums[k]), 100 * int(sums[k]) / n
        sentence = f"{_sentence_case(rule.says)} in {percent:.2f} % of tumour cells ({count:,} of {n:,})"
        more = "more than" if rule.op == ">" else "at least"
        if rule.metric == "percent":
            sentence += f"; the rule asks for {more} {rule.threshold:g} %"
        elif rule.metric == "cluster":
            count = int(largest[k])
            sentence += (
                f", the largest cluster of {count:,} cells; the rule asks for {more} {rule.threshold:g}"
            )
        evidence.append(
            Evidence(
                rule=rule.name,
                patterns=rule.patterns,
                metric=rule.metric,
                count=count,
                percent=percent,
                percent_ci=None
                if intervals is None
                else (100 * float(intervals.rules[k, 0]), 100 * float(intervals.rules[k, 1])),
                op=rule.op,
                threshold=rule.threshold,
                met=bool(met[k]),
                sentence=sentence + ".",
            )
        )
    return tuple(evidence)


def _nothing_met(rulebook: Rulebook, counts: Counts) -> str:
    n, stained = int(counts.sum()), int(counts[1:].sum())
    return f"{_sentence_case(rulebook.fall_through.says)}: {stained:,} of {n:,} tumour cells are stained."


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _od_summary(cells: CellTable) -> dict[str, float | None]:
    od = cells.membrane_od[(cells.pattern > 0) & np.isfinite(cells.membrane_od)].astype(float)
    if od.size == 0:
        return {"mean": None, "p10": None, "p50": None, "p90": None}
    p10, p50, p90 = np.quantile(od, (0.1, 0.5, 0.9)).tolist()
    return {"mean": float(od.mean()), "p10": p10, "p50": p50, "p90": p90}
