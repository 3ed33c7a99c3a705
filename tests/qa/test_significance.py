import pytest
from scipy.stats import binom

from her2path.qa.significance import SAME, Significance, sign_test, significance_json
from her2path.qa.values import Undefined


@pytest.mark.parametrize(("up", "down"), [(0, 5), (3, 9), (7, 7), (1, 0), (20, 4)])
def test_the_sign_test_doubles_the_smaller_tail_of_a_coin(up: int, down: int) -> None:
    test = sign_test(up, down, 100, "sign test")
    assert isinstance(test, Significance)
    assert test.p == pytest.approx(min(1.0, 2 * binom.cdf(min(up, down), up + down, 0.5)))
    assert test.n == 100


def test_without_a_change_nothing_is_tested() -> None:
    assert sign_test(0, 0, 12, "sign test") == Undefined(SAME, 12)


def test_a_p_value_is_a_number() -> None:
    with pytest.raises(ValueError, match="Undefined"):
        Significance(float("nan"), 0.0, None, 3, "a test")


def test_as_json_names_test_and_n_or_says_why_there_is_none() -> None:
    assert significance_json(Significance(0.5, 2.0, 3, 40, "a test")) == {
        "p": 0.5,
        "statistic": 2.0,
        "degrees": 3,
        "n": 40,
        "method": "a test",
    }
    assert significance_json(Undefined("why", 4)) == {"value": None, "reason": "why", "n": 4}
