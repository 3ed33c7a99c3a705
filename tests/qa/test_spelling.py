"""Spellings of laboratories are read; what may be two things is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.qa.spelling import (
    AMBIGUOUS,
    MISSING,
    NEGATIVE,
    POSITIVE,
    SPELT,
    UNKNOWN,
    Reading,
    Unread,
    read_ish,
    read_score,
)

READ = {
    Reading(0, UNKNOWN): ["0", "0+", " 0 ", "IHC 0", "HER2: 0", "0.0", "Score 0", "0 (negative)"],
    Reading(0, 0): ["null", "0 (null)", "HER2-null", "IHC0_NULL", "0 null", "No staining"],
    Reading(0, 1): [
        "ultralow",
        "Ultra-low",
        "0 (ultralow)",
        "HER2-ultralow",
        "IHC0_STAINED",
        "0+ (ultra-low)",
    ],
    Reading(1, 2): ["1", "1+", "1 +", "+1", "IHC1", "IHC 1+", "HER2/neu 1+", "1.0", "1,0", "１＋", "1+/low"],
    Reading(2, 3): ["2", "2+", "2 +", "her2 2+", "IHC2", "++", "equivocal", "2+ (equivocal)"],
    Reading(3, 4): [
        "3",
        "3+",
        "IHC 3+",
        "IHC3",
        "+++",
        "HER-2 3+",
        "3+ positive",
        "erbb2 3+",
        "(3+)",
        "+ 3",
        "3+.",
    ],
    MISSING: ["", " ", "NA", "n/a", "NaN", "not evaluable", "n.d."],
}


@pytest.mark.parametrize(
    ("text", "reading"), [(text, reading) for reading, texts in READ.items() for text in texts]
)
def test_what_is_clear_is_read(text: str, reading: Reading) -> None:
    assert read_score(text) == reading


@pytest.mark.parametrize("text", ["negative", "POS", "HER2-low", "+", "-", "none"])
def test_what_may_be_two_things_says_so(text: str) -> None:
    found = read_score(text)
    assert isinstance(found, Unread)
    assert "may be" in found.why


@pytest.mark.parametrize(
    "text",
    [
        "4",
        "4+",
        "-1",
        "1-",
        "0-1+",
        "0/1",
        "1/2+",
        "2.5",
        "0.1",
        "12",
        "x",
        "?",
        "HER2",
        "IHC",
        "2+/ISH-",
        "()",
        ".3",
        ",3",
        ".1",
        "IHC .3",
        "0/+",
        "3/+",
        "3.+",
        "+/+",
        "+ +",
        "+ + +",
        "(+)(+)",
        "0 (1+)",
    ],
)
def test_what_is_no_score_is_not_guessed(text: str) -> None:
    found = read_score(text)
    assert isinstance(found, Unread)
    assert "is not a score" in found.why


@given(
    st.sampled_from(sorted(SPELT.keys() - {""})),
    st.sampled_from(["", "IHC ", "her2: ", "HER2 IHC "]),
    st.sampled_from(["", " "]),
    st.booleans(),
)
def test_prefix_blanks_and_capitals_change_nothing(key: str, prefix: str, blank: str, capitals: bool) -> None:
    text = blank + prefix + key + blank
    assert read_score(text.upper() if capitals else text) == SPELT[key]


@given(st.text("0123+-() ihcHER2nulltraowpsg.,/_", max_size=12))
def test_any_text_is_read_or_not_and_nothing_breaks(text: str) -> None:
    assert isinstance(read_score(text), Reading | Unread)
    assert isinstance(read_ish(text), int | Unread)


def test_no_spelling_is_both_clear_and_ambiguous() -> None:
    assert not set(SPELT) & set(AMBIGUOUS)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("positive", POSITIVE),
        ("ISH+", POSITIVE),
        ("ISH: +", POSITIVE),
        ("ISH (-)", NEGATIVE),
        ("FISH amplified", POSITIVE),
        ("neg", NEGATIVE),
        ("Non-amplified", NEGATIVE),
        ("not amplified", NEGATIVE),
        ("ISH-", NEGATIVE),
        ("", UNKNOWN),
        ("not done", UNKNOWN),
    ],
)
def test_ish_is_read(text: str, result: int) -> None:
    assert read_ish(text) == result


@pytest.mark.parametrize("text", ["equivocal", "group 3", "2.1", "1"])
def test_ish_is_not_guessed(text: str) -> None:
    assert isinstance(read_ish(text), Unread)
