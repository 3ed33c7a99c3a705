"""Any number of raters, missing readings and cases of several slides included."""

import numpy as np
import pytest
from krippendorff import alpha

from her2path.qa.many_raters import METRICS, agree_together, coefficients, coincidences, count_readings
from her2path.qa.values import Estimate, Statistic, Undefined

CLASSES = ("0", "1+", "2+", "3+")


def number(statistic: Statistic) -> Estimate:
    assert isinstance(statistic, Estimate), statistic
    return statistic


def random_codes(rng: np.random.Generator) -> list[np.ndarray]:
    """Up to five raters who often agree, and sometimes say nothing."""
    n = int(rng.integers(2, 40))
    truth = rng.integers(0, rng.integers(1, 5), n)
    heard = rng.random((int(rng.integers(2, 6)), n, 2))
    return [
        np.where(missing < 0.15, -1, np.where(differs < 0.3, rng.integers(0, 4, n), truth)).astype(np.int8)
        for missing, differs in (row.T for row in heard)
    ]


def ac_by_hand(codes: list[np.ndarray], power: int) -> float:
    """Gwet's coefficient from the definition, a slide at a time."""
    slides = [[int(code) for code in column if code >= 0] for column in np.stack(codes).T]
    slides = [slide for slide in slides if slide]

    def credit(i: int, j: int) -> float:
        return float(i == j) if power == 0 else 1 - (abs(i - j) / 3) ** power

    agreed = [
        sum(credit(i, j) for p, i in enumerate(slide) for q, j in enumerate(slide) if p != q)
        / (len(slide) * (len(slide) - 1))
        for slide in slides
        if len(slide) > 1
    ]
    share = [sum(slide.count(k) / len(slide) for slide in slides) / len(slides) for k in range(4)]
    total = sum(credit(i, j) for i in range(4) for j in range(4))
    chance = total / 12 * sum(p * (1 - p) for p in share)
    return (sum(agreed) / len(agreed) - chance) / (1 - chance)


def test_random_raters_as_other_implementations_have_them() -> None:
    rng = np.random.default_rng(11)
    n_defined = 0
    for _ in range(200):
        codes = random_codes(rng)
        counts = count_readings(codes, 4)
        twice = counts[counts.sum(axis=1) >= 2]
        found = coefficients(counts, CLASSES, np.arange(len(counts)))
        used = np.flatnonzero(twice.sum(axis=0))
        if len(twice) >= 2:
            for power, name in enumerate(("ac1", "ac2_linear", "ac2_quadratic")):
                assert number(found[name]).value == pytest.approx(ac_by_hand(codes, power), abs=1e-12)
        if len(twice) < 2 or len(used) < 2:
            assert isinstance(found["krippendorff_ordinal"], Undefined)
            continue
        n_defined += 1
        data = np.where(np.stack(codes) < 0, np.nan, np.stack(codes).astype(float))
        for metric in METRICS:
            theirs = alpha(reliability_data=data, level_of_measurement=metric)
            assert number(found[f"krippendorff_{metric}"]).value == pytest.approx(theirs, abs=1e-12)
    assert n_defined > 150


def test_coincidences_of_a_slide_count_each_reading_once() -> None:
    counts = np.array([[2, 1, 0], [1, 0, 0], [0, 0, 3]])
    assert coincidences(counts).sum(axis=(1, 2)).tolist() == [3, 0, 3]
    assert coincidences(counts)[0].tolist() == [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_slides_of_a_case_widen_gwets_interval() -> None:
    rng = np.random.default_rng(2)
    a = rng.integers(0, 4, 40).astype(np.int8)
    b = np.where(rng.random(40) < 0.3, 0, a).astype(np.int8)
    counts = np.repeat(count_readings((a, b), 4), 3, axis=0)
    once = number(coefficients(count_readings((a, b), 4), CLASSES, np.arange(40))["ac1"])
    by_case = number(coefficients(counts, CLASSES, np.repeat(np.arange(40), 3))["ac1"])
    alone = number(coefficients(counts, CLASSES, np.arange(120))["ac1"])
    assert by_case.low == pytest.approx(once.low)
    assert alone.low is not None
    assert by_case.low is not None
    assert alone.low > by_case.low


def test_slides_that_all_read_alike_are_a_proportion() -> None:
    codes = [np.array(row, np.int8) for row in ([0, 1, 2, -1], [0, 1, 1, 3], [0, 1, 2, 3])]
    found = agree_together(("a", "b", "c"), codes, CLASSES, np.arange(4)).statistics["all_agree"]
    assert number(found).value == pytest.approx(2 / 3)
    assert number(found).n == 3


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        ([[0, 0, 0], [0, 0, 0]], "every reading is 0"),
        ([[1], [1]], "read twice are needed; there are 1"),
        ([[0, 1, 2], [-1, -1, -1]], "read twice are needed; there are 0"),
        ([[], []], "read twice are needed; there are 0"),
    ],
    ids=["one class", "one slide", "one rater", "nothing"],
)
def test_what_is_not_defined_says_why(codes: list[list[int]], reason: str) -> None:
    arrays = [np.array(row, np.int8) for row in codes]
    found = agree_together(("a", "b"), arrays, CLASSES, np.arange(len(arrays[0]))).statistics
    for name in ("fleiss", "krippendorff_nominal", "krippendorff_ordinal", "krippendorff_interval"):
        statistic = found[name]
        assert isinstance(statistic, Undefined)
        assert reason in statistic.reason


def test_one_class_agrees_fully_for_gwet_and_has_no_interval() -> None:
    counts = count_readings((np.zeros(9, np.int8), np.zeros(9, np.int8)), 4)
    found = number(coefficients(counts, CLASSES, np.arange(9))["ac1"])
    assert (found.value, found.low, found.high) == (1.0, None, None)
    assert found.note == "no interval: the cases do not vary"


def test_fleiss_takes_the_slides_with_most_readings() -> None:
    codes = [np.array(row, np.int8) for row in ([0, 1, 2, 3, 1], [0, 1, 1, 3, 1], [0, -1, -1, -1, -1])]
    found = coefficients(count_readings(codes, 4), CLASSES, np.arange(5))
    assert found["fleiss"] == Undefined("two slides with 3 readings are needed; there are 1", 1)
    assert number(found["krippendorff_ordinal"]).n == 5


def test_an_ac2_below_minus_1_lies_in_its_interval() -> None:
    # Readings of one rater alone spread the classes that chance is computed from, beyond those read twice.
    a = np.array([1, 3, 0, 3, 1, 2, -1, -1, 1, 2])
    b = np.array([3, 0, 3, 0, -1, -1, 1, 2, -1, -1])
    found = number(coefficients(count_readings((a, b), 4), CLASSES, np.arange(10))["ac2_quadratic"])
    assert found.low is not None
    assert found.low <= found.value < -1


def test_one_case_of_several_slides_says_that_cases_are_missing() -> None:
    a, b = np.array([0, 1, 2, 3], np.int8), np.array([0, 1, 2, 2], np.int8)
    found = coefficients(count_readings([a, b], 4), CLASSES, np.zeros(4, int))
    assert found["ac1"] == Undefined("two cases are needed; the 4 slides read twice are of one case", 4)
    alpha_ordinal = number(found["krippendorff_ordinal"])
    assert "BCa bootstrap over 1 case, " in alpha_ordinal.method
    assert "the slides are of 1 case" in alpha_ordinal.note
