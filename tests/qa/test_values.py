"""A number with all that belongs to it, or a reason; never NaN."""

from math import inf, nan

import pytest

from her2path.qa.values import Estimate, Undefined, as_json, interval_json, value_json


def test_a_number_is_written_with_interval_n_and_method() -> None:
    found = Estimate(0.5, 0.2, 0.8, 10, "share")
    assert as_json(found) == {"value": 0.5, "low": 0.2, "high": 0.8, "n": 10, "method": "share"}
    assert value_json(found) == 0.5
    assert interval_json(found) == [0.2, 0.8]


def test_what_is_not_defined_is_null_with_a_reason() -> None:
    missing = Undefined("one class only", 3)
    expected = {"value": None, "reason": "one class only", "n": 3}
    assert as_json(missing) == value_json(missing) == interval_json(missing) == expected


def test_a_number_without_an_interval_says_why() -> None:
    found = Estimate(1.0, None, None, 4, "kappa", "no interval: too few")
    assert as_json(found)["note"] == "no interval: too few"
    assert interval_json(found) == {"value": None, "reason": "no interval: too few", "n": 4}


@pytest.mark.parametrize("numbers", [(nan, 0.0, 1.0), (0.5, nan, 1.0), (0.5, 0.0, inf)])
def test_nan_is_no_estimate(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="Undefined"):
        Estimate(*numbers, 3, "kappa")
