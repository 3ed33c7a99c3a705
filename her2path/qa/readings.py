"""What the raters read, and the scales that it can be compared on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

import numpy as np

from her2path.arrays import Codes, Doubles
from her2path.qa.spelling import CATEGORIES, NEGATIVE, POSITIVE, SCORES, UNKNOWN

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
"""Low is 1+, or 2+ without amplification; positive is 3+, or 2+ with it. A 2+ without ISH may be either."""

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


@dataclass(frozen=True, eq=False)
class Placed:
    """Readings on a scale, as exactly as each of them tells.

    A 0 that says no more is null or ultralow: no class of its own, yet surely below 1+.
    """

    lowest: Codes
    """``(n,)`` the lowest class that each may be; ``UNKNOWN`` where nothing was read."""

    highest: Codes
    """``(n,)`` the highest."""

    @property
    def codes(self) -> Codes:
        """``(n,)`` the class; ``UNKNOWN`` where the reading leaves more than one open."""
        return np.where(self.lowest == self.highest, self.lowest, UNKNOWN).astype(np.int8)

    def sides_of(self, cut: int) -> Codes:
        """Tell on which side of a cut each reading lies.

        Parameters
        ----------
        cut
            Place of the lowest class above it.

        Returns
        -------
        Codes
            ``(n,)`` 0 below, 1 at or above, ``UNKNOWN`` where it may be either.
        """
        above, below = self.lowest >= cut, (self.highest < cut) & (self.highest != UNKNOWN)
        return np.where(above, 1, np.where(below, 0, UNKNOWN)).astype(np.int8)


def codes_on(scale: Scale, rater: Rater, ish: Codes | None) -> Codes:
    """Express a rater's readings on a scale: ``(n,)`` places in its classes, as ``place_on`` tells them."""
    return place_on(scale, rater, ish).codes


def place_on(scale: Scale, rater: Rater, ish: Codes | None) -> Placed:
    """Express a rater's readings on a scale, with the classes that a reading leaves open.

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
    Placed
        Places in ``scale.classes``: of a 0 without category null to ultralow, of a 2+ without ISH the
        classes that an ISH result would choose from.
    """
    if scale.name == "score":
        return Placed(rater.scores, rater.scores)
    bare_zero = (rater.scores == 0) & (rater.categories == UNKNOWN)
    first = np.where(bare_zero, 0, rater.categories)
    last = np.where(bare_zero, 1, rater.categories)
    if scale.name == "category":
        return Placed(first.astype(np.int8), last.astype(np.int8))
    after_ish = np.full(rater.scores.shape, UNKNOWN, np.int8) if ish is None else ish
    # By score or category, the last for what was not read; 2+ as without amplification, then as with it.
    if scale.name == "status":
        first = last = rater.scores
        of_class = np.array([[0, 0, 0, 1, UNKNOWN], [0, 0, 1, 1, UNKNOWN]], np.int8)
    else:
        of_class = np.array([[0, 1, 2, 2, 3, UNKNOWN], [0, 1, 2, 3, 3, UNKNOWN]], np.int8)
    lowest = of_class[(after_ish == POSITIVE).astype(np.intp), first]
    highest = of_class[(after_ish != NEGATIVE).astype(np.intp), last]
    return Placed(lowest, highest)


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
