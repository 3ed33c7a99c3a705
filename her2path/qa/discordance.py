"""Slides on which two raters differ, by kind, with what is known of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from her2path.arrays import Codes
from her2path.qa.spelling import UNKNOWN


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a results folder says of a slide; None where it does not."""

    score: str | None
    fractions: Mapping[str, float] | None
    """Share of the cells by pattern."""

    rule: str | None
    """The rule that fired."""

    deciding_fraction: float | None
    """Share of the cells that this rule counts."""

    deciding_interval: tuple[float, float] | None
    cut_fraction: float | None
    """Where the rule cuts."""

    borderline: bool | None
    explanation: str | None
    """One sentence."""

    folder: str | None
    """Where its files lie: the cells, to cut pictures of them from the slide."""

    slide_path: str | None


@dataclass(frozen=True, slots=True)
class Discordant:
    """One slide on which two raters differ."""

    slide_id: str
    evidence: Evidence | None
    """None where no results are known."""


@dataclass(frozen=True, slots=True)
class Kind:
    """All slides that rater a puts into one class and rater b into another."""

    a: str
    b: str
    steps: int
    """Classes between them, at least 1."""

    slides: tuple[Discordant, ...]
    """Firm ones first: a borderline score may fall either way."""


def discordant(
    slide_ids: Sequence[str],
    a: Codes,
    b: Codes,
    classes: Sequence[str],
    evidence: Mapping[str, Evidence],
) -> tuple[Kind, ...]:
    """List the slides on which two raters differ.

    Parameters
    ----------
    slide_ids
        Names of the ``n`` slides.
    a, b
        ``(n,)`` classes by two raters; UNKNOWN where there is none.
    classes
        Their names, lowest first.
    evidence
        What is known, by slide.

    Returns
    -------
    tuple[Kind, ...]
        Farthest apart first, then the most frequent.
    """
    kinds: dict[tuple[int, int], list[Discordant]] = defaultdict(list)
    for i in np.flatnonzero((a != UNKNOWN) & (b != UNKNOWN) & (a != b)).tolist():
        kinds[int(a[i]), int(b[i])].append(Discordant(slide_ids[i], evidence.get(slide_ids[i])))
    found = [
        Kind(classes[one], classes[other], abs(one - other), tuple(sorted(slides, key=_firm_first)))
        for (one, other), slides in kinds.items()
    ]
    return tuple(sorted(found, key=lambda kind: (-kind.steps, -len(kind.slides), kind.a, kind.b)))


def _firm_first(slide: Discordant) -> tuple[int, str]:
    borderline = slide.evidence.borderline if slide.evidence else None
    return {False: 0, None: 1, True: 2}[borderline], slide.slide_id
