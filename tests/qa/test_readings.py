"""Scales: what a reading says on each, and what it leaves open."""

import numpy as np
import pytest

from her2path.qa.readings import (
    CATEGORY,
    LEVEL,
    SCORE,
    STATUS,
    Rater,
    Readings,
    codes_on,
    place_on,
    why_not_on,
)
from her2path.qa.spelling import NEGATIVE, POSITIVE, UNKNOWN

RATER = Rater(
    "reader",
    np.array([0, 0, 0, 1, 2, 2, 2, 3, -1], np.int8),
    np.array([0, 1, -1, 2, 3, 3, 3, 4, -1], np.int8),
)
"""Null, ultralow, a 0 that says no more, 1+, three 2+, 3+, nothing."""

ISH = np.array([UNKNOWN] * 4 + [UNKNOWN, NEGATIVE, POSITIVE, UNKNOWN, UNKNOWN], np.int8)


def test_each_scale_takes_what_it_can() -> None:
    assert codes_on(SCORE, RATER, ISH).tolist() == [0, 0, 0, 1, 2, 2, 2, 3, -1]
    assert codes_on(CATEGORY, RATER, ISH).tolist() == [0, 1, -1, 2, 3, 3, 3, 4, -1]
    assert codes_on(LEVEL, RATER, ISH).tolist() == [0, 1, -1, 2, -1, 2, 3, 3, -1]
    assert codes_on(STATUS, RATER, ISH).tolist() == [0, 0, 0, 0, -1, 0, 1, 1, -1]


def test_a_2_without_ish_is_neither_low_nor_positive() -> None:
    assert codes_on(LEVEL, RATER, None).tolist() == [0, 1, -1, 2, -1, -1, -1, 3, -1]


def test_what_a_reading_leaves_open_may_lie_on_one_side_of_a_cut() -> None:
    category, level = place_on(CATEGORY, RATER, ISH), place_on(LEVEL, RATER, ISH)
    assert category.sides_of(1).tolist() == [0, 1, -1, 1, 1, 1, 1, 1, -1]
    assert category.sides_of(2).tolist() == [0, 0, 0, 1, 1, 1, 1, 1, -1]
    assert level.sides_of(2).tolist() == [0, 0, 0, 1, 1, 1, 1, 1, -1]
    assert level.sides_of(3).tolist() == [0, 0, 0, 0, -1, 0, 1, 1, -1]
    assert place_on(STATUS, RATER, ISH).sides_of(1).tolist() == codes_on(STATUS, RATER, ISH).tolist()


def test_cuts_are_named_after_the_class_that_they_begin() -> None:
    assert SCORE.cuts == (">=1+", ">=2+", "3+")
    assert LEVEL.cuts == (">=ultralow", ">=low", "positive")
    assert STATUS.cuts == ("positive",)


def test_a_scale_that_cannot_be_used_says_why() -> None:
    plain = Rater("plain", np.zeros(2, np.int8), np.full(2, -1, np.int8))
    assert why_not_on(SCORE, (RATER, plain), None) is None
    assert why_not_on(CATEGORY, (RATER, plain), None) == "plain: null and ultralow are not told apart"
    assert why_not_on(STATUS, (RATER, plain), None) == "there is no column ish"
    assert why_not_on(STATUS, (RATER, plain), ISH) is None


@pytest.mark.parametrize(
    ("categories", "splits"),
    [
        ([0, 1, 2], True),
        ([0, 1, -1], True),  # told apart where it was told
        ([1, 1, 2], True),
        ([0, 0, 2], True),
        ([1, 1, -1], False),
        ([0, -1, 2], False),
        ([-1, -1, 2], False),
        ([2, 3, 4], False),
    ],
)
def test_a_bare_0_beside_one_class_of_0_splits_nothing(categories: list[int], splits: bool) -> None:
    codes = np.array(categories, np.int8)
    scores = np.where(codes < 2, 0, codes - 1).astype(np.int8)
    assert Rater("a", scores, codes).splits_zero is splits


def test_the_class_of_0_that_is_never_written_is_asked_for() -> None:
    zeros = np.zeros(3, np.int8)
    stained = Rater("a", zeros, np.array([1, -1, -1], np.int8))
    unstained = Rater("b", zeros, np.array([0, -1, -1], np.int8))
    of_a = "a writes 0 and ultralow, never null: write null for 0 without staining"
    assert why_not_on(CATEGORY, (RATER, stained), None) == of_a
    assert why_not_on(LEVEL, (stained, unstained), None) == (
        f"{of_a}; b writes 0 and null, never ultralow: write ultralow for 0 with faint staining"
    )
    assert why_not_on(SCORE, (stained, unstained), None) is None


def test_a_slide_without_a_case_is_one_of_its_own() -> None:
    slides, cases = ("a", "b", "c", "A"), ("A", "A", None, None)
    units = Readings(slides, (), case_ids=cases).units.tolist()
    assert units[0] == units[1]
    assert len(set(units)) == 3
    assert len(set(Readings(slides, ()).units.tolist())) == 4
