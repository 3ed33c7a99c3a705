"""The parts of a rulebook: conditions on the counted cells, and what follows where they are met."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.settings import Settings
from her2path.scoring.terms import Category, FlagCode, Her2Status, Specimen, Tag, Text

GapPolicy: TypeAlias = Literal["convention", "strict"]
Metric: TypeAlias = Literal["percent", "presence", "cluster"]
StainedPattern: TypeAlias = Literal["FI", "FC", "WI", "WC", "MI", "MC", "SI", "SC"]


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

    specimens: tuple[Specimen, ...] = ()
    """Kinds of specimen that it is about; empty: all of the rulebook's."""

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
    """Status where it differs from that of the category (``results``); the tag of the category then falls."""

    tag: Tag | None = None
    """Tag that goes with a status of the rule's own."""

    flag: FlagCode | None = None
    """Raised where this rule decides."""

    citation: Text

    @model_validator(mode="after")
    def _tag_goes_with_a_status(self) -> Self:
        if self.tag is not None and self.her2_status is None:
            raise ValueError("tag goes with her2_status; without one, the tag of the category holds")
        return self

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
    """What a category means, or a category with ISH."""

    her2_status: Her2Status
    tag: Tag | None = None
    """Research comment; None where there is none to give (a 2+ waits for ISH)."""


def _upgrades(pattern: StainedPattern) -> Sequence[str]:
    """Every pattern at least as strong and at least as complete."""
    code = PATTERNS.index(pattern)
    intensity, complete = (code + 1) // 2, (code + 1) % 2
    return [PATTERNS[2 * i - 1 + c] for i in range(intensity, 5) for c in range(complete, 2)]
