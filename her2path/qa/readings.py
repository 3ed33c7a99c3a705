"""What the raters read, and the scales that it can be compared on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

import numpy as np

from her2path.arrays import Codes, Doubles
from her2path.qa.spelling import CATEGORIES, POSITIVE, SCORES, UNKNOWN

ScaleName: TypeAlias = Literal["score", "category", "level", "status"]


@dataclass(frozen=True, slots=True)
class Scale:
    """Ordered classes, lowest first."""

    name: ScaleName
    classes: tuple[str, ...]

    @property
    def cuts(self) -> tuple[str, ...]:
        """Names of the cuts between the classes: ``>=1+``, ``>=2+``, ``3+``."""
        return (*(f">={name}" for name in self.classes[1:-1]), self.classes[-1])


SCORE = Scale("score", SCORES)
CATEGORY = Scale("category", CATEGORIES)

LEVEL = Scale("level", ("null", "ultralow", "low", "positive"))
"""Low is 1+, or 2+ without amplification; positive is 3+, or 2+ with it. A 2+ without ISH is neither."""

STATUS = Scale("status", ("negative", "positive"))
"""After ISH: a 2+ without ISH has none."""

ZERO_SPLIT = {"null": "without staining", "ultralow": "with faint staining"}
"""The two classes of score 0, and what tells them apart."""

SCALES = (SCORE, CATEGORY, LEVEL, STATUS)


@dataclass(frozen=True, eq=False)
class Rater:
    """The scores that one rater gave: a person, a site, a program."""

    name: str

    scores: Codes
    """``(n,)`` places in ``SCORES``, or ``UNKNOWN``."""

    categories: Codes
    """``(n,)`` places in ``CATEGORIES``, or ``UNKNOWN``."""

    @property
    def splits_zero(self) -> bool:
        """Whether null and ultralow were told apart.

        Who writes 0 and one of the two may mean the other by 0: only slides of one class would be left, which
        agree by themselves.
        """
        has_bare_zero = bool(((self.scores == 0) & (self.categories == UNKNOWN)).any())
        return len(self.zero_classes) == 2 or (len(self.zero_classes) == 1 and not has_bare_zero)

    @property
    def zero_classes(self) -> tuple[str, ...]:
        """Which of null and ultralow were written at all."""
        return tuple(name for place, name in enumerate(ZERO_SPLIT) if (self.categories == place).any())


@dataclass(frozen=True, slots=True)
class UnreadText:
    """A value of the table that could not be read, and so is in no number."""

    row: int
    """As a spreadsheet counts: the names are row 1."""

    column: str
    slide_id: str
    text: str
    why: str


@dataclass(frozen=True, eq=False)
class Readings:
    """The table of a study: one row a slide, in the order of the file."""

    slide_ids: tuple[str, ...]

    raters: tuple[Rater, ...]
    """In the order of the columns."""

    case_ids: tuple[str | None, ...] | None = None
    """None where the table has no such column."""

    ish: Codes | None = None
    """``(n,)`` ``NEGATIVE``, ``POSITIVE`` or ``UNKNOWN``; None where the table has no such column."""

    dates: tuple[date | None, ...] | None = None

    groups: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """``site, scanner, clone, lot, region``, as far as the table has them."""

    measures: Mapping[str, Doubles] = field(default_factory=dict)
    """Columns of numbers that are no scores, such as a fraction or an H-score; NaN where there is none."""

    unread: tuple[UnreadText, ...] = ()

    left_out: Mapping[str, str] = field(default_factory=dict)
    """Columns that are no raters, and why: they hold no scores, or are measures."""

    only_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Slides that only one of two joined tables has, by the name of that table."""

    @property
    def units(self) -> np.ndarray:
        """``(n,)`` number of the case of each slide; a slide without a case is one of its own."""
        names = self.case_ids or (None,) * len(self.slide_ids)
        keys = [
            f"slide {slide}" if case is None else f"case {case}"
            for slide, case in zip(self.slide_ids, names, strict=True)
        ]
        return np.unique(np.array(keys, dtype=object), return_inverse=True)[1]


def codes_on(scale: Scale, rater: Rater, ish: Codes | None) -> Codes:
    """Express a rater's readings on a scale.

    Parameters
    ----------
    scale
        One of ``SCALES``.
    rater
        ``n`` readings.
    ish
        ``(n,)`` ISH of the slides; None where it was not told.

    Returns
    -------
    Codes
        ``(n,)`` places in ``scale.classes``; ``UNKNOWN`` where the reading does not say, or needs an ISH
        result that is not there.
    """
    if scale.name == "score":
        return rater.scores
    if scale.name == "category":
        return rater.categories
    after_ish = np.full(rater.scores.shape, UNKNOWN, np.int8) if ish is None else ish
    if scale.name == "status":
        of_score = np.array([0, 0, UNKNOWN, 1, UNKNOWN], np.int8)[rater.scores]
        return np.where(rater.scores == 2, after_ish, of_score)
    of_category = np.array([0, 1, 2, UNKNOWN, 3, UNKNOWN], np.int8)[rater.categories]
    of_two = np.where(after_ish == UNKNOWN, UNKNOWN, np.where(after_ish == POSITIVE, 3, 2))
    return np.where(rater.categories == 3, of_two, of_category).astype(np.int8)


def why_not_on(scale: Scale, raters: Sequence[Rater], ish: Codes | None) -> str | None:
    """Say why raters cannot be compared on a scale; None where they can be."""
    if scale.name == "status" and ish is None:
        return "there is no column ish"
    if scale.name in ("category", "level"):
        unsplit = [_why_unsplit(rater) for rater in raters if not rater.splits_zero]
        return "; ".join(unsplit) or None
    return None


def _why_unsplit(rater: Rater) -> str:
    if not rater.zero_classes:
        return f"{rater.name}: null and ultralow are not told apart"
    (written,) = rater.zero_classes
    (never,) = ZERO_SPLIT.keys() - {written}
    return f"{rater.name} writes 0 and {written}, never {never}: write {never} for 0 {ZERO_SPLIT[never]}"
