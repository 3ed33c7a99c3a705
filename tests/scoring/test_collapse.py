"""Cores of a case: each rule by an example, and what holds for all of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.scoring.cases import Sample
from her2path.scoring.collapse import COLLAPSE_RULES, Collapsed, CollapseRule, CoreResult, collapse
from her2path.scoring.terms import CATEGORIES, Category, Her2Status, Tag

MEANINGS: dict[Category, tuple[Her2Status, Tag | None]] = {
    "IHC0_NULL": ("negative", "her2-null"),
    "IHC0_STAINED": ("negative", "her2-ultralow"),
    "IHC1": ("negative", "her2-low"),
    "IHC2": ("equivocal", None),
    "IHC3": ("positive", "her2-positive"),
}


def core(label: str, category: Category | None, n_cells: int = 100, **more: Any) -> CoreResult:
    status, tag = MEANINGS[category] if category else (None, None)
    values = {"her2_status": status, "tag": tag, "rulebook": "breast-2018"} | more
    return CoreResult(Sample(slide_id=label, case_id="P", category=category, **values), n_cells)


def one(*cores: CoreResult, rule: CollapseRule, min_cores: int = 1) -> Collapsed:
    (collapsed,) = collapse(cores, rule=rule, min_cores=min_cores)
    return collapsed


@pytest.mark.parametrize(
    ("rule", "category", "status", "deciding"),
    [
        ("highest", "IHC3", "positive", ["C"]),
        ("majority", "IHC1", "negative", ["A", "B"]),
        ("weighted", "IHC0_NULL", "negative", ["D"]),
        ("any-positive", "IHC3", "positive", ["C"]),
    ],
)
def test_each_rule_lets_other_cores_speak(
    rule: CollapseRule, category: Category, status: Her2Status, deciding: list[str]
) -> None:
    cores = (core("A", "IHC1"), core("B", "IHC1"), core("C", "IHC3"), core("D", "IHC0_NULL", 900))
    found = one(*cores, rule=rule)
    assert (found.category, found.her2_status) == (category, status)
    assert [sample.slide_id for sample in found.deciding] == deciding
    assert found.agreement == len(deciding) / 4
    assert [discord.code for discord in found.discordances] == [
        "SCORE_DIFFERS",
        "STATUS_DIFFERS",
        "LOW_DIFFERS",
    ]


def test_without_a_positive_core_any_positive_is_weighted() -> None:
    cores = (core("A", "IHC2", 80), core("B", "IHC1", 100))
    assert one(*cores, rule="any-positive").category == "IHC1"
    assert one(*cores, rule="highest").category == "IHC2"


def test_halves_go_up() -> None:
    cores = (core("A", "IHC2"), core("B", "IHC1"))
    assert one(*cores, rule="majority").category == one(*cores, rule="weighted").category == "IHC2"


def test_a_core_without_tumour_is_not_negative() -> None:
    cores = (core("A", "IHC3"), core("B", None, 0), core("C", None, 12))
    found = one(*cores, rule="majority")
    assert (found.category, found.n_evaluable, found.agreement) == ("IHC3", 1, 1.0)
    (discord,) = found.discordances
    assert (discord.code, discord.detail) == ("NOT_ALL_SCORED", "Without a score: B, C.")


@pytest.mark.parametrize("rule", COLLAPSE_RULES)
def test_too_few_cores_give_no_result_and_say_so(rule: CollapseRule) -> None:
    found = one(core("A", "IHC3"), core("B", None), rule=rule, min_cores=2)
    assert (found.category, found.score, found.her2_status, found.tag) == (None, None, None, None)
    assert (found.agreement, found.reason) == (None, "1 evaluable cores; a result needs 2")
    assert one(core("A", None), rule=rule).category is None


def test_a_null_is_refuted_by_one_core_with_more() -> None:
    nulls = tuple(core(label, "IHC0_NULL") for label in "ABC")
    assert one(*nulls, rule="majority").tag == "her2-null"
    refuted = one(*nulls, core("D", "IHC1"), rule="majority")
    assert (refuted.category, refuted.tag) == ("IHC0_NULL", None)


def test_cores_of_one_category_that_differ_in_status_leave_it_open() -> None:
    found = one(core("A", "IHC2"), core("B", "IHC2", her2_status="positive"), rule="highest")
    assert (found.category, found.her2_status) == ("IHC2", None)


@given(
    st.lists(st.tuples(st.sampled_from(CATEGORIES), st.integers(20, 500)), min_size=1, max_size=7),
    st.integers(0, 6),
    st.sampled_from(COLLAPSE_RULES),
)
def test_reading_a_core_higher_never_lowers_the_case(
    read: list[tuple[Category, int]], which: int, rule: CollapseRule
) -> None:
    def rank(read: list[tuple[Category, int]]) -> int:
        found = one(*(core(str(k), *result) for k, result in enumerate(read)), rule=rule)
        assert found.category is not None
        return CATEGORIES.index(found.category)

    k = which % len(read)
    higher = CATEGORIES[min(CATEGORIES.index(read[k][0]) + 1, len(CATEGORIES) - 1)]
    assert rank([*read[:k], (higher, read[k][1]), *read[k + 1 :]]) >= rank(read)


@given(st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=7), st.sampled_from(COLLAPSE_RULES))
def test_a_case_has_the_category_of_one_of_its_cores(read: list[Category], rule: CollapseRule) -> None:
    assert one(*(core(str(k), category) for k, category in enumerate(read)), rule=rule).category in read
