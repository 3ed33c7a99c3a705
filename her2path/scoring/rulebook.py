"""A rulebook: the clinical rules as a value, read from a TOML file, each rule with its citation.

No clinical number stands in Python (docs/decisions/0005-rulebooks-are-data.md). Every rulebook that
validates is *total* (a fall-through takes what no rule took) and *monotone*: the patterns of a rule hold
every upgrade of themselves and the categories fall from rule to rule, so that upgrading a cell can only
move the decision to an earlier rule and never lowers the score.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise, product
from typing import Annotated, Any, Self, get_args

from pydantic import Field, ValidationError, model_validator

from her2path.errors import ConfigurationError, UsageError
from her2path.scoring.ish import IshTable
from her2path.scoring.rules import Condition, Contiguity, FallThrough, GapPolicy, Notice, Result, Rule
from her2path.scoring.settings import Micrometres, Settings, problems_in
from her2path.scoring.terms import CATEGORIES as CATEGORIES
from her2path.scoring.terms import SCORE_OF as SCORE_OF
from her2path.scoring.terms import SCORES as SCORES
from her2path.scoring.terms import STATUSES, Text
from her2path.scoring.terms import Category as Category
from her2path.scoring.terms import Her2Status as Her2Status
from her2path.scoring.terms import Score as Score
from her2path.scoring.terms import Specimen as Specimen
from her2path.scoring.terms import Tag as Tag


class Results(Settings):
    """The meaning of every category."""

    IHC0_NULL: Result
    IHC0_STAINED: Result
    IHC1: Result
    IHC2: Result
    IHC3: Result

    def of(self, category: Category) -> Result:
        """Give the meaning of one category."""
        result: Result = getattr(self, category)
        return result


class Terms(Settings):
    """How a report writes each status."""

    negative: Text = "Negative"
    equivocal: Text = "Equivocal"
    positive: Text = "Positive"


class Rulebook(Settings):
    """Rules in order, with everything needed to read their answer."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Text
    citation: Text
    tumour: Text
    specimens: Annotated[tuple[Specimen, ...], Field(min_length=1)]
    """Kinds of specimen that these rules are made for."""

    specimen_required: bool = False
    """Whether the kind of specimen must be stated, because another kind has other rules."""

    clone_required: bool = False
    """Whether low, ultralow and null are given only where the recipe names the antibody clone."""

    gap_policy: GapPolicy = "convention"
    """Which category to give where the guideline is silent (docs/decisions/0006-gap-policy.md)."""

    link_um: Micrometres | None = None
    """Cells with centres at most this far apart belong to one cluster."""

    min_fragments: Annotated[int, Field(ge=1)] | None = None
    """A biopsy with tumour in fewer fragments is flagged; None where their number is not known to matter."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    fall_through: FallThrough
    notices: tuple[Notice, ...] = ()
    contiguity: Contiguity | None = None
    results: Results
    terms: Terms = Terms()
    ish: IshTable | None = None
    """How ISH settles the status; None where these rules say nothing of it."""

    notes: tuple[Text, ...] = ()
    disclaimers: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _total_and_monotone(self) -> Self:
        problems = [*self._misnamed(), *self._misordered(), *self._unfinished()]
        if problems:
            raise ValueError("; ".join(dict.fromkeys(problems)))
        return self

    def for_specimen(self, specimen: Specimen | None) -> "Rulebook":
        """Give the rules that hold for a kind of specimen.

        Raises
        ------
        UsageError
            As ``check_specimen``.
        """
        self.check_specimen(specimen)
        if specimen is None:
            return self
        notices = tuple(notice for notice in self.notices if _is_for(specimen, notice))
        return self.model_copy(update={"rules": self._rules_for(specimen), "notices": notices})

    def result_of(self, fired: int) -> Result:
        """Give what the rule at this place means; one place more than there are rules is the fall-through."""
        return self._meaning(self.rules[fired] if fired < len(self.rules) else None, self.gap_policy)[1]

    def name_of(self, fired: int) -> str:
        """Give the name of the rule at this place, the fall-through last."""
        return self.rules[fired].name if fired < len(self.rules) else self.fall_through.name

    def ish_table(self) -> IshTable:
        """Give the table that reads ISH.

        Raises
        ------
        UsageError
            If these rules have none.
        """
        if self.ish is None:
            raise UsageError(
                f"rulebook {self.id} says nothing of ISH; leave --ish out, or choose another --rulebook"
            )
        return self.ish

    def check_specimen(self, specimen: Specimen | None) -> None:
        """Refuse a specimen that these rules are not made for.

        Raises
        ------
        UsageError
            If the kind of specimen is needed and not given, or is not one of ``specimens``.
        """
        accepted = ", ".join(self.specimens)
        if specimen is None and self.specimen_required:
            raise UsageError(f"rulebook {self.id} needs the kind of specimen: give --specimen ({accepted})")
        if specimen is not None and specimen not in self.specimens:
            raise UsageError(
                f"rulebook {self.id} is for {accepted}, not for {specimen}; choose another --rulebook"
            )

    def _rules_for(self, specimen: Specimen) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if _is_for(specimen, rule))

    def _misnamed(self) -> Iterator[str]:
        names = [rule.name for rule in self.rules] + [self.fall_through.name]
        yield from (f"name {name!r} is used twice" for name in dict.fromkeys(names) if names.count(name) > 1)
        named = {rule.name: rule for rule in self.rules} | {notice.flag: notice for notice in self.notices}
        for name, condition in named.items():
            if strange := set(condition.specimens) - set(self.specimens):
                yield f"{name!r} is for {', '.join(sorted(strange))}, which specimens does not name"

    def _misordered(self) -> Iterator[str]:
        """Where a later rule gives more than an earlier one: an upgraded cell could then lower the answer."""
        policies: tuple[GapPolicy, ...] = get_args(GapPolicy)
        for rule in self.rules:
            if CATEGORIES.index(rule.category_under("strict")) < CATEGORIES.index(rule.category):
                yield f"strict of {rule.name!r} is lower than its category"
        for specimen, policy in product(self.specimens, policies):
            for before, after in pairwise([*self._rules_for(specimen), None]):
                higher = _rise(self._meaning(before, policy), self._meaning(after, policy))
                if higher:
                    name, earlier = (repr(rule.name) if rule else "fall_through" for rule in (after, before))
                    yield f"{name} gives a higher {higher} than {earlier} before it (policy {policy})"

    def _meaning(self, rule: Rule | None, policy: GapPolicy) -> tuple[Category, Result]:
        """Category and result of a rule, or of the fall-through."""
        if rule is None:
            return self.fall_through.category, self.results.of(self.fall_through.category)
        category = rule.category_under(policy)
        if rule.her2_status is None:
            return category, self.results.of(category)
        return category, Result(her2_status=rule.her2_status, tag=rule.tag)

    def _unfinished(self) -> Iterator[str]:
        clusters = any(rule.metric == "cluster" for rule in self.rules)
        if self.link_um is None and (clusters or self.contiguity is not None):
            yield "link_um is missing: clusters and contiguity need a distance in µm"
        if any(one.specimens for one in (*self.rules, *self.notices)) and not self.specimen_required:
            yield "specimen_required must be true: some rules are for one kind of specimen alone"
        if self.ish is not None:
            decisions = {
                (rule.name, rule.category_under(policy)): None
                for rule in self.rules
                for policy in get_args(GapPolicy)
            }
            decisions[self.fall_through.name, self.fall_through.category] = None
            yield from (f"ish has no outcome for {what}" for what in self.ish.unsettled(decisions))


def parse_rulebook(mapping: Mapping[str, Any], source: str) -> Rulebook:
    """Make a rulebook from the content of its TOML file.

    Parameters
    ----------
    mapping
        What ``tomllib`` gives.
    source
        Name of the file, for messages.

    Returns
    -------
    Rulebook
        Total and monotone.

    Raises
    ------
    ConfigurationError
        With every mistake: key, what is wrong, allowed values.
    """
    try:
        return Rulebook.model_validate(mapping)
    except ValidationError as error:
        raise ConfigurationError(source, problems_in(error, Rulebook)) from error


def _is_for(specimen: Specimen, condition: Condition) -> bool:
    return not condition.specimens or specimen in condition.specimens


def _rise(before: tuple[Category, Result], after: tuple[Category, Result]) -> str | None:
    """Name what is higher after than before, where anything is."""
    if CATEGORIES.index(before[0]) < CATEGORIES.index(after[0]):
        return "category"
    if STATUSES.index(before[1].her2_status) < STATUSES.index(after[1].her2_status):
        return "status"
    return None
