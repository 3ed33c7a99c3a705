"""Numbers on the page: digits that a reader may trust."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.report import numbers

fractions = st.floats(0, 1)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_missing_is_not_given(missing: float | None) -> None:
    for write in (numbers.area, numbers.count, numbers.fixed, numbers.percent, numbers.whole_percent):
        assert write(missing) == numbers.NOT_GIVEN
    assert numbers.p_value(missing) == "p not given"
    assert numbers.interval([0.1, math.nan]) == numbers.NOT_GIVEN
    assert numbers.text(missing) == numbers.NOT_GIVEN


def test_a_speck_of_area_does_not_read_as_none() -> None:
    assert numbers.area(0.0003).startswith("<")
    assert numbers.area(0.0) == numbers.fixed(0.0, 2, "mm²")
    assert numbers.area(0.006) == numbers.fixed(0.01, 2, "mm²")


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0, "0_%"), (1, "100_%"), (0.0001, "<_0.1_%"), (0.99999, ">_99.9_%"), (0.5, "50.0_%"), (0.003, "0.3_%")],
)
def test_percent(fraction: float, text: str) -> None:
    assert numbers.percent(fraction).replace(numbers.THIN, "_") == text


@given(fractions)
def test_only_zero_reads_as_zero_and_only_one_as_hundred(fraction: float) -> None:
    text = numbers.percent(fraction)
    assert (text == f"0{numbers.THIN}%") is (fraction == 0)
    assert (text == f"100{numbers.THIN}%") is (fraction == 1)


@given(st.integers(1, 1_000_000).filter(lambda k: k != 100_000).map(lambda k: k / 1_000_000))
def test_percent_stays_on_its_side_of_the_cut_off(fraction: float) -> None:
    digits = numbers.percent(fraction, against=0.1).split(numbers.THIN)
    shown = float(digits[-2])
    assert (shown > 10) is (fraction > 0.1)
    assert shown != 10


def test_thousands_and_units_do_not_break() -> None:
    assert numbers.count(1234567) == f"1{numbers.THIN}234{numbers.THIN}567"
    assert numbers.fixed(-1.5, 1, "mm²") == f"−1.5{numbers.THIN}mm²"
