"""What each rule of the rulebook saw, and how far it lay from its cut-off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from her2path.report.numbers import is_given, percent
from her2path.report.words import plain
from her2path.scoring.rulebook import SCORE_OF

COMPARISON_WORDS = {">": "more than", ">=": "at least"}


@dataclass(frozen=True, slots=True)
class Axis:
    """A share beside its cut-off on an axis of their own; places are shares of the axis."""

    at: float
    cut: float
    low: float | None
    high: float | None
    share: str
    cut_off: str
    end: str


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One rule, for the page."""

    name: str
    sentence: str
    patterns: tuple[str, ...]
    n: int | None
    fraction: float | None
    bounds: tuple[float, float] | None
    cut_off: float | None
    """As a fraction; None where the rule does not ask for one."""

    asks: str
    """The condition in words: ``more than 10 %``."""

    met: bool | None
    fired: bool
    says: str
    """The staining that the rule asks for; its name where the rulebook is not at hand."""

    gives: str | None
    """The score that the rule gives where it is the first to be met."""

    @property
    def share(self) -> str:
        """The fraction, with the digits that keep it on its side of the cut-off."""
        return percent(self.fraction, against=self.cut_off)

    @property
    def uncertain(self) -> bool:
        """Whether the interval holds the cut-off."""
        return (
            self.cut_off is not None
            and self.bounds is not None
            and self.bounds[0] <= self.cut_off <= self.bounds[1]
        )

    @property
    def axis(self) -> Axis | None:
        """For a rule with a percentage; an axis that shows the interval and the cut-off large."""
        if self.cut_off is None or self.fraction is None:
            return None
        low, high = self.bounds or (None, None)
        end = min(1.0, max(2 * self.cut_off, 1.15 * self.fraction, 1.1 * (high or 0.0), 0.02))
        return Axis(
            at=self.fraction / end,
            cut=self.cut_off / end,
            low=None if low is None else low / end,
            high=None if high is None else high / end,
            share=self.share,
            cut_off=self.asks,
            end=percent(end),
        )


def rules_seen(score: Mapping[str, Any], rulebook: Mapping[str, Any]) -> list[RuleSeen]:
    """Read the rules, in the order they were asked, as ``evidence`` of score.json holds them.

    Parameters
    ----------
    score
        Content of score.json. Without ``evidence`` the list is empty, and the page names the rule alone.
    rulebook
        The rulebook as the recipe in run.json holds it; may be empty.
    """
    held = score.get("evidence") or []
    entries: Sequence[Mapping[str, Any]] = [held] if isinstance(held, Mapping) else held
    written = {rule["name"]: rule for rule in rulebook.get("rules") or ()}
    return [
        _rule_seen(entry, score["rule_fired"], written.get(entry.get("rule"), {}), rulebook.get("gap_policy"))
        for entry in entries
    ]


def fired(rules: Sequence[RuleSeen]) -> RuleSeen | None:
    """Find the rule that decided; None where none was met, or nothing is known of it."""
    return next((rule for rule in rules if rule.fired), None)


def critical(rules: Sequence[RuleSeen]) -> list[RuleSeen]:
    """Choose the one or two percentages to look at: what decided, and what could have decided otherwise.

    The rule that fired, where it asks for a percentage, and the first whose interval holds its cut-off; where
    there is neither, the rule that came nearest to its cut-off.
    """
    asked = [rule for rule in rules if rule.axis]
    chosen = [rule for rule in asked if rule.fired]
    chosen += [rule for rule in asked if rule.uncertain and not rule.fired][:1]
    if chosen or not asked:
        return chosen
    return [min(asked, key=lambda rule: abs((rule.fraction or 0.0) - (rule.cut_off or 0.0)))]


def _rule_seen(
    entry: Mapping[str, Any], fired_name: str | None, rule: Mapping[str, Any], gap_policy: str | None
) -> RuleSeen:
    category = (gap_policy == "strict" and rule.get("strict")) or rule.get("category")
    metric, op, threshold = entry.get("metric"), entry.get("op"), entry.get("threshold")
    share, bounds = entry.get("percent"), entry.get("percent_ci")
    given = bounds is not None and all(is_given(bound) for bound in bounds)
    if metric == "percent" and threshold is not None:
        asks = f"{COMPARISON_WORDS.get(op or '', op)} {percent(threshold / 100).replace('.0', '')}"
    elif metric == "cluster" and threshold is not None:
        asks = f"{COMPARISON_WORDS.get(op or '', op)} {threshold:g} cells together"
    else:
        asks = "presence" if metric == "presence" else ""
    return RuleSeen(
        name=entry.get("rule", ""),
        sentence=entry.get("sentence", ""),
        patterns=tuple(entry.get("patterns", ())),
        n=entry.get("count"),
        fraction=share / 100 if share is not None and is_given(share) else None,
        bounds=(bounds[0] / 100, bounds[1] / 100) if bounds is not None and given else None,
        cut_off=threshold / 100 if metric == "percent" and threshold is not None else None,
        asks=asks,
        met=entry.get("met"),
        fired=entry.get("rule") == fired_name,
        says=plain(rule.get("says") or entry.get("rule")),
        gives=SCORE_OF[category] if category else None,
    )
