import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from her2path.errors import ConfigurationError, UsageError
from her2path.recipe import Recipe
from her2path.scoring.rulebook import Rulebook, parse_rulebook

RULEBOOKS = Path(__file__).parents[2] / "configs" / "rulebooks"


@pytest.fixture
def breast() -> dict[str, Any]:
    return tomllib.loads((RULEBOOKS / "breast-2018.toml").read_text())


@pytest.mark.parametrize("path", sorted(RULEBOOKS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_rulebook_is_valid_and_named_after_its_file(path: Path) -> None:
    assert parse_rulebook(tomllib.loads(path.read_text()), path.name).id == path.stem


def test_survives_the_recipe_and_its_digest(rulebooks: dict[str, Rulebook]) -> None:
    recipe = Recipe(rulebook=rulebooks["gastric-biopsy"])
    again = Recipe.model_validate_json(recipe.model_dump_json())
    assert again == recipe
    assert again.digest == recipe.digest


def test_every_mistake_is_listed_with_its_key_and_what_is_allowed(breast: dict[str, Any]) -> None:
    del breast["version"]
    breast["gap_policy"] = "lenient"
    breast["rules"][0]["op"] = "=>"
    breast["rules"][1]["treshold"] = 10
    breast["rules"][2]["threshold"] = 120
    breast["rules"][3]["patterns"] = ["MI"]
    breast["rules"][4]["threshold"] = 3
    breast["rules"][6]["patterns"] = ["XX"]
    breast["results"]["IHC2"]["her2_status"] = "maybe"
    with pytest.raises(ConfigurationError) as caught:
        parse_rulebook(breast, "mine.toml")
    problems = dict(problem.split(": ", 1) for problem in caught.value.problems)
    assert problems.keys() == {
        "version",
        "gap_policy",
        "rules[0].op",
        "rules[1].treshold",
        "rules[2]",
        "rules[3].patterns",
        "rules[4]",
        "rules[6].patterns[0]",
        "results.IHC2.her2_status",
    }
    assert problems["version"] == "is missing"
    assert problems["gap_policy"] == "should be 'convention' or 'strict'; got 'lenient'"
    assert "threshold" in problems["rules[1].treshold"]
    assert "MC, SI, SC" in problems["rules[3].patterns"]
    assert str(caught.value).startswith("mine.toml: ")


def _swap_first_and_last(book: dict[str, Any]) -> None:
    book["rules"][0], book["rules"][-1] = book["rules"][-1], book["rules"][0]


def _same_name_twice(book: dict[str, Any]) -> None:
    book["rules"][1]["name"] = book["rules"][0]["name"]


def _strict_above_its_place(book: dict[str, Any]) -> None:
    book["rules"][6]["strict"] = "IHC3"


def _strict_is_lower(book: dict[str, Any]) -> None:
    book["rules"][-1]["strict"] = "IHC0_NULL"


def _fall_through_too_high(book: dict[str, Any]) -> None:
    book["fall_through"]["category"] = "IHC1"


def _no_link(book: dict[str, Any]) -> None:
    del book["link_um"]


def _no_rules(book: dict[str, Any]) -> None:
    book["rules"] = []


def _repeating_decimals(book: dict[str, Any]) -> None:
    book["rules"][0]["threshold"] = 100 / 3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_swap_first_and_last, "gives a higher category than"),
        (_same_name_twice, "'strong-complete' is used twice"),
        (_strict_above_its_place, "policy strict"),
        (_strict_is_lower, "strict of 'staining-limited' is lower"),
        (_fall_through_too_high, "fall_through gives a higher category"),
        (_no_link, "link_um is missing"),
        (_no_rules, "rules: "),
        (_repeating_decimals, "at most 4 decimals"),
    ],
)
def test_rules_that_could_lower_a_score_or_cannot_run_are_refused(
    breast: dict[str, Any], spoil: Any, message: str
) -> None:
    book = copy.deepcopy(breast)
    spoil(book)
    with pytest.raises(ConfigurationError, match=message):
        parse_rulebook(book, "mine.toml")


def test_a_decimal_threshold_is_exact(breast: dict[str, Any]) -> None:
    breast["rules"][0]["threshold"] = 12.3
    cut = parse_rulebook(breast, "mine.toml").rules[0].cut
    assert (cut.numerator, cut.denominator) == (123, 10)


@pytest.mark.parametrize(
    ("book", "specimen", "fits"),
    [
        ("breast-2018", None, True),
        ("breast-2018", "cytology", True),
        ("gastric-biopsy", "biopsy", True),
        ("gastric-biopsy", "tma-core", True),
        ("gastric-biopsy", "resection", False),
        ("gastric-biopsy", None, False),
        ("gastric-resection", "resection", True),
        ("gastric-resection", "tma-core", True),
        ("gastric-resection", "biopsy", False),
        ("gastric-resection", None, False),
    ],
)
def test_a_specimen_that_the_rules_are_not_for_is_refused(
    rulebooks: dict[str, Rulebook], book: str, specimen: Any, fits: bool
) -> None:
    if fits:
        rulebooks[book].check_specimen(specimen)
    else:
        with pytest.raises(UsageError, match=r"--specimen|--rulebook"):
            rulebooks[book].check_specimen(specimen)


def test_a_rulebook_for_two_kinds_of_specimen_reads_each_by_its_own_rules(
    rulebooks: dict[str, Rulebook],
) -> None:
    book = rulebooks["tumour-agnostic"]
    for specimen, same in (("resection", "gastric-resection"), ("biopsy", "gastric-biopsy")):
        read = book.for_specimen(specimen)  # type: ignore[arg-type]
        asked = [(rule.category, rule.patterns, rule.metric, rule.op, rule.threshold) for rule in read.rules]
        assert asked == [
            (rule.category, rule.patterns, rule.metric, rule.op, rule.threshold)
            for rule in rulebooks[same].rules
        ]
        assert len(read.notices) == len(rulebooks[same].notices)
    with pytest.raises(UsageError, match="--specimen"):
        book.for_specimen(None)


def test_a_rule_may_mean_something_else_than_its_category(rulebooks: dict[str, Rulebook]) -> None:
    book = rulebooks["colorectal-heracles"]
    meant = {
        book.name_of(k): (book.result_of(k).her2_status, book.result_of(k).tag)
        for k in range(len(book.rules) + 1)
    }
    assert meant == {
        "strong-half": ("positive", "her2-positive"),
        "strong-part": ("positive", None),
        "moderate-half": ("equivocal", None),
        "strong-limited": ("negative", None),
        "moderate-part": ("negative", None),
        "faint": ("negative", None),
        "no-staining": ("negative", None),
    }


def _status_rises(book: dict[str, Any]) -> None:
    book["rules"][0]["her2_status"] = "negative"


def _rule_for_nobody(book: dict[str, Any]) -> None:
    book["rules"][0]["specimens"] = ["cytology"]
    book["specimens"] = ["resection"]


def _specimen_not_asked_for(book: dict[str, Any]) -> None:
    book["rules"][0]["specimens"] = ["biopsy"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_status_rises, "gives a higher status than 'strong-complete'"),
        (_rule_for_nobody, "'strong-complete' is for cytology, which specimens does not name"),
        (_specimen_not_asked_for, "specimen_required must be true"),
    ],
)
def test_statuses_and_specimens_that_do_not_fit_are_refused(
    breast: dict[str, Any], spoil: Any, message: str
) -> None:
    spoil(breast)
    with pytest.raises(ConfigurationError, match=message):
        parse_rulebook(breast, "mine.toml")


@pytest.mark.parametrize("path", sorted(RULEBOOKS.glob("*.toml")), ids=lambda path: path.stem)
def test_what_is_recalled_is_marked_in_the_notes(path: Path, rulebooks: dict[str, Rulebook]) -> None:
    book = rulebooks[path.stem]
    marked = "recalled" in path.read_text(encoding="utf-8").lower().replace("\n", " ")
    assert marked == any("recalled" in note.lower() for note in book.notes)


def test_rules_without_ish_say_so(rulebooks: dict[str, Rulebook]) -> None:
    assert {name for name, book in rulebooks.items() if book.ish} == {"breast-2018", "colorectal-heracles"}
    with pytest.raises(UsageError, match="says nothing of ISH"):
        rulebooks["breast-2007"].ish_table()
