"""The words: every code of the contract has one."""

from typing import get_args

from her2path.flags import Severity
from her2path.report import words
from her2path.scoring.heterogeneity import Pattern
from her2path.scoring.rulebook import Category, Tag

INDICES = {"pattern": "clustered", "moran_i": 0.4, "moran_p": 0.002, "hotspot_fraction": 0.11}


def test_every_code_has_words() -> None:
    assert set(words.CATEGORY_WORDS) == set(get_args(Category))
    assert set(words.TAG_WORDS) == set(get_args(Tag))
    assert set(words.HETEROGENEITY_WORDS) == set(get_args(Pattern))
    assert set(words.SEVERITIES) == set(words.SEVERITY_WORDS) == set(get_args(Severity))


def test_plain() -> None:
    assert words.plain("out_of_focus") == "Out of focus"
    assert words.plain(None) == "not given"


def test_reading_says_alike_only_with_evidence() -> None:
    assert "stain alike" in words.heterogeneity_reading(INDICES)
    assert "chance" in words.heterogeneity_reading({**INDICES, "moran_p": 0.3})
    assert "chance" in words.heterogeneity_reading({**INDICES, "moran_i": -0.2})


def test_reading_of_nothing_is_empty() -> None:
    assert words.heterogeneity_reading(None) == ""
    assert words.heterogeneity_reading(dict.fromkeys(INDICES)) == ""


def test_no_hot_spot_is_said() -> None:
    assert "There is no hot spot." in words.heterogeneity_reading({**INDICES, "hotspot_fraction": 0.0})
