"""What a cohort is, and how its scores are spread, as values for its page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from her2path.report.numbers import count, is_given
from her2path.report.words import SCORES, TAG_WORDS

H_STEP, H_MOST = 20, 300
"""Width of a bar of H-scores: some forty slides show a shape; and the largest H-score, by definition."""

CLASSES = (
    ("IHC0_NULL", "0, no staining", 0),
    ("IHC0_STAINED", "0, faint staining", 0),
    ("IHC1", "1+", 1),
    ("IHC2", "2+", 2),
    ("IHC3", "3+", 3),
)
"""Category, its words and its grade, lowest first."""


BY_SLIDE = ("rulebook", "specimen", "clone", "mpp", "include", "exclude", "control_roi")
"""What a manifest may give a slide of its own, and what its recipe's digest then holds."""


@dataclass(frozen=True, slots=True)
class Share:
    """One class, and how many slides are in it."""

    words: str
    n: int
    share: float
    """Of the slides with a score."""

    grade: int | None = None
    length: float = 0.0
    """Of its bar, 0 to 1: of the most frequent class."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Slides of one score within one step of the H-score; all lengths are shares of the figure."""

    grade: int
    left: float
    width: float
    top: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """H-scores, stacked by score."""

    bars: tuple[Bar, ...]
    most: int
    """Slides of the tallest bar."""

    n: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """Something that one cohort should have one of, and this one has several of."""

    what: str
    found: tuple[tuple[str, int | None], ...]
    """What there is, and how many slides have it; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The top of the page."""

    n_slides: int
    n_cases: int | None
    """None where no slide names a case."""

    rulebooks: tuple[tuple[str, int], ...]
    recipes: tuple[tuple[str, int], ...]
    software: tuple[str, ...]
    statuses: tuple[tuple[str, int], ...]
    """Status and slides, of those that occur; ``scored`` always."""

    mixed: tuple[Mixed, ...]
    n_scored: int
    """Slides with a score, of all of the slide or of a part."""

    classes: tuple[Share, ...]
    tags: tuple[Share, ...]
    h_scores: Histogram | None
    """None where no slide has one."""


STATUSES = ("scored", "partial", "not_evaluable", "failed")
"""In the order of the page; any other follows."""


def summarise(rows: Sequence[Mapping[str, Any]], software: Sequence[str]) -> Summary:
    """Count what a cohort holds.

    Parameters
    ----------
    rows
        Rows of the cohort table.
    software
        Every version of the program that a result of the cohort names.
    """
    statuses = Counter(str(row.get("status")) for row in rows)
    rulebooks, recipes = _tally(rows, "rulebook"), _tally(rows, "recipe_digest")
    versions = tuple(sorted(set(software)))
    cases = {row["case_id"] for row in rows if row.get("case_id")}
    mixed = [
        Mixed(what, found)
        for what, found in (
            ("recipe", recipes if _differ_unasked(rows) else ()),
            ("version of the software", tuple((name, None) for name in versions)),
            ("rulebook", rulebooks),
        )
        if len(found) > 1
    ]
    scored = [row for row in rows if row.get("score") in SCORES]
    return Summary(
        n_slides=len(rows),
        n_cases=len(cases) or None,
        rulebooks=rulebooks,
        recipes=recipes,
        software=versions,
        statuses=tuple(
            (status, statuses[status])
            for status in (*STATUSES, *sorted(set(statuses) - set(STATUSES)))
            if statuses[status] or status == "scored"
        ),
        mixed=tuple(mixed),
        n_scored=len(scored),
        classes=_classes(scored),
        tags=_tags(scored),
        h_scores=h_histogram(scored),
    )


def _differ_unasked(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether slides that a manifest tells the same of have different recipes."""
    digests: dict[tuple[Any, ...], set[Any]] = {}
    for row in rows:
        digests.setdefault(tuple(row.get(name) for name in BY_SLIDE), set()).add(row.get("recipe_digest"))
    return any(len(found - {None}) > 1 for found in digests.values())


def h_histogram(rows: Sequence[Mapping[str, Any]]) -> Histogram | None:
    """Stack the H-scores of slides by score; None where no slide has one.

    Parameters
    ----------
    rows
        Of slides with a score; one without an H-score is left out.
    """
    known = [(SCORES.index(row["score"]), row["h_score"]) for row in rows if is_given(row.get("h_score"))]
    if not known:
        return None
    grade, h_score = np.array(known, float).T
    n_steps = H_MOST // H_STEP
    step = np.clip(h_score // H_STEP, 0, n_steps - 1)
    counts = np.zeros((n_steps, len(SCORES)), int)
    np.add.at(counts, (step.astype(int), grade.astype(int)), 1)
    most = int(counts.sum(axis=1).max())
    tops = counts.cumsum(axis=1)
    bars = tuple(
        Bar(
            grade=code,
            left=place / n_steps,
            width=1 / n_steps,
            top=1 - int(tops[place, code]) / most,
            height=int(counts[place, code]) / most,
            words=f"H-score {place * H_STEP} to {(place + 1) * H_STEP}, score {SCORES[code]}: "
            f"{count(int(counts[place, code]))}",
        )
        for place, code in np.argwhere(counts).tolist()
    )
    return Histogram(bars, most, len(known))


def _tally(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(str(row[name]) for row in rows if row.get(name)).most_common())


def _classes(scored: Sequence[Mapping[str, Any]]) -> tuple[Share, ...]:
    found = Counter(row.get("category") for row in scored)
    other = Counter(
        row["score"] for row in scored if row.get("category") not in {name for name, *_ in CLASSES}
    )
    named = [(words, grade, found[name]) for name, words, grade in CLASSES]
    named += [(f"{score}, category not told", SCORES.index(score), other[score]) for score in sorted(other)]
    most = max((n for *_, n in named), default=0)
    return tuple(Share(words, n, n / len(scored), grade, n / most) for words, grade, n in named if scored)


def _tags(scored: Sequence[Mapping[str, Any]]) -> tuple[Share, ...]:
    """Count the tags, and the slides whose evidence allows none."""
    found = Counter(TAG_WORDS.get(row.get("tag") or "", "no tag") for row in scored)
    return tuple(
        Share(words, found[words], found[words] / len(scored))
        for words in (*TAG_WORDS.values(), "no tag")
        if scored
    )
