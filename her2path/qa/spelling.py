"""How scores and ISH results are spelled, and which spellings may not be guessed."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

UNKNOWN = -1
"""Code of what was not read; the others count up from the lowest class."""

SCORES = ("0", "1+", "2+", "3+")
"""Classes of a HER2 IHC score, lowest first: a score code is a place in here."""

CATEGORIES = ("null", "ultralow", "1+", "2+", "3+")
"""Classes where score 0 is told apart by its faint staining, lowest first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One score as one rater gave it; both codes are ``UNKNOWN`` where none was given."""

    score: int
    """Place in ``SCORES``."""

    category: int
    """Place in ``CATEGORIES``; ``UNKNOWN`` for a score 0 that says no more."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A text that is no score, or may be more than one."""

    why: str


Spelt: TypeAlias = Reading | Unread

MISSING = Reading(UNKNOWN, UNKNOWN)
NULL, ULTRALOW = Reading(0, 0), Reading(0, 1)

PREFIX = re.compile(r"(her-?2(/neu)?|erbb2|ihc|score)[\s:=_-]*")
"""What laboratories write before the score."""

WHOLE = re.compile(r"([0-3])[.,]0+")
"""A score that a spreadsheet or a data frame made a decimal number of."""

MARKS = r"[\s_():;.,/'\"\[\]]+"

PUNCTUATION = re.compile(
    rf"(?<=[a-z])(?:{MARKS}|-)|(?:{MARKS}|-)(?=[a-z])|{MARKS}$"
    r"|^[\s(\['\"]+|(?<=\d)\s+(?=\+)|(?<=\+)\s+(?=\d)"
)
"""What says nothing: marks and hyphens beside a letter, marks at the end, what opens a bracket at the start,
blanks between a digit and its plus. ``-1``, ``0-1+``, ``.3``, ``3/+`` and ``+ +`` are no scores."""

SPELT: Mapping[str, Reading] = (
    dict.fromkeys(("", "na", "nan", "nd", "missing", "notscored", "notdone", "notevaluable"), MISSING)
    | dict.fromkeys(("0", "0+", "zero", "0negative", "0neg"), Reading(0, UNKNOWN))
    | dict.fromkeys(("null", "0null", "nostaining", "0nostaining"), NULL)
    | dict.fromkeys(("ultralow", "0ultralow", "0+ultralow", "0stained", "0withstaining"), ULTRALOW)
    | dict.fromkeys(("1", "1+", "+1", "1+negative", "1+neg", "1+low", "1low"), Reading(1, 2))
    | dict.fromkeys(("2", "2+", "+2", "++", "equivocal", "2+equivocal", "2equivocal"), Reading(2, 3))
    | dict.fromkeys(("3", "3+", "+3", "+++", "3+positive", "3+pos", "3positive"), Reading(3, 4))
)
"""Spellings without punctuation and prefix. ``0+`` is score 0; whether ultralow was meant it does not say."""

AMBIGUOUS: Mapping[str, str] = (
    dict.fromkeys(("negative", "neg"), "may be 0 or 1+")
    | dict.fromkeys(("positive", "pos"), "may be 3+, or 2+ with amplification")
    | {
        "low": "may be 1+, or 2+ without amplification",
        "+": "may be 1+ or positive",
        "-": "may be negative or not scored",
        "none": "may be no staining or not scored",
    }
)

NEGATIVE, POSITIVE = 0, 1

ISH_SPELT: Mapping[str, int] = (
    dict.fromkeys(("", "na", "nan", "nd", "missing", "notdone"), UNKNOWN)
    | dict.fromkeys(("negative", "neg", "-", "notamplified", "nonamplified", "unamplified"), NEGATIVE)
    | dict.fromkeys(("positive", "pos", "+", "amplified"), POSITIVE)
)


def read_score(text: str) -> Spelt:
    """Read a HER2 IHC score as a rater wrote it.

    Parameters
    ----------
    text
        ``"0"``, ``"2 +"``, ``"IHC 3+"``, ``"HER2-ultralow"``, ``"0 (null)"``, ``"IHC0_STAINED"``, ``"2.0"``.

    Returns
    -------
    Reading | Unread
        A reading, without codes where the text says that there is none; or why the text is not read.
    """
    written = unicodedata.normalize("NFKC", text).casefold().strip()
    bare = written
    while found := PREFIX.match(bare):
        bare = bare[found.end() :]
    if whole := WHOLE.fullmatch(bare):
        bare = whole[1]
    key = PUNCTUATION.sub("", bare)
    if key in AMBIGUOUS:
        return Unread(f"{AMBIGUOUS[key]}; write the score")
    if key not in SPELT or (written and not key):
        return Unread(f"is not a score; write one of {', '.join(SCORES)}, null, ultralow")
    return SPELT[key]


def read_ish(text: str) -> int | Unread:
    """Read an ISH result: ``NEGATIVE``, ``POSITIVE``, ``UNKNOWN`` where the text says that there is none."""
    written = unicodedata.normalize("NFKC", text).casefold().strip()
    key = PUNCTUATION.sub("", re.sub(r"^[cdfs]?ish[\s:=_]*", "", written))
    if key not in ISH_SPELT or (written and not key):
        return Unread("is no ISH result; write positive or negative")
    return ISH_SPELT[key]
