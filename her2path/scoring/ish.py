"""In situ hybridisation: what was counted, its class, and what becomes of the IHC result with it.

Score first, ISH second: the score is of IHC alone, and only status and tag follow from both. The numbers
and the outcomes stand in the rulebook (table ``[ish]``), as the cut-offs of IHC do (docs/science/ish.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

from pydantic import Field, model_validator

from her2path.flags import Flag
from her2path.scoring.rules import Result
from her2path.scoring.settings import Settings
from her2path.scoring.terms import Category, FlagCode, Her2Status, Tag, Text

Probe: TypeAlias = Literal["dual", "single"]
Recount: TypeAlias = Literal["none", "same", "other"]
Quantity: TypeAlias = Literal["ratio", "copies", "amplified_percent"]
Bound: TypeAlias = Annotated[float, Field(gt=0)]

RECOUNTS: tuple[Recount, ...] = get_args(Recount)
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


class IshCount(Settings):
    """One count of signals in invasive tumour cells; None where it was not told."""

    group: Annotated[int, Field(ge=1, le=5)] | None = None
    """Group 1 to 5 of a dual probe, where the laboratory reports it."""

    ratio: Annotated[float, Field(gt=0, le=100)] | None = None
    """Mean HER2 signals by mean CEP17 signals."""

    copies: Annotated[float, Field(gt=0, le=200)] | None = None
    """Mean HER2 signals a cell."""

    amplified_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    """Cells with a ratio of 2 or more, in percent; for rules that ask how many cells are amplified."""

    cells: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Cells counted."""


class IshReading(IshCount):
    """ISH of one specimen."""

    probe: Probe = "dual"
    recount: IshCount | None = None
    """A second count by another observer who does not know the first."""


class IshClass(Settings):
    """One class of counts: every number that it names lies in ``[min, below)``."""

    name: Text
    probe: Probe = "dual"
    group: Annotated[int, Field(ge=1, le=5)] | None = None
    """The group that laboratories report under this number."""

    ratio_min: Bound | None = None
    ratio_below: Bound | None = None
    copies_min: Bound | None = None
    copies_below: Bound | None = None
    amplified_percent_min: Bound | None = None
    amplified_percent_below: Bound | None = None
    says: Text
    """The finding in words, to stand after "ISH:"."""

    @model_validator(mode="after")
    def _names_a_number(self) -> Self:
        if not self.quantities:
            names = ", ".join(f"{q}_min, {q}_below" for q in QUANTITIES)
            raise ValueError(f"names no number; give one of {names}")
        return self

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The numbers that this class looks at."""
        return tuple(quantity for quantity in QUANTITIES if self.bounds(quantity) != (None, None))

    def bounds(self, quantity: Quantity) -> tuple[float | None, float | None]:
        """Give the lower bound, which belongs to the class, and the upper one, which does not."""
        return getattr(self, f"{quantity}_min"), getattr(self, f"{quantity}_below")

    def holds(self, numbers: Mapping[Quantity, float | None]) -> bool:
        """Say whether the numbers lie in this class; a number that is missing lies in none."""
        for quantity in self.quantities:
            number, (low, below) = numbers[quantity], self.bounds(quantity)
            if number is None or number < (low or 0) or (below is not None and number >= below):
                return False
        return True


class IshOutcome(Result):
    """One row of the final table: IHC and ISH together."""

    ihc: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Categories, or names of rules where the category does not tell enough."""

    classes: Annotated[tuple[Text, ...], Field(min_length=1)]
    recount: Recount | None = None
    """Whether a recount gave the same class; None: whatever it gave."""

    flag: FlagCode | None = None
    comment: Text | None = None

    def fits(self, rule: str, category: Category, name: str, recount: Recount) -> bool:
        """Say whether this row is about a rule that fired, an ISH class and its recount."""
        return (
            bool({rule, category} & set(self.ihc))
            and name in self.classes
            and self.recount in (None, recount)
        )


class IshTable(Settings):
    """How ISH is read together with the IHC of a rulebook."""

    citation: Text
    min_cells: Annotated[int, Field(ge=1)] | None = None
    """A count of fewer cells is no result; None where the source gives no number."""

    classes: Annotated[tuple[IshClass, ...], Field(min_length=1)]
    outcomes: Annotated[tuple[IshOutcome, ...], Field(min_length=1)]
    """The first that fits holds."""

    @model_validator(mode="after")
    def _every_count_has_one_class(self) -> Self:
        names = [one.name for one in self.classes]
        problems = [f"class {name!r} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
        for probe in get_args(Probe):
            problems += _gaps([one for one in self.classes if one.probe == probe], probe)
        strange = {name for outcome in self.outcomes for name in outcome.classes} - set(names)
        problems += [
            f"outcomes name the class {name!r}; known: {', '.join(names)}" for name in sorted(strange)
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def unsettled(self, rules: Iterable[tuple[str, Category]]) -> Iterator[str]:
        """Yield what no outcome settles: rule, class and recount."""
        for (rule, category), one, recount in product(rules, self.classes, RECOUNTS):
            if not any(row.fits(rule, category, one.name, recount) for row in self.outcomes):
                yield f"{rule} ({category}), {one.name}, recount {recount}"

    def class_of(self, count: IshCount, probe: Probe) -> IshClass | None:
        """Give the class of a count, by its group where that is given; None where numbers are missing."""
        candidates = [one for one in self.classes if one.probe == probe]
        if count.group is not None:
            candidates = [one for one in candidates if one.group == count.group]
            return candidates[0] if candidates else None
        numbers = {quantity: getattr(count, quantity) for quantity in QUANTITIES}
        return next((one for one in candidates if one.holds(numbers)), None)

    def problems_with(self, count: IshCount, probe: Probe) -> Iterator[tuple[str, str]]:
        """Yield what keeps a count from having a class: column, what is wrong."""
        candidates = [one for one in self.classes if one.probe == probe]
        needed = list(dict.fromkeys(quantity for one in candidates for quantity in one.quantities))
        groups = [one.group for one in candidates if one.group is not None]
        if not candidates:
            probes = ", ".join(sorted({one.probe for one in self.classes}))
            yield "probe", f"these rules know no {probe} probe; known: {probes}"
        elif count.group is None:
            for quantity in needed:
                if getattr(count, quantity) is None:
                    or_group = ", or give ish_group" if groups else ""
                    yield quantity, f"is missing: a {probe} probe needs {' and '.join(needed)}{or_group}"
        elif count.group not in groups:
            yield "group", f"a {probe} probe has no groups here; give {' and '.join(needed)}"
        else:
            by_group, by_number = (
                self.class_of(count, probe),
                self.class_of(count.model_copy(update={"group": None}), probe),
            )
            if by_number is not None and by_number != by_group:
                yield "group", f"is {count.group}, but the numbers make it {by_number.name}"


@dataclass(frozen=True, slots=True)
class FinalStatus:
    """IHC and ISH together."""

    result: str | None
    """Class of the count; None where it counts too few cells."""

    recount_result: str | None
    her2_status: Her2Status
    tag: Tag | None
    comment: str | None
    flags: tuple[Flag, ...]


def final_status(
    rule: str,
    category: Category,
    ihc: Result,
    reading: IshReading,
    table: IshTable,
) -> FinalStatus:
    """Read IHC and ISH together.

    Parameters
    ----------
    rule, category
        What IHC gave.
    ihc
        What that means without ISH; it stands where too few cells were counted.
    reading
        Checked by ``problems_with``: it has a class.
    table
        Of the rulebook that gave the IHC result: total, so that there is an outcome.

    Raises
    ------
    ValueError
        If the reading has no class.
    """
    found = table.class_of(reading, reading.probe)
    if found is None:
        raise ValueError(f"the ISH reading has no class: {reading!r}")
    if too_few := _too_few(reading, table):
        flag = Flag("ISH_TOO_FEW_CELLS", "warning", too_few)
        return FinalStatus(
            result=None,
            recount_result=None,
            her2_status=ihc.her2_status,
            tag=ihc.tag,
            comment=too_few,
            flags=(flag,),
        )
    again = None
    if reading.recount is not None and not _too_few(reading.recount, table):
        again = table.class_of(reading.recount, reading.probe)
    recount: Recount = "none" if again is None else "same" if again == found else "other"
    row = next(row for row in table.outcomes if row.fits(rule, category, found.name, recount))
    sentence = f"ISH: {found.says}."
    if row.comment:
        sentence += f" {row.comment}"
    return FinalStatus(
        result=found.name,
        recount_result=None if again is None else again.name,
        her2_status=row.her2_status,
        tag=row.tag,
        comment=sentence,
        flags=(Flag(row.flag, "warning", sentence),) if row.flag else (),
    )


def ish_evidence(reading: IshReading, final: FinalStatus) -> dict[str, Any]:
    """Give what score.json says of ISH: its class, what a recount gave, the comment, and what was told."""
    return {
        "result": final.result,
        "recount_result": final.recount_result,
        "comment": final.comment,
        "reading": reading.model_dump(),
    }


def _too_few(count: IshCount, table: IshTable) -> str | None:
    if table.min_cells is None or count.cells is None or count.cells >= table.min_cells:
        return None
    return f"ISH was counted in {count.cells} cells; a result needs at least {table.min_cells}."


def _gaps(classes: Sequence[IshClass], probe: Probe) -> Iterator[str]:
    """Numbers that lie in no class, or in two: looked for at every bound and between all of them."""
    quantities = list(dict.fromkeys(quantity for one in classes for quantity in one.quantities))
    if not quantities:
        return
    ticks = []
    for quantity in quantities:
        bounds = sorted({b for one in classes for b in one.bounds(quantity) if b is not None})
        between = [(low + high) / 2 for low, high in pairwise(bounds)]
        ticks.append([0.0, *bounds, *between, 2 * bounds[-1]])
    for numbers in product(*ticks):
        named = dict.fromkeys(QUANTITIES, None) | dict(zip(quantities, numbers, strict=True))
        holding = [one.name for one in classes if one.holds(named)]
        if len(holding) != 1:
            at = ", ".join(f"{q} {number:g}" for q, number in zip(quantities, numbers, strict=True))
            yield f"{probe} probe, {at}: lies in {' and '.join(holding) or 'no class'}"
