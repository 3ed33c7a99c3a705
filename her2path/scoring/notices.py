"""What a reader must know beside the score: flags, and why a tag is not given."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from her2path.arrays import Doubles
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.flags import Flag
from her2path.image.geometry import MEMBRANE_MPP_UM, PixelSize
from her2path.scoring.cascade import Counts, conditions_met, membership, presence_gate
from her2path.scoring.clusters import group_sizes
from her2path.scoring.rulebook import CATEGORIES, Category, Rulebook, Tag
from her2path.scoring.settings import Statistics

DARK_INCOMPLETE = tuple(PATTERNS.index(name) for name in ("WI", "MI", "SI"))

SHORT_ARC = 0.5
"""A cell with less of its contour stained, weakly or more, has a short arc: granules, a brown nucleus next to
it or secretion make such, and so does true lateral staining."""

SHORT_ARCS_SHARE = 0.4
"""Of the stained cells, from which they are warned of. Drawn slides without membrane staining that were read
as stained have 0.45 to 1.00 (but for one strong blush, 0.35), drawn and real slides with it 0.00 to 0.25
(docs/science/not-membrane.md)."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What is known once the rules have run."""

    cells: CellTable
    """The denominator."""

    n_unmeasured: int
    """Counted cells without a pattern."""

    counts: Counts
    """``(9,)`` cells by pattern."""

    yx_um: Doubles | None
    rulebook: Rulebook
    statistics: Statistics
    pixel_size: PixelSize | None
    clone: str | None
    category: Category
    fired: int
    """Index of the rule that decided; the number of rules for the fall-through."""

    tag: Tag | None
    """Of category and ISH, before it is withheld."""

    explanation: str
    borderline: bool | None


def notices(findings: Findings) -> Iterator[Flag]:
    """Yield the flags of a slide, in a fixed order."""
    yield from _evidence_flags(findings)
    yield from _rule_flags(findings)
    yield from _input_flags(findings)


def withheld_tag(findings: Findings) -> tuple[Tag | None, tuple[Flag, ...]]:
    """Give the tag of the findings, or None and the flag that says why not.

    Null, ultralow and low hang on a few faint membranes; they need enough cells and fine enough pixels.
    A positive slide does not, and keeps its tag.
    """
    tag = findings.tag
    if tag is None or tag == "her2-positive":
        return tag, ()
    n, pixel_size = len(findings.cells), findings.pixel_size
    reasons = []
    if n < findings.statistics.min_cells_for_tag:
        reasons.append(f"{n} tumour cells are fewer than {findings.statistics.min_cells_for_tag}")
    if pixel_size is None:
        reasons.append("the pixel size is unknown")
    elif pixel_size.mean_um > MEMBRANE_MPP_UM:
        reasons.append(f"{pixel_size.mean_um:.3g} µm per pixel is coarser than {MEMBRANE_MPP_UM}")
    if findings.rulebook.clone_required and findings.clone is None:
        reasons.append("the antibody clone is not stated (clone of the recipe)")
    if findings.category == "IHC0_NULL" and findings.borderline:
        reasons.append("the interval of the stained cells reaches a higher score")
    if not reasons:
        return tag, ()
    return None, (Flag("TAG_WITHHELD", "warning", f"No {tag} tag: {'; '.join(reasons)}."),)


def _evidence_flags(findings: Findings) -> Iterator[Flag]:
    n, statistics = len(findings.cells), findings.statistics
    if n < statistics.min_cells_for_tag:
        yield Flag(
            "LOW_CELL_COUNT", "warning", f"Scored on {n} tumour cells; below {statistics.min_cells_for_tag}."
        )
    if findings.borderline:
        yield Flag("BORDERLINE", "warning", "The 95 % interval of the deciding percentage holds its cut-off.")
    if findings.n_unmeasured:
        yield Flag(
            "UNMEASURED_CELLS", "info", f"{findings.n_unmeasured:,} tumour cells could not be measured."
        )
    stained = int(findings.counts[1:].sum())
    if findings.category == "IHC0_NULL" and stained:
        yield Flag(
            "PRESENCE_GATE",
            "info",
            f"{stained:,} stained cells of {n:,} do not pass the presence gate: "
            f"{presence_gate(n, statistics):.0f} cells, and more than the limit of blank "
            f"({100 * statistics.presence_limit_of_blank:.2f} %).",
        )
    detection = statistics.presence_limit_of_detection
    if findings.category == "IHC0_STAINED" and detection is not None and stained < detection * n:
        yield Flag(
            "BELOW_DETECTION",
            "info",
            f"{stained:,} stained cells of {n:,} are more than blank and fewer than the limit of detection, "
            f"{100 * detection:.2f} %: a repeat may find none.",
        )


def _rule_flags(findings: Findings) -> Iterator[Flag]:
    rulebook, rank = findings.rulebook, CATEGORIES.index(findings.category)
    flag = rulebook.rules[findings.fired].flag if findings.fired < len(rulebook.rules) else None
    if flag:
        yield Flag(flag, "warning", findings.explanation)
    no_clusters = np.zeros(len(rulebook.notices), np.bool_)
    met = conditions_met(rulebook.notices, findings.counts, no_clusters, findings.statistics)
    counts = findings.counts @ membership(rulebook.notices)
    for notice, count, holds in zip(rulebook.notices, counts, met, strict=True):
        if holds and rank < CATEGORIES.index(notice.below):
            yield Flag(
                notice.flag, "warning", f"{notice.says[:1].upper()}{notice.says[1:]}: {count:,} cells."
            )
    yield from _contiguity_flag(findings)


def _contiguity_flag(findings: Findings) -> Iterator[Flag]:
    contiguity, link_um = findings.rulebook.contiguity, findings.rulebook.link_um
    if (
        contiguity is None
        or link_um is None
        or findings.yx_um is None
        or findings.category != contiguity.category
    ):
        return
    members = np.isin(findings.cells.pattern, [PATTERNS.index(name) for name in contiguity.patterns])
    largest = int(group_sizes(findings.yx_um, members[:, None], link_um).max(initial=0))
    if largest < contiguity.min_share * int(members.sum()):
        yield Flag(
            contiguity.flag,
            "warning",
            f"The largest group of cells within {link_um:g} µm of one another holds {largest:,} of the "
            f"{int(members.sum()):,} cells that make the score.",
        )


def _input_flags(findings: Findings) -> Iterator[Flag]:
    pixel_size = findings.pixel_size
    if pixel_size is None:
        yield Flag("NO_PIXEL_SIZE", "warning", "The pixel size is unknown: no intervals, distances or areas.")
    elif pixel_size.mean_um > MEMBRANE_MPP_UM:
        yield Flag(
            "COARSE_PIXELS",
            "warning",
            f"{pixel_size.mean_um:.3g} µm per pixel; faint membranes need {MEMBRANE_MPP_UM} or finer.",
        )
    cells, statistics = findings.cells, findings.statistics
    stained = (cells.pattern > 0) & np.isfinite(cells.membrane_od) & np.isfinite(cells.cytoplasm_od)
    blushed = cells.cytoplasm_od[stained] >= statistics.cytoplasmic_ratio * cells.membrane_od[stained]
    if len(blushed) >= statistics.min_cells and blushed.mean() >= statistics.cytoplasmic_share:
        yield Flag(
            "CYTOPLASMIC",
            "warning",
            f"In {100 * blushed.mean():.0f} % of stained cells the cytoplasm is as dense as the membrane.",
        )
    yield from _short_arcs_flag(findings)


def _short_arcs_flag(findings: Findings) -> Iterator[Flag]:
    """Dark staining that goes round little of each cell may be no membrane at all."""
    cells = findings.cells
    stained, incomplete = cells.pattern > 0, np.isin(cells.pattern, DARK_INCOMPLETE)
    short = incomplete & (cells.completeness < np.float32(SHORT_ARC))
    n, n_short = int(np.count_nonzero(stained)), int(np.count_nonzero(short))
    if n >= findings.statistics.presence_min_cells and n_short >= SHORT_ARCS_SHARE * n:
        yield Flag(
            "SHORT_ARCS",
            "warning",
            f"{n_short:,} of {n:,} stained cells are weakly or more stained on less than {SHORT_ARC:.0%} of "
            "their outline: granules, brown nuclei, secretion or lateral membranes.",
        )
