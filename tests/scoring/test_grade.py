from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS, UNGRADED
from her2path.scoring.grade import grades_of, patterns_of, regrade
from her2path.scoring.settings import Grading

GRADING = Grading()


def _pattern(od: float, completeness: float) -> str:
    code = int(patterns_of(np.array([od], np.float32), np.array([completeness], np.float32), GRADING)[0])
    return "?" if code == UNGRADED else PATTERNS[code]


@pytest.mark.parametrize(
    ("od", "completeness", "pattern"),
    [
        (0.079, 1.0, "N"),
        (0.08, 0.5, "FI"),  # float32 of 0.08 lies below the float64: the cut-off still counts
        (0.199, 0.8, "FC"),
        (0.2, 0.799, "WI"),
        (0.2, 0.8, "WC"),
        (0.4, 0.2, "MI"),
        (0.4, 0.9, "MC"),
        (0.6, 0.5, "SI"),
        (0.6, 1.0, "SC"),
        (1.9, 0.099, "N"),
        (np.nan, 0.0, "N"),
        (np.nan, 0.05, "N"),
        (np.nan, 0.5, "?"),
        (0.5, np.nan, "?"),
        (np.nan, np.nan, "?"),
    ],
)
def test_pattern_of_a_cell(od: float, completeness: float, pattern: str) -> None:
    assert _pattern(od, completeness) == pattern


def test_grades_follow_the_table_and_missing_stays_missing() -> None:
    codes = np.arange(-1, 9, dtype=np.int8)
    assert grades_of(codes, GRADING).tolist() == [-1, 0, 1, 1, 1, 2, 2, 2, 2, 3]


@given(
    od=st.floats(0, 2, width=32),
    more_od=st.floats(0, 2, width=32),
    part=st.floats(0, 1, width=32),
    more_part=st.floats(0, 1, width=32),
)
def test_a_stronger_or_more_complete_membrane_never_lowers_the_grade(
    od: float, more_od: float, part: float, more_part: float
) -> None:
    codes = patterns_of(
        np.array([od, max(od, more_od)], np.float32),
        np.array([part, max(part, more_part)], np.float32),
        GRADING,
    )
    before, after = grades_of(codes, GRADING)
    assert before <= after


def test_regrading_moves_pattern_and_grade_and_nothing_else(
    table_of_counts: Callable[..., CellTable],
) -> None:
    table = table_of_counts(dict.fromkeys(PATTERNS, 3))
    assert regrade(table, GRADING).equals(table)
    stricter = regrade(table, Grading(strong_od=0.9))
    assert not (stricter.pattern == PATTERNS.index("SC")).any()
    assert (stricter.grade == 3).sum() == 0
    assert np.array_equal(stricter.membrane_od, table.membrane_od, equal_nan=True)


@pytest.mark.parametrize(
    ("believed", "od", "completeness"), [("pixels", 0.3, 0.5), ("network", 0.7, 0.9), ("both", 0.5, 0.7)]
)
def test_the_recipe_says_which_witness_grades(
    table_of_counts: Callable[..., CellTable],
    believed: Literal["pixels", "network", "both"],
    od: float,
    completeness: float,
) -> None:
    table = table_of_counts(dict.fromkeys(PATTERNS, 3))
    n = len(table)
    pixels = replace(
        table,
        pixel_od=np.full(n, 0.3, np.float32),
        pixel_completeness=np.where(np.arange(n) == 4, np.nan, 0.5).astype(np.float32),
    )
    grading = Grading(intensity_from=believed)
    alone = regrade(pixels, grading)
    assert alone.membrane_od == pytest.approx(0.3)
    assert alone.pattern[4] == -1
    seen = replace(
        pixels,
        network_od=np.full(n, 0.7, np.float32),
        network_completeness=np.full(n, 0.9, np.float32),
    )
    graded = regrade(seen, grading)
    others = np.arange(n) != 4
    assert graded.membrane_od[others] == pytest.approx(od)
    assert graded.completeness[others] == pytest.approx(completeness)
    assert (graded.pattern[4] == -1) == (believed != "network")
    assert regrade(table, grading).equals(table)
