"""A rulebook: the clinical rules as a value, read from a TOML file, each rule with its citation.

No clinical number stands in Python (docs/decisions/0005-rulebooks-are-data.md). Every rulebook that
validates is *total* (a fall-through takes what no rule took) and *monotone*: the patterns of a rule hold
every upgrade of themselves and the categories fall from rule to rule, so that upgrading a cell can only
move the decision to an earlier rule and never lowers the score.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

from pydantic import Field, ValidationError, field_validator, model_validator

from her2path.cells.vocabulary import PATTERNS
from her2path.errors import ConfigurationError, UsageError
from her2path.scoring.settings import Micrometres, Settings, problems_in

Specimen: TypeAlias = Literal["resection", "biopsy", "tma-core", "cytology"]
Score: TypeAlias = Literal["0", "1+", "2+", "3+"]
Category: TypeAlias = Literal["IHC0_NULL", "IHC0_STAINED", "IHC1", "IHC2", "IHC3"]
Her2Status: TypeAlias = Literal["negative", "equivocal", "positive"]
Tag: TypeAlias = Literal["her2-null", "her2-ultralow", "her2-low", "her2-positive"]
GapPolicy: TypeAlias = Literal["convention", "strict"]
Metric: TypeAlias = Literal["percent", "presence", "cluster"]
StainedPattern: TypeAlias = Literal["FI", "FC", "WI", "WC", "MI", "MC", "SI", "SC"]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
FlagCode: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z0-9_]+$")]

CATEGORIES: tuple[Category, ...] = get_args(Category)
"""Lowest first."""

SCORES: tuple[Score, ...] = get_args(Score)
"""Lowest first."""

SCORE_OF: Mapping[Category, Score] = dict(zip(CATEGORIES, ("0", *SCORES), strict=True))


class Condition(Settings):
    """Something that is true or false of the counted cells."""

    patterns: Annotated[tuple[StainedPattern, ...], Field(min_length=1)]
    """The membrane patterns that count together; with a pattern, every stronger or more complete one."""

    metric: Metric
    """``percent`` of the counted cells · ``presence``: above the presence gate of the statistics ·
    ``cluster``: cells of the largest group whose members lie within ``link_um`` of one another."""

    op: Literal[">", ">="] | None = None
    """How the number is compared with ``threshold``; not for ``presence``."""

    threshold: Annotated[float, Field(ge=0)] | None = None
    """Percent, or cells of a cluster; not for ``presence``."""

    says: Text
    """The staining in a pathologist's words, to stand before "in 12.3 % of tumour cells"."""

    @field_validator("patterns")
    @classmethod
    def _upgrades_stay_inside(cls, patterns: tuple[StainedPattern, ...]) -> tuple[StainedPattern, ...]:
        missing = {better for pattern in patterns for better in _upgrades(pattern)} - set(patterns)
        if missing:
            names = ", ".join(name for name in PATTERNS if name in missing)
            raise ValueError(
                f"also needs {names}: a stronger or more complete membrane may not lower the score"
            )
        return patterns

    @model_validator(mode="after")
    def _numbers_fit_the_metric(self) -> Self:
        problem = None
        if self.metric == "presence":
            if self.op is not None or self.threshold is not None:
                problem = "presence takes no op and no threshold; its gate is in the statistics of the recipe"
        elif self.op is None or self.threshold is None:
            problem = f"{self.metric} needs an op ('>' or '>=') and a threshold"
        elif self.metric == "percent" and (self.threshold > 100 or self.threshold * 1e4 % 1):
            problem = "threshold must be a percentage from 0 to 100 with at most 4 decimals"
        elif self.metric == "cluster" and (self.threshold < 1 or self.threshold % 1):
            problem = "threshold must be a whole number of cells, 1 or more"
        if problem:
            raise ValueError(problem)
        return self

    @property
    def cut(self) -> Fraction:
        """The threshold as the exact number that the file shows: 0.1 is one tenth."""
        return Fraction(str(self.threshold or 0.0))


class Rule(Condition):
    """One row of the cascade: the first rule that is met decides."""

    name: Text
    category: Category
    strict: Category | None = None
    """Category under the gap policy ``strict``, where the guideline is silent; else as ``category``."""

    her2_status: Her2Status | None = None
    """Status where it differs from that of the category (``results``)."""

    flag: FlagCode | None = None
    """Raised where this rule decides."""

    citation: Text

    def category_under(self, policy: GapPolicy) -> Category:
        """Give the category of this rule under a gap policy."""
        return self.strict if policy == "strict" and self.strict else self.category


class FallThrough(Settings):
    """What remains where no rule is met."""

    name: Text
    category: Category
    says: Text
    citation: Text


class Notice(Condition):
    """A flag without a rule: raised where the condition is met and the category came out below ``below``."""

    flag: FlagCode
    below: Category

    @field_validator("metric")
    @classmethod
    def _needs_no_distances(cls, metric: Metric) -> Metric:
        if metric == "cluster":
            raise ValueError("should be 'percent' or 'presence' in a notice")
        return metric


class Contiguity(Settings):
    """A category that is expected to come from cells that lie together."""

    category: Category
    patterns: Annotated[tuple[StainedPattern, ...], Field(min_length=1)]
    min_share: Annotated[float, Field(gt=0, le=1)]
    """Share of the cells of these patterns that the largest linked group should hold."""

    flag: FlagCode
    citation: Text


class Result(Settings):
    """What a category means."""

    her2_status: Her2Status
    tag: Tag | None = None
    """Research comment; None where IHC alone gives none (a 2+ waits for ISH)."""


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

    gap_policy: GapPolicy = "convention"
    """Which category to give where the guideline is silent (docs/decisions/0006-gap-policy.md)."""

    link_um: Micrometres | None = None
    """Cells with centres at most this far apart belong to one cluster."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    fall_through: FallThrough
    notices: tuple[Notice, ...] = ()
    contiguity: Contiguity | None = None
    results: Results
    notes: tuple[Text, ...] = ()
    disclaimers: tuple[Text, ...] = ()

    @field_validator("rules")
    @classmethod
    def _names_differ_and_categories_fall(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        names = [rule.name for rule in rules]
        problems = [
            f"name {name!r} is used twice" for name in sorted({n for n in names if names.count(n) > 1})
        ]
        policies: tuple[GapPolicy, ...] = get_args(GapPolicy)
        problems += [
            f"{after.name!r} gives a higher category than {before.name!r} before it (policy {policy})"
            for policy in policies
            for before, after in pairwise(rules)
            if _rank(before.category_under(policy)) < _rank(after.category_under(policy))
        ]
        problems += [
            f"strict of {rule.name!r} is lower than its category"
            for rule in rules
            if _rank(rule.category_under("strict")) < _rank(rule.category)
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return rules

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        problems = []
        last = self.rules[-1]
        if _rank(self.fall_through.category) > _rank(last.category):
            problems.append(f"fall_through gives a higher category than the last rule, {last.name!r}")
        if self.link_um is None and (
            self.contiguity is not None or any(rule.metric == "cluster" for rule in self.rules)
        ):
            problems.append("link_um is missing: clusters and contiguity need a distance in µm")
        if problems:
            raise ValueError("; ".join(problems))
        return self

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


def _rank(category: Category) -> int:
    return CATEGORIES.index(category)


def _upgrades(pattern: StainedPattern) -> Sequence[str]:
    """Every pattern at least as strong and at least as complete."""
    code = PATTERNS.index(pattern)
    intensity, complete = (code + 1) // 2, (code + 1) % 2
    return [PATTERNS[2 * i - 1 + c] for i in range(intensity, 5) for c in range(complete, 2)]
