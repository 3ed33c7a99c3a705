"""Bars and histograms add up to what they show."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.pipeline.result import ScoredSlide
from her2path.report.figures import class_groups, density_histogram, grade_stack, score_segments, stack
from her2path.scoring.settings import Grading


@given(st.lists(st.none() | st.floats(0.001, 1e6), min_size=1))
def test_stack_fills_the_bar_without_gap(values: list[float | None]) -> None:
    segments = stack([(str(i), value, "") for i, value in enumerate(values)])
    assert len(segments) == sum(value is not None for value in values)
    ends = [0.0, *(s.start + s.width for s in segments)]
    assert [s.start for s in segments] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(1.0 if segments else 0.0)


def test_score_segments_leave_out_what_never_came_back() -> None:
    segments = score_segments({"0": 0.0, "1+": 0.25, "2+": 0.75, "3+": 0.0})
    assert [(s.label, s.style) for s in segments] == [("1+", "g1"), ("2+", "g2")]
    assert score_segments(None) == []


def test_grades_are_the_sums_of_their_patterns() -> None:
    shares = dict.fromkeys(PATTERNS, 0.0) | {"N": 0.5, "FI": 0.2, "WI": 0.1, "SC": 0.2}
    segments = grade_stack(shares, Grading().grades)
    assert [(s.label, round(s.width, 6)) for s in segments] == [("0", 0.5), ("1+", 0.3), ("3+", 0.2)]
    assert grade_stack(None, Grading().grades) == []


def test_class_groups_hold_all_patterns_once_with_counts(scored: ScoredSlide) -> None:
    groups = class_groups(scored.score, scored.cells, Grading().grades)
    rows = [row for group in groups for row in group.rows]
    assert len({row.code for row in rows}) == 9
    assert sum(row.n or 0 for row in rows) == scored.score["n_cells"]
    assert sum(group.total or 0 for group in groups) == pytest.approx(1.0)
    assert [row.code for row in groups[2].rows] == ["WC", "MI", "MC", "SI"]


def test_counts_are_missing_without_cells(scored: ScoredSlide) -> None:
    groups = class_groups(scored.score, CellTable.empty(), Grading().grades)
    assert {row.n for group in groups for row in group.rows} == {None}


def test_histogram_counts_every_measured_cell(scored: ScoredSlide) -> None:
    histogram = density_histogram(scored.cells, Grading())
    assert histogram is not None
    od = scored.cells.membrane_od[scored.cells.counted]
    assert histogram.n + histogram.n_unmeasured == len(od)
    assert histogram.n_unmeasured == np.isnan(od).sum() > 0
    assert max(bar.height for bar in histogram.bars) == 1.0
    assert all(0 <= bar.start < 1 for bar in histogram.bars)


def test_histogram_colours_follow_the_cut_offs(scored: ScoredSlide) -> None:
    cells = replace(scored.cells, membrane_od=np.full(len(scored.cells), 0.45, np.float32))
    histogram = density_histogram(cells, Grading())
    assert histogram is not None
    assert [bar.style for bar in histogram.bars] == ["band3"]
    marks = {mark.label: mark.at for mark in histogram.cut_offs}
    assert marks["moderate"] == pytest.approx(0.40 / 0.8)


def test_no_measured_cell_gives_no_histogram() -> None:
    assert density_histogram(CellTable.empty(), Grading()) is None
