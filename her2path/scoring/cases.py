"""Many specimens of one patient: which is the latest, which the highest, whether any is low, what disagrees.

HER2 differs between primary and metastasis often enough that no single specimen speaks for a patient
(docs/science/cases.md). Nothing is averaged: every summary names the specimen that it comes from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from typing import Literal, TypeAlias

from her2path.scoring.terms import CATEGORIES, SCORE_OF, Category, Her2Status, Score, Tag

Discord: TypeAlias = Literal[
    "SCORE_DIFFERS",
    "STATUS_DIFFERS",
    "LOW_GAINED",
    "LOW_LOST",
    "LOW_DIFFERS",
    "RULES_DIFFER",
    "NOT_ALL_SCORED",
    "DATES_INCOMPLETE",
]


@dataclass(frozen=True, slots=True)
class Sample:
    """One specimen of a patient, as the cohort table knows it; None where that does not tell."""

    slide_id: str
    case_id: str
    category: Category | None
    """None where the slide was not scored."""

    her2_status: Her2Status | None = None
    tag: Tag | None = None
    rulebook: str | None = None
    taken: date | None = None
    site: str | None = None
    """Primary, metastasis, organ: in the laboratory's words."""

    @property
    def score(self) -> Score | None:
        """0 to 3+."""
        return None if self.category is None else SCORE_OF[self.category]

    @property
    def about(self) -> str:
        """Name, site and date, as far as they are known."""
        known = [self.site, self.taken and self.taken.isoformat()]
        more = ", ".join(text for text in known if text)
        return f"{self.slide_id} ({more})" if more else self.slide_id


@dataclass(frozen=True, slots=True)
class Discordance:
    """What the specimens of a patient disagree on, or why they cannot be compared."""

    code: Discord
    detail: str
    """One sentence that names the specimens."""


@dataclass(frozen=True, slots=True)
class Case:
    """One patient."""

    case_id: str
    samples: tuple[Sample, ...]
    """By date, those without one last; then by name."""

    latest: Sample | None
    """The last that was scored, of one day the highest; None where a date is missing: it could be later."""

    highest: Sample | None
    """The highest category, the earliest such specimen; None where none was scored."""

    any_low: bool | None
    """Whether any specimen is HER2-low; None where none is known to be and one could be."""

    discordances: tuple[Discordance, ...]


def bring_together(samples: Sequence[Sample]) -> tuple[Case, ...]:
    """Bring the specimens of each patient together.

    Parameters
    ----------
    samples
        Of any number of patients, in any order.

    Returns
    -------
    tuple of Case
        By ``case_id``.
    """
    ordered = sorted(samples, key=lambda one: (one.case_id, one.taken is None, one.taken, one.slide_id))
    return tuple(_case(tuple(of_case)) for _, of_case in groupby(ordered, key=lambda one: one.case_id))


def _case(samples: tuple[Sample, ...]) -> Case:
    scored = [one for one in samples if one.category is not None]
    dated = all(one.taken is not None for one in samples) or len(samples) == 1
    last_day = [one for one in scored if one.taken == scored[-1].taken]
    return Case(
        case_id=samples[0].case_id,
        samples=samples,
        latest=max(last_day, key=_rank, default=None) if dated else None,
        highest=max(scored, key=_rank, default=None),
        any_low=_any_low(samples),
        discordances=tuple(_discordances(samples, scored)),
    )


def _rank(sample: Sample) -> int:
    return -1 if sample.category is None else CATEGORIES.index(sample.category)


def _any_low(samples: Sequence[Sample]) -> bool | None:
    """Say yes, no, or not known: a 2+ without ISH and a slide that was not scored could be low."""
    if any(one.tag == "her2-low" for one in samples):
        return True
    return False if all(one.tag is not None for one in samples) else None


def _discordances(samples: Sequence[Sample], scored: Sequence[Sample]) -> Iterator[Discordance]:
    if len({one.score for one in scored}) > 1:
        yield Discordance("SCORE_DIFFERS", _each(scored, [str(one.score) for one in scored]))
    if len({one.her2_status for one in scored} - {None, "equivocal"}) > 1:
        yield Discordance("STATUS_DIFFERS", _each(scored, [one.her2_status or "unknown" for one in scored]))
    yield from _low_changes([one for one in scored if one.tag is not None])
    if len({one.rulebook for one in scored}) > 1:
        named = _each(scored, [one.rulebook or "unknown rules" for one in scored])
        yield Discordance("RULES_DIFFER", f"{named}; score all with the same rules before comparing them.")
    if len(scored) < len(samples):
        names = ", ".join(one.about for one in samples if one.category is None)
        yield Discordance("NOT_ALL_SCORED", f"Without a score: {names}.")
    undated = [one.about for one in samples if one.taken is None]
    if undated and len(samples) > 1:
        yield Discordance("DATES_INCOMPLETE", f"Without a date: {', '.join(undated)}; the latest is unknown.")


def _low_changes(tagged: Sequence[Sample]) -> Iterator[Discordance]:
    """Yield the steps into HER2-low and out of it, downwards; without dates, that there are both."""
    below = ("her2-null", "her2-ultralow")
    if any(one.taken is None for one in tagged):
        tags = {one.tag for one in tagged}
        if "her2-low" in tags and tags & set(below):
            yield Discordance("LOW_DIFFERS", _each(tagged, [str(one.tag) for one in tagged]))
        return
    for before, after in pairwise(tagged):
        change = f"{before.about} {before.tag} → {after.about} {after.tag}."
        if before.taken == after.taken:
            if {before.tag, after.tag} & set(below) and "her2-low" in (before.tag, after.tag):
                yield Discordance("LOW_DIFFERS", change)
        elif before.tag in below and after.tag == "her2-low":
            yield Discordance("LOW_GAINED", change)
        elif before.tag == "her2-low" and after.tag in below:
            yield Discordance("LOW_LOST", change)


def _each(samples: Sequence[Sample], words: Sequence[str]) -> str:
    return "; ".join(f"{one.about}: {word}" for one, word in zip(samples, words, strict=True))
