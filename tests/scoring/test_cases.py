"""Many specimens of one patient: latest, highest, any low; what disagrees is named."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.scoring.cases import Case, Sample, bring_together
from her2path.scoring.terms import CATEGORIES, Category, Tag

TAGS: dict[Category, tuple[str, Tag | None]] = {
    "IHC0_NULL": ("negative", "her2-null"),
    "IHC0_STAINED": ("negative", "her2-ultralow"),
    "IHC1": ("negative", "her2-low"),
    "IHC2": ("equivocal", None),
    "IHC3": ("positive", "her2-positive"),
}


def sample(slide_id: str, category: Category | None, year: int | None = None, **more: Any) -> Sample:
    status, tag = TAGS[category] if category else (None, None)
    values = {"her2_status": status, "tag": tag, "rulebook": "breast-2018"} | more
    taken = None if year is None else date(year, 6, 1)
    return Sample(slide_id=slide_id, case_id="A", category=category, taken=taken, **values)


def one(*samples: Sample) -> Case:
    (case,) = bring_together(samples)
    return case


def codes(case: Case) -> list[str]:
    return [discordance.code for discordance in case.discordances]


def test_latest_and_highest_name_their_specimen() -> None:
    case = one(sample("m", "IHC1", 2023), sample("p", "IHC3", 2019), sample("r", "IHC0_NULL", 2021))
    assert [s.slide_id for s in case.samples] == ["p", "r", "m"]
    assert case.latest is not None
    assert case.highest is not None
    assert (case.latest.slide_id, case.highest.slide_id) == ("m", "p")
    assert case.any_low is True


def test_of_one_day_the_highest_is_the_latest() -> None:
    case = one(sample("a", "IHC2", 2020), sample("b", "IHC1", 2020), sample("c", "IHC0_NULL", 2019))
    assert case.latest is not None
    assert case.latest.slide_id == "a"


def test_where_a_date_is_missing_the_latest_is_not_known() -> None:
    case = one(sample("a", "IHC1", 2020), sample("b", "IHC1"))
    assert case.latest is None
    assert case.highest is not None
    assert codes(case) == ["DATES_INCOMPLETE"]
    assert "b" in case.discordances[0].detail


def test_a_single_specimen_is_the_latest_without_a_date() -> None:
    case = one(sample("a", "IHC1"))
    assert case.latest == case.highest == case.samples[0]
    assert case.discordances == ()


def test_a_specimen_that_was_not_scored_is_named_and_is_no_latest() -> None:
    case = one(sample("a", "IHC1", 2020), sample("b", None, 2022, site="bone"))
    assert case.latest is not None
    assert case.latest.slide_id == "a"
    assert codes(case) == ["NOT_ALL_SCORED"]
    assert "b (bone, 2022-06-01)" in case.discordances[0].detail
    assert one(sample("a", None, 2020)).latest is None


@pytest.mark.parametrize(
    ("categories", "any_low"),
    [
        (["IHC1", None], True),
        (["IHC0_NULL", "IHC0_STAINED"], False),
        (["IHC0_NULL", "IHC2"], None),
        (["IHC0_NULL", None], None),
        (["IHC3"], False),
    ],
)
def test_any_low_is_yes_no_or_not_known(categories: list[Category | None], any_low: bool | None) -> None:
    case = one(*(sample(str(k), category, 2020 + k) for k, category in enumerate(categories)))
    assert case.any_low is any_low


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("IHC0_NULL", "IHC1", ["SCORE_DIFFERS", "LOW_GAINED"]),
        ("IHC1", "IHC0_STAINED", ["SCORE_DIFFERS", "LOW_LOST"]),
        ("IHC0_NULL", "IHC0_STAINED", []),
        ("IHC1", "IHC3", ["SCORE_DIFFERS", "STATUS_DIFFERS"]),
        ("IHC1", "IHC2", ["SCORE_DIFFERS"]),
        ("IHC1", "IHC1", []),
    ],
)
def test_a_change_between_two_specimens_has_a_name(
    first: Category, second: Category, expected: list[str]
) -> None:
    case = one(sample("p", first, 2019, site="primary"), sample("m", second, 2022, site="liver"))
    assert codes(case) == expected
    for discordance in case.discordances:
        assert discordance.detail.index("p (primary, 2019-06-01)") < discordance.detail.index("m (liver")


def test_without_dates_low_has_no_direction() -> None:
    assert "LOW_DIFFERS" in codes(one(sample("a", "IHC0_NULL"), sample("b", "IHC1")))
    same_day = one(sample("a", "IHC0_NULL", 2020), sample("b", "IHC1", 2020))
    assert codes(same_day) == ["SCORE_DIFFERS", "LOW_DIFFERS"]


def test_scores_of_different_rules_are_told_apart() -> None:
    case = one(sample("a", "IHC1", 2008, rulebook="breast-2007"), sample("b", "IHC1", 2020))
    assert codes(case) == ["RULES_DIFFER"]
    assert "breast-2007" in case.discordances[0].detail


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "C"]), st.sampled_from([*CATEGORIES, None]), st.integers(2000, 2004)
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_every_specimen_is_in_one_case_whatever_the_order(rows: list[Any], random: Any) -> None:
    samples = [
        Sample(f"s{k}", case_id, category, taken=date(year, 1, 1))
        for k, (case_id, category, year) in enumerate(rows)
    ]
    cases = bring_together(samples)
    assert sorted(s.slide_id for case in cases for s in case.samples) == sorted(s.slide_id for s in samples)
    shuffled = list(samples)
    random.shuffle(shuffled)
    assert bring_together(shuffled) == cases
    for case in cases:
        scored = [s for s in case.samples if s.category]
        ranks = [CATEGORIES.index(s.category) for s in scored if s.category]
        assert (case.highest is None) == (not scored)
        if case.highest is not None and case.highest.category is not None:
            assert CATEGORIES.index(case.highest.category) == max(ranks)
