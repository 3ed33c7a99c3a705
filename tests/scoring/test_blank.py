"""The limit of blank, against a calculation by hand."""

import pytest

from her2path.errors import UsageError
from her2path.scoring.blank import MIN_CONTROLS, limit_of_blank

NEGATIVE = [0.001, 0.003] * 10


def test_the_limit_is_the_mean_and_1_645_standard_deviations() -> None:
    blank = limit_of_blank(NEGATIVE)
    assert blank.n_negative == 20
    assert blank.mean_share == pytest.approx(0.002)
    assert blank.sd_share == pytest.approx(0.001 * (20 / 19) ** 0.5)  # of a sample
    assert blank.limit_of_blank == pytest.approx(0.002 + 1.645 * 0.00102598, abs=1e-7)
    assert blank.limit_of_detection is None


def test_the_limit_of_detection_adds_the_spread_of_low_controls() -> None:
    blank = limit_of_blank(NEGATIVE, [0.02, 0.04] * 10)
    assert blank.limit_of_detection == pytest.approx(blank.limit_of_blank + 1.645 * 0.0102598, abs=1e-6)


def test_too_few_controls_are_all_told() -> None:
    with pytest.raises(UsageError, match="19 negative controls; at least 20") as caught:
        limit_of_blank([0.0] * (MIN_CONTROLS - 1), [0.1] * 3)
    assert "3 controls of low expression" in str(caught.value)


def test_low_controls_that_are_no_more_than_blank_are_refused() -> None:
    with pytest.raises(UsageError, match="not above the limit of blank"):
        limit_of_blank(NEGATIVE, NEGATIVE)
