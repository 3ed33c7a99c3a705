"""What counts towards each rate."""

import numpy as np
import pytest

from her2path.arrays import Codes
from her2path.qa.rates import RATES, RateName, hits_of
from her2path.qa.readings import Rater
from her2path.qa.spelling import NEGATIVE, POSITIVE, UNKNOWN


def rater(scores: list[int], categories: list[int]) -> Rater:
    return Rater("reader", np.array(scores, np.int8), np.array(categories, np.int8))


READ = rater([0, 0, 0, 1, 2, 2, 2, 3, -1], [0, 1, -1, 2, 3, 3, 3, 4, -1])
ISH: Codes = np.array([-1, -1, -1, -1, NEGATIVE, POSITIVE, UNKNOWN, -1, POSITIVE], np.int8)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("zero", [1, 1, 1, 0, 0, 0, 0, 0, -1]),
        ("ultralow", [0, 1, -1, 0, 0, 0, 0, 0, -1]),
        ("low", [0, 0, 0, 1, 1, 0, -1, 0, -1]),
        ("positive", [0, 0, 0, 0, 0, 1, -1, 1, -1]),
        ("low of negative", [0, 0, 0, 1, 1, -1, -1, -1, -1]),
    ],
)
def test_each_rate_by_hand(rate: RateName, expected: list[int]) -> None:
    assert hits_of(READ, ISH)[rate].tolist() == expected


def test_every_rate_is_told() -> None:
    assert tuple(hits_of(READ, ISH)) == RATES


def test_without_ish_a_2_is_neither_low_nor_positive() -> None:
    hits = hits_of(READ, None)
    assert hits["low"][4:7].tolist() == hits["positive"][4:7].tolist() == [-1, -1, -1]


def test_who_never_tells_null_from_ultralow_has_no_rate_of_ultralow() -> None:
    hits = hits_of(rater([0, 1, 3], [-1, 2, 4]), None)
    assert hits["ultralow"].tolist() == [-1, -1, -1]
    assert hits["zero"].tolist() == [1, 0, 0]
    assert hits["low"].tolist() == [0, 1, 0]
