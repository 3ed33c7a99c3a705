from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from her2path.arrays import Codes
from her2path.qa.readers import (
    AgainstOthers,
    OnestCurve,
    against_consensus,
    consensus,
    leave_one_out,
    onest,
    unanimity,
)
from her2path.qa.significance import Significance
from her2path.qa.values import Estimate, Statistic, Undefined

SCORES = ("0", "1+", "2+", "3+")


def readings(seed: int, n: int = 60, n_readers: int = 5, err: float = 0.25) -> Codes:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, (n, 1))
    step = rng.choice([-1, 0, 1], (n, n_readers), p=[err / 2, 1 - err, err / 2])
    return np.asarray(np.clip(truth + step, 0, 3), np.int8)


def number(statistic: Statistic | None) -> Estimate:
    assert isinstance(statistic, Estimate), statistic
    return statistic


def curve_of(codes: Codes) -> OnestCurve:
    found = onest(codes)
    assert isinstance(found, OnestCurve)
    return found


def test_the_curve_is_the_mean_over_all_groups_of_readers() -> None:
    codes = readings(1)
    for k, point in enumerate(curve_of(codes).agreement, start=2):
        groups = [
            (codes[:, g] == codes[:, g[:1]]).all(axis=1).mean() for g in map(list, combinations(range(5), k))
        ]
        assert point.value == pytest.approx(np.mean(groups))
        assert point.n == 60


def test_the_band_holds_95_percent_of_all_orders() -> None:
    codes = readings(2, n_readers=6)
    found = onest(codes, permutations=20_000)
    assert isinstance(found, OnestCurve)
    shares = [
        (codes[:, order[:3]] == codes[:, order[:1]]).all(axis=1).mean()
        for order in map(list, permutations(range(6)))
    ]
    low, high = np.quantile(shares, (0.025, 0.975))
    assert (found.agreement[1].low, found.agreement[1].high) == pytest.approx((low, high), abs=0.02)


@given(st.integers(0, 50), st.integers(2, 7))
def test_the_curve_falls_and_ends_where_all_agree(seed: int, n_readers: int) -> None:
    codes = readings(seed, 20, n_readers)
    points = curve_of(codes).agreement
    values = [point.value for point in points]
    assert len(points) == n_readers - 1
    assert np.all(np.diff(values) <= 1e-12)
    assert values[-1] == pytest.approx(number(unanimity(codes, SCORES).overall).value)
    assert points[-1].low == pytest.approx(points[-1].high)


def test_the_seed_decides_the_band_alone() -> None:
    codes = readings(3, n_readers=7)
    one, same, other = (onest(codes, permutations=50, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert isinstance(one, OnestCurve)
    assert isinstance(other, OnestCurve)
    assert one.agreement != other.agreement
    assert one.agreement[0].value == other.agreement[0].value


def test_the_curve_levels_off_where_only_sure_slides_are_left() -> None:
    rng = np.random.default_rng(4)
    sure = np.tile(rng.integers(0, 4, (50, 1)), (1, 12))
    unsure = rng.integers(0, 4, (50, 12))
    found = curve_of(np.vstack([sure, unsure]).astype(np.int8))
    assert found.levels_off is not None
    assert 3 <= found.levels_off <= 6
    assert curve_of(readings(5, n_readers=3)).levels_off is None


def test_a_curve_needs_slides_that_all_read() -> None:
    assert isinstance(onest(np.zeros((4, 1), np.int8)), Undefined)
    assert isinstance(onest(np.array([[0, -1], [-1, 1]], np.int8)), Undefined)
    assert curve_of(np.array([[0, 0], [1, -1]], np.int8)).agreement[0].n == 1


def test_consensus_is_what_most_say() -> None:
    found = consensus(np.array([[1, 1, 2], [0, 1, 2], [3, 3, -1], [2, -1, -1], [0, 0, 1]], np.int8))
    assert found.codes.tolist() == [1, -1, 3, -1, 0]
    assert found.tied.tolist() == [False, True, False, False, False]
    assert found.too_few.tolist() == [False, False, False, True, False]


@given(arrays(np.int8, st.tuples(st.integers(0, 5), st.integers(0, 5)), elements=st.integers(-1, 3)))
def test_consensus_does_not_depend_on_the_order_of_the_readers(codes: Codes) -> None:
    assert np.array_equal(consensus(codes).codes, consensus(codes[:, ::-1]).codes)
    for row, said in zip(codes, consensus(codes).codes, strict=True):
        counts = {code: int((row == code).sum()) for code in set(row.tolist()) - {-1}}
        best = [code for code, count in counts.items() if count == max(counts.values())]
        assert said == (best[0] if len(best) == 1 and sum(counts.values()) > 1 else -1)


def test_each_reader_and_the_program_meet_the_same_consensus() -> None:
    codes = np.array([[1, 1, 1, 2], [0, 0, 2, 0], [3, 2, 3, 3], [1, 0, 2, 0], [1, 1, 0, 0]], np.int8)
    program = np.array([1, 0, 3, 0, -1], np.int8)
    found = leave_one_out(codes, "ABCD", program=program)
    assert isinstance(found, tuple)
    first = found[0]  # without A: 1, 0, 3, 0, and 1 0 0 is 0, which the program did not read
    assert (number(first.agreement).value, number(first.agreement).n) == (3 / 4, 4)
    assert (number(first.program).value, number(first.program).n) == (1.0, 4)
    fourth = found[3]  # without D: 1, 0, 3, tied, 1
    assert (fourth.tied, fourth.too_few) == (1, 0)
    assert number(fourth.agreement).value == 2 / 3
    assert isinstance(first.difference, Significance)
    assert first.difference.p == 1.0


def test_without_a_program_only_readers_are_compared() -> None:
    found = leave_one_out(readings(6), "ABCDE")
    assert isinstance(found, tuple)
    assert all(
        isinstance(one, AgainstOthers) and one.program is None and one.difference is None for one in found
    )


def test_a_reader_is_no_part_of_the_consensus_that_he_meets() -> None:
    codes = np.tile(np.array([[0, 0, 0, 3]], np.int8), (10, 1))
    found = leave_one_out(codes, "ABCD")
    assert isinstance(found, tuple)
    assert [number(one.agreement).value for one in found] == [1, 1, 1, 0]


def test_a_better_program_is_told_from_a_reader() -> None:
    codes = readings(7, 200, 5, err=0.4)
    truth = consensus(codes).codes
    found = leave_one_out(codes, "ABCDE", program=truth)
    assert isinstance(found, tuple)
    for one in found:
        assert isinstance(one.difference, Significance)
        assert one.difference.p < 0.01
        assert number(one.program).value > number(one.agreement).value


def test_two_readers_have_no_others_to_agree_among() -> None:
    assert isinstance(leave_one_out(readings(1, n_readers=2), "AB"), Undefined)


def test_against_consensus_leaves_out_ties_and_gaps() -> None:
    found = number(
        against_consensus(
            np.array([1, 0, -1, 2], np.int8),
            consensus(np.array([[1, 1], [0, 1], [0, 0], [3, 3]], np.int8)),
            "the program",
        )
    )
    assert (found.value, found.n) == (0.5, 2)
    nobody = np.array([[0, 1]], np.int8)
    assert isinstance(against_consensus(nobody[:, 0], consensus(nobody), "x"), Undefined)


def test_unanimity_by_class_adds_up() -> None:
    codes = readings(8)
    found = unanimity(codes, SCORES)
    assert sum(number(share).value for share in found.by_class.values()) == pytest.approx(
        number(found.overall).value
    )
    assert number(found.overall).n == 60
    assert isinstance(unanimity(codes[:, :1], SCORES).overall, Undefined)
    assert isinstance(unanimity(np.full((3, 2), -1, np.int8), SCORES).by_class["1+"], Undefined)
