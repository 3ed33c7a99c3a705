"""Bars, axes and histograms as numbers for the templates: shares of a width, never pixels of a screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.report.words import PATTERN_WORDS, SCORES
from her2path.scoring.settings import Grading

HISTOGRAM_STEP_OD = 0.02
HISTOGRAM_MIN_TOP_OD = 0.8
"""The axis always reaches past the strong cut-off, so that two pages can be compared."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a stacked bar; ``start`` and ``width`` are shares of the whole."""

    label: str
    value: float
    start: float
    width: float
    style: str
    """CSS class."""


def stack(parts: Sequence[tuple[str, float | None, str]]) -> list[Segment]:
    """Put values end to end; a value that is missing or 0 takes no room.

    >>> [(s.label, s.start, s.width) for s in stack([("a", 3.0, ""), ("b", None, ""), ("c", 1.0, "")])]
    [('a', 0.0, 0.75), ('c', 0.75, 0.25)]
    """
    known = [(label, float(value), style) for label, value, style in parts if value is not None and value > 0]
    total = sum(value for _, value, _ in known)
    segments = []
    start = 0.0
    for label, value, style in known:
        segments.append(Segment(label, value, start / total, value / total, style))
        start += value
    return segments


def score_segments(score_ci: Mapping[str, float] | None) -> list[Segment]:
    """Share of bootstrap replicates by score."""
    return stack([(name, (score_ci or {}).get(name), f"g{grade}") for grade, name in enumerate(SCORES)])


def grade_stack(fractions: Mapping[str, float] | None, grades: Sequence[int]) -> list[Segment]:
    """Shares of the four grades in shares of the nine patterns; empty where there are none."""
    shares = [0.0] * len(SCORES)
    for pattern, grade in zip(PATTERNS, grades, strict=True):
        shares[grade] += fractions[pattern] if fractions else 0.0
    return stack([(name, share, f"g{k}") for k, (name, share) in enumerate(zip(SCORES, shares, strict=True))])


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One membrane pattern."""

    code: str
    words: str
    fraction: float | None
    bounds: tuple[float, float] | None
    n: int | None


@dataclass(frozen=True, slots=True)
class ClassGroup:
    """The patterns of one grade."""

    grade: int
    score: str
    total: float | None
    rows: tuple[ClassRow, ...]


def class_groups(score: Mapping[str, Any], cells: CellTable, grades: Sequence[int]) -> list[ClassGroup]:
    """Sort the nine patterns by grade, with their counts from the table."""
    fractions, intervals = score["fractions"] or {}, score["fractions_ci"] or {}
    graded = cells.pattern[cells.counted & (cells.pattern >= 0)]
    counts = np.bincount(graded, minlength=len(PATTERNS)).tolist() if len(graded) else [None] * len(PATTERNS)
    groups = []
    for grade, name in enumerate(SCORES):
        rows = tuple(
            ClassRow(code, PATTERN_WORDS[code], fractions.get(code), intervals.get(code), n)
            for code, n, own in zip(PATTERNS, counts, grades, strict=True)
            if own == grade
        )
        known = [row.fraction for row in rows if row.fraction is not None]
        groups.append(ClassGroup(grade, name, sum(known) if known else None, rows))
    return groups


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram, all as shares of the plot."""

    start: float
    width: float
    height: float
    style: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled place on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """Membrane density of the counted cells."""

    bars: tuple[Bar, ...]
    cut_offs: tuple[Mark, ...]
    ticks: tuple[Mark, ...]
    n: int
    n_beyond: int
    """Cells past the end of the axis, drawn in the last bar."""

    n_unmeasured: int


def density_histogram(cells: CellTable, grading: Grading) -> Histogram | None:
    """Membrane density of the counted cells, coloured by intensity; None without a measured cell."""
    od = cells.membrane_od[cells.counted]
    measured = od[np.isfinite(od)]
    if not len(measured):
        return None
    top_od = max(HISTOGRAM_MIN_TOP_OD, float(np.ceil(np.percentile(measured, 99.5) * 10) / 10))
    edges = np.arange(round(top_od / HISTOGRAM_STEP_OD) + 1) * HISTOGRAM_STEP_OD
    heights, _ = np.histogram(np.clip(measured, 0, top_od), edges)
    cut_offs_od = (grading.stained_od, grading.weak_od, grading.moderate_od, grading.strong_od)
    band = np.searchsorted(cut_offs_od, (edges[:-1] + edges[1:]) / 2, side="right")
    names = ("stained", "weak", "moderate", "strong")
    return Histogram(
        bars=tuple(
            Bar(float(edge / top_od), HISTOGRAM_STEP_OD / top_od, float(n / heights.max()), f"band{b}")
            for edge, n, b in zip(edges[:-1], heights, band, strict=True)
            if n
        ),
        cut_offs=tuple(Mark(od / top_od, name) for od, name in zip(cut_offs_od, names, strict=True)),
        ticks=tuple(Mark(od / top_od, f"{od:.1f}") for od in np.arange(0, top_od + 0.01, 0.2).tolist()),
        n=len(measured),
        n_beyond=int((measured > top_od).sum()),
        n_unmeasured=len(od) - len(measured),
    )
