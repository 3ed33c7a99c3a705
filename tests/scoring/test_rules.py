"""The parts of a rulebook: upgrades stay inside, numbers fit their metric."""

from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from her2path.scoring.rules import Condition, Notice, Rule

PERCENT: dict[str, Any] = {"patterns": ["SC"], "metric": "percent", "op": ">", "threshold": 10, "says": "x"}
RULE: dict[str, Any] = PERCENT | {"name": "a", "category": "IHC1", "citation": "mine"}


@pytest.mark.parametrize(
    ("patterns", "missing"),
    [
        (["SC"], None),
        (["SI", "SC"], None),
        (["WC", "MC", "SC"], None),
        (["SI"], "SC"),
        (["MC"], "SC"),
        (["MI", "SI"], "MC, SC"),
        (["FC"], "WC, MC, SC"),
    ],
)
def test_with_a_pattern_stands_every_upgrade_of_it(patterns: list[str], missing: str | None) -> None:
    if missing is None:
        assert Condition.model_validate(PERCENT | {"patterns": patterns})
    else:
        with pytest.raises(ValidationError, match=f"also needs {missing}:"):
            Condition.model_validate(PERCENT | {"patterns": patterns})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "presence"}, "presence takes no op"),
        ({"op": None}, "needs an op"),
        ({"threshold": None}, "needs an op"),
        ({"threshold": 100.1}, "from 0 to 100"),
        ({"threshold": 0.00001}, "at most 4 decimals"),
        ({"metric": "cluster", "threshold": 4.5}, "whole number"),
        ({"metric": "cluster", "threshold": 0}, "1 or more"),
    ],
)
def test_numbers_that_do_not_fit_their_metric(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Condition.model_validate(PERCENT | change)


def test_the_cut_is_what_the_file_shows() -> None:
    assert Condition.model_validate(PERCENT | {"threshold": 0.1}).cut == Fraction(1, 10)


def test_a_notice_measures_no_distances() -> None:
    notice = PERCENT | {"metric": "cluster", "flag": "X", "below": "IHC3"}
    with pytest.raises(ValidationError, match="in a notice"):
        Notice.model_validate(notice)


def test_a_rule_gives_another_category_where_the_policy_says_so() -> None:
    rule = Rule.model_validate(RULE | {"strict": "IHC2"})
    assert (rule.category_under("convention"), rule.category_under("strict")) == ("IHC1", "IHC2")
    assert Rule.model_validate(RULE).category_under("strict") == "IHC1"


def test_a_tag_goes_with_a_status() -> None:
    with pytest.raises(ValidationError, match="tag goes with her2_status"):
        Rule.model_validate(RULE | {"tag": "her2-low"})
    assert Rule.model_validate(RULE | {"tag": "her2-low", "her2_status": "negative"}).tag == "her2-low"
