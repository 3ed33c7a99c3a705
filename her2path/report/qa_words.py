"""How a statistic is written on the QA page: number and interval, or the reason why there is none."""

import re
from dataclasses import dataclass, replace

from her2path.qa.significance import PValue
from her2path.qa.values import Statistic, Undefined
from her2path.report.numbers import THIN, count, fixed, p_value

CUT_WORDS = {
    "score": {">=1+": "0 | 1+ and above", ">=2+": "1+ and below | 2+ and above", "3+": "2+ and below | 3+"},
    "category": {">=ultralow": "null | ultralow and above"},
    "status": {"positive": "negative | positive, after ISH"},
}
"""The cuts that the page draws, by scale; the files have all."""

SCALE_WORDS = {
    "score": "Score",
    "category": "Score, null apart from ultralow",
    "level": "Null, ultralow, low, positive",
    "status": "Status after ISH",
}

SHARE_WORDS = {"opa": "OPA", "ppa": "PPA", "npa": "NPA", "apa": "APA", "ana": "ANA"}

SURE = 0.05
"""A p-value below it is called a difference beyond chance: the usual convention, one test at a time."""

RATER = re.compile(r"\brater ([ab])\b")


@dataclass(frozen=True, slots=True)
class Said:
    """A statistic in words."""

    value: str
    """Empty where it is not defined."""

    interval: str
    """Empty where there is none."""

    n: str
    what: str
    """What was computed."""

    how: str
    """How the interval was."""

    remark: str
    """Why there is no number, or no interval."""


def say(statistic: Statistic, *, share: bool = False) -> Said:
    """Put a statistic into words.

    Parameters
    ----------
    statistic
        A number with its interval, or a reason.
    share
        Whether it is a share of slides, to be written in percent.
    """
    n = count(statistic.n)
    if isinstance(statistic, Undefined):
        return Said("", "", n, "", "", f"not defined: {statistic.reason}")
    unit = f"{THIN}%" if share else ""
    interval = ""
    if statistic.low is not None and statistic.high is not None:
        interval = f"{_number(statistic.low, share)} to {_number(statistic.high, share)}{unit}"
    what, _, how = statistic.method.partition("; ")
    value = _number(statistic.value, share) + unit
    return Said(value, interval, n, what[:1].upper() + what[1:], how, statistic.note)


def sentence(statistic: Statistic, *, share: bool = False) -> str:
    """Write a statistic within a sentence: ``78.0 % (69.0 to 85.0 %)``."""
    said = say(statistic, share=share)
    if not said.value:
        return said.remark
    return f"{said.value} ({said.interval or said.remark})"


def named(statistic: Statistic, a: str, b: str) -> Statistic:
    """Put the names of two raters where method or reason speak of rater a and rater b."""

    def told(text: str) -> str:
        return RATER.sub(lambda found: a if found[1] == "a" else b, text)

    if isinstance(statistic, Undefined):
        return replace(statistic, reason=told(statistic.reason))
    return replace(statistic, method=told(statistic.method), note=told(statistic.note))


def at_or_above(cut: str) -> str:
    """Say a cut in words.

    >>> at_or_above(">=2+"), at_or_above("3+")
    ('2+ or above', '3+')
    """
    return f"{cut.removeprefix('>=')} or above" if cut.startswith(">=") else cut


def p_words(test: PValue) -> str:
    """Write a test as its p-value, or why there is none."""
    return test.reason if isinstance(test, Undefined) else p_value(test.p)


def beyond_chance(test: PValue) -> bool:
    """Whether a test speaks of a difference."""
    return not isinstance(test, Undefined) and test.p < SURE


def _number(value: float, share: bool) -> str:
    return fixed(100 * value, 1) if share else fixed(value, 3 if abs(value) < 10 else 1)
