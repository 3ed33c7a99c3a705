"""ISH: the groups at their bounds, the final table, the recount, and a bound that moves is noticed."""

import copy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.errors import ConfigurationError
from her2path.scoring.ish import FinalStatus, IshCount, IshReading, IshTable, final_status
from her2path.scoring.rulebook import Rulebook, parse_rulebook
from her2path.scoring.terms import Category

RULEBOOKS = Path(__file__).parents[2] / "configs" / "rulebooks"

GROUPS = [
    (2.0, 4.0, "group-1"),
    (2.01, 5.99, "group-1"),
    (8.0, 25.0, "group-1"),
    (2.0, 3.99, "group-2"),
    (1.99, 6.0, "group-3"),
    (1.99, 6.01, "group-3"),
    (1.99, 5.99, "group-4"),
    (1.0, 4.0, "group-4"),
    (1.99, 3.99, "group-5"),
    (1.0, 1.5, "group-5"),
]
SINGLE = [
    (6.0, "single-positive"),
    (5.99, "single-between"),
    (4.0, "single-between"),
    (3.99, "single-negative"),
]
LOW = {"IHC1": "her2-low", "IHC0_STAINED": "her2-ultralow", "IHC0_NULL": "her2-null"}


@pytest.fixture
def breast(rulebooks: dict[str, Rulebook]) -> Rulebook:
    return rulebooks["breast-2018"]


def _final(book: Rulebook, category: Category, reading: IshReading, rule: str | None = None) -> FinalStatus:
    fired = next((k for k in range(len(book.rules)) if book.name_of(k) == rule), None)
    ihc = book.results.of(category) if fired is None else book.result_of(fired)
    return final_status(rule or "any rule", category, ihc, reading, book.ish_table())


def _reading(ratio: float, copies: float, cells: int | None = 20, **more: Any) -> IshReading:
    return IshReading(ratio=ratio, copies=copies, cells=cells, **more)


@pytest.mark.parametrize(("ratio", "copies", "name"), GROUPS)
def test_groups_at_their_bounds(breast: Rulebook, ratio: float, copies: float, name: str) -> None:
    found = breast.ish_table().class_of(IshCount(ratio=ratio, copies=copies), "dual")
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(("copies", "name"), SINGLE)
def test_a_single_probe_at_its_bounds(breast: Rulebook, copies: float, name: str) -> None:
    found = breast.ish_table().class_of(IshCount(copies=copies), "single")
    assert found is not None
    assert found.name == name


@given(ratio=st.floats(0.01, 100), copies=st.floats(0.01, 200))
def test_every_pair_of_numbers_has_exactly_one_group(
    rulebooks: dict[str, Rulebook], ratio: float, copies: float
) -> None:
    numbers = {"ratio": ratio, "copies": copies, "amplified_percent": None}
    dual = [one for one in rulebooks["breast-2018"].ish_table().classes if one.probe == "dual"]
    assert sum(one.holds(numbers) for one in dual) == 1  # type: ignore[arg-type]


# Group of the first count, of the recount; then status, tag and flag for IHC 2+.
EQUIVOCAL = [
    (1, None, "positive", "her2-positive", None),
    (5, None, "negative", "her2-low", None),
    (2, None, "equivocal", None, "ISH_RECOUNT_NEEDED"),
    (3, None, "equivocal", None, "ISH_RECOUNT_NEEDED"),
    (4, None, "equivocal", None, "ISH_RECOUNT_NEEDED"),
    (2, 2, "negative", "her2-low", None),
    (3, 3, "positive", "her2-positive", None),
    (4, 4, "negative", "her2-low", None),
    (2, 1, "equivocal", None, "ISH_ADJUDICATE"),
    (3, 4, "equivocal", None, "ISH_ADJUDICATE"),
    (4, 5, "equivocal", None, "ISH_ADJUDICATE"),
    (1, 5, "positive", "her2-positive", None),
]


@pytest.mark.parametrize(("group", "again", "status", "tag", "flag"), EQUIVOCAL)
def test_ihc_2_with_ish(
    breast: Rulebook, group: int, again: int | None, status: str, tag: str | None, flag: str | None
) -> None:
    recount = None if again is None else IshCount(group=again, cells=20)
    final = _final(breast, "IHC2", IshReading(group=group, cells=20, recount=recount))
    assert (final.her2_status, final.tag) == (status, tag)
    assert [one.code for one in final.flags] == ([flag] if flag else [])
    assert final.result == f"group-{group}"
    assert final.recount_result == (None if again is None else f"group-{again}")
    assert final.comment is not None
    assert f"group {group}" in final.comment


@pytest.mark.parametrize("group", [1, 2, 3, 4, 5])
def test_ihc_3_is_positive_whatever_ish_gives(breast: Rulebook, group: int) -> None:
    final = _final(breast, "IHC3", IshReading(group=group))
    assert (final.her2_status, final.tag) == ("positive", "her2-positive")
    assert [one.code for one in final.flags] == (["ISH_DISCORDANT"] if group == 5 else [])


@pytest.mark.parametrize("category", ["IHC1", "IHC0_STAINED", "IHC0_NULL"])
@pytest.mark.parametrize("group", [1, 2, 3, 4, 5])
def test_negative_ihc_with_ish(breast: Rulebook, category: Category, group: int) -> None:
    final = _final(breast, category, IshReading(group=group))
    if group == 1:
        assert (final.her2_status, final.tag) == ("positive", "her2-positive")
        assert [one.code for one in final.flags] == ["ISH_DISCORDANT"]
    else:
        assert (final.her2_status, final.tag, final.flags) == ("negative", LOW[category], ())
        assert ("comment" in (final.comment or "")) == (group in (2, 3, 4))


@pytest.mark.parametrize(
    ("category", "copies", "status", "flags"),
    [
        ("IHC2", 6.0, "positive", []),
        ("IHC2", 3.9, "negative", []),
        ("IHC2", 5.0, "equivocal", ["ISH_DUAL_PROBE_NEEDED"]),
        ("IHC3", 3.9, "positive", ["ISH_DISCORDANT"]),
        ("IHC3", 5.0, "positive", []),
        ("IHC1", 6.0, "positive", ["ISH_DISCORDANT"]),
        ("IHC1", 5.0, "negative", []),
    ],
)
def test_single_probe_with_ihc(
    breast: Rulebook, category: Category, copies: float, status: str, flags: list[str]
) -> None:
    final = _final(breast, category, IshReading(probe="single", copies=copies))
    assert final.her2_status == status
    assert [one.code for one in final.flags] == flags


def test_a_count_of_too_few_cells_leaves_ihc_alone(breast: Rulebook) -> None:
    final = _final(breast, "IHC2", _reading(3.0, 8.0, cells=19))
    assert (final.her2_status, final.tag, final.result) == ("equivocal", None, None)
    assert [one.code for one in final.flags] == ["ISH_TOO_FEW_CELLS"]
    assert "19 cells" in final.flags[0].detail
    for cells in (20, None):
        assert _final(breast, "IHC2", _reading(3.0, 8.0, cells=cells)).her2_status == "positive"


def test_a_recount_of_too_few_cells_is_none(breast: Rulebook) -> None:
    reading = _reading(1.5, 7.0, recount=IshCount(ratio=1.5, copies=7.0, cells=19))
    assert [one.code for one in _final(breast, "IHC2", reading).flags] == ["ISH_RECOUNT_NEEDED"]


HERACLES = [
    ("strong-half", "IHC3", "positive", "positive", ["ISH_DISCORDANT"]),
    ("strong-part", "IHC3", "positive", "negative", []),
    ("moderate-half", "IHC2", "positive", "negative", []),
    ("strong-limited", "IHC2", "negative", "negative", []),
    ("moderate-part", "IHC2", "negative", "negative", []),
    ("faint", "IHC1", "negative", "negative", []),
]


@pytest.mark.parametrize(("rule", "category", "amplified", "not_amplified", "flags"), HERACLES)
def test_colorectal_is_settled_by_the_share_of_amplified_cells(
    rulebooks: dict[str, Rulebook],
    rule: str,
    category: Category,
    amplified: str,
    not_amplified: str,
    flags: list[str],
) -> None:
    book = rulebooks["colorectal-heracles"]
    above = _final(book, category, IshReading(amplified_percent=50.0), rule)
    below = _final(book, category, IshReading(amplified_percent=49.9), rule)
    assert (above.her2_status, below.her2_status) == (amplified, not_amplified)
    assert [one.code for one in below.flags] == flags
    assert bool(above.flags) == (amplified == "negative")


@pytest.mark.parametrize(
    ("values", "probe", "problems"),
    [
        ({"ratio": 2.0, "copies": 5.0}, "dual", {}),
        ({"group": 3}, "dual", {}),
        ({"group": 4, "ratio": 1.5, "copies": 5.0}, "dual", {}),
        ({"ratio": 2.0}, "dual", {"copies": "is missing"}),
        ({"cells": 40}, "dual", {"ratio": "is missing", "copies": "is missing"}),
        ({"group": 1, "ratio": 1.5, "copies": 5.0}, "dual", {"group": "the numbers make it group-4"}),
        ({"copies": 5.0}, "single", {}),
        ({"group": 1}, "single", {"group": "a single probe has no groups"}),
    ],
)
def test_what_keeps_a_count_from_having_a_class_is_told(
    breast: Rulebook, values: dict[str, Any], probe: Any, problems: dict[str, str]
) -> None:
    found = dict(breast.ish_table().problems_with(IshCount(**values), probe))
    assert found.keys() == problems.keys()
    for column, what in problems.items():
        assert what in found[column]


def test_a_probe_that_the_rules_do_not_know_is_told(rulebooks: dict[str, Rulebook]) -> None:
    table = rulebooks["colorectal-heracles"].ish_table()
    ((column, what),) = table.problems_with(IshCount(copies=5.0), "single")
    assert column == "probe"
    assert "known: dual" in what


def test_a_reading_without_a_class_is_no_result(breast: Rulebook) -> None:
    with pytest.raises(ValueError, match="no class"):
        _final(breast, "IHC2", IshReading(ratio=2.0))


def _bounds(book: dict[str, Any]) -> Iterator[tuple[str, float]]:
    yield from {
        (key, value)
        for one in book["ish"]["classes"]
        for key, value in one.items()
        if key.endswith(("_min", "_below"))
    }


@pytest.mark.parametrize("step", [-0.01, 0.01])
def test_a_bound_that_moves_is_refused_or_noticed(step: float) -> None:
    for name in ("breast-2018", "colorectal-heracles"):
        original = tomllib.loads((RULEBOOKS / f"{name}.toml").read_text(encoding="utf-8"))
        for key, value in _bounds(original):
            # In one class alone: numbers would fall in two classes or in none.
            alone = copy.deepcopy(original)
            one = next(c for c in alone["ish"]["classes"] if c.get(key) == value)
            one[key] += step
            with pytest.raises(ConfigurationError, match=r"lies in"):
                parse_rulebook(alone, name)
        for key, value in _bounds(original):
            # In all classes together, of one probe and number.
            quantity = key.removesuffix("_min").removesuffix("_below")
            moved = copy.deepcopy(original)
            for one in moved["ish"]["classes"]:
                for bound in (f"{quantity}_min", f"{quantity}_below"):
                    if one.get(bound) == value:
                        one[bound] += step
            table = parse_rulebook(moved, name).ish_table()
            assert _named(table) != _named(parse_rulebook(original, name).ish_table()), (name, key)


def _named(table: IshTable) -> list[str | None]:
    shares = [IshCount(amplified_percent=value) for value in (49.99, 50.0)]
    dual = [IshCount(ratio=ratio, copies=copies) for ratio, copies, _ in GROUPS] + shares
    single = [IshCount(copies=copies) for copies, _ in SINGLE]
    found = [table.class_of(c, "dual") for c in dual] + [table.class_of(c, "single") for c in single]
    return [None if one is None else one.name for one in found]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda ish: ish["outcomes"].pop(), "ish has no outcome for no-staining"),
        (
            lambda ish: ish["outcomes"][0]["classes"].append("group-6"),
            "name the class 'group-6'; known: group-1",
        ),
        (lambda ish: ish["classes"][0].update(name="group-2"), "class 'group-2' is there twice"),
        (lambda ish: ish["classes"].pop(0), "dual probe, ratio 2, copies 4: lies in no class"),
        (lambda ish: [ish["classes"][0].pop(k) for k in ("ratio_min", "copies_min")], "names no number"),
        (lambda ish: ish.update(min_cells=0), "min_cells"),
    ],
)
def test_a_table_that_leaves_something_open_is_refused(spoil: Any, message: str) -> None:
    book = tomllib.loads((RULEBOOKS / "breast-2018.toml").read_text(encoding="utf-8"))
    spoil(book["ish"])
    with pytest.raises(ConfigurationError, match=message):
        parse_rulebook(book, "mine.toml")
