"""A study of agreement: every pair of raters, and all of them together, on every scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from her2path.errors import UsageError
from her2path.qa.many_raters import ManyAgreement, agree_together
from her2path.qa.pairs import ScaleAgreement, compare
from her2path.qa.readings import SCALES, Rater, Readings, ScaleName, codes_on, place_on, why_not_on
from her2path.qa.values import Undefined


@dataclass(frozen=True, eq=False)
class PairAgreement:
    """Two raters."""

    a: str
    """Rows of the tables; the reference, where it is one of the two."""

    b: str

    scales: Mapping[ScaleName, ScaleAgreement | Undefined]
    """``score``, always; ``category``, ``level`` and ``status`` where the table tells what they need."""


@dataclass(frozen=True, eq=False)
class Study:
    """What the page and the files of a study are written from."""

    readings: Readings

    reference: str | None
    """The rater that the others are compared with; a comparator, not the truth."""

    pairs: tuple[PairAgreement, ...]
    """Every pair; those with the reference first."""

    together: Mapping[ScaleName, ManyAgreement | Undefined]
    """All raters at once."""


def study_agreement(readings: Readings, *, reference: str | None = None) -> Study:
    """Compare all raters with each other.

    Parameters
    ----------
    readings
        Two raters or more.
    reference
        Name of the rater that the others are compared with.

    Raises
    ------
    UsageError
        If there are fewer than two raters, or none of them is the reference.
    """
    names = [rater.name for rater in readings.raters]
    others = "".join(f"\ncolumn {name} is no rater: {why}" for name, why in readings.left_out.items())
    if len(names) < 2:
        there = ", ".join(names) or "none"
        raise UsageError(f"agreement needs two raters, there is {there}; add a column of scores{others}")
    if reference is not None and reference not in names:
        raise UsageError(f"the reference {reference!r} is no rater; there are {', '.join(names)}{others}")
    ordered = sorted(readings.raters, key=lambda rater: rater.name != reference)
    return Study(
        readings,
        reference,
        tuple(_pair(readings, a, b) for a, b in combinations(ordered, 2)),
        _together(readings),
    )


def _pair(readings: Readings, a: Rater, b: Rater) -> PairAgreement:
    found: dict[ScaleName, ScaleAgreement | Undefined] = {}
    for scale in SCALES:
        why = why_not_on(scale, (a, b), readings.ish)
        found[scale.name] = (
            Undefined(why)
            if why
            else compare(
                scale, place_on(scale, a, readings.ish), place_on(scale, b, readings.ish), readings.units
            )
        )
    return PairAgreement(a.name, b.name, found)


def _together(readings: Readings) -> dict[ScaleName, ManyAgreement | Undefined]:
    found: dict[ScaleName, ManyAgreement | Undefined] = {}
    names = [rater.name for rater in readings.raters]
    for scale in SCALES:
        why = why_not_on(scale, readings.raters, readings.ish)
        codes = [codes_on(scale, rater, readings.ish) for rater in readings.raters]
        found[scale.name] = (
            Undefined(why) if why else agree_together(names, codes, scale.classes, readings.units)
        )
    return found
