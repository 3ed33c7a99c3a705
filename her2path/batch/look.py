"""Which slides a person has to look at before the scores are used, and why."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from her2path.scoring.terms import SCORES

Group: TypeAlias = Literal["failed", "not_evaluable", "partial", "not_finished", "flagged", "borderline"]

GROUPS: tuple[Group, ...] = get_args(Group)
"""Worst first: a slide stands in the first that fits it, with all its reasons."""

FINAL = ("scored", "partial", "not_evaluable", "failed")
"""States in which nothing more happens to a slide; any other is one of a slide that is not finished."""

SAID_OTHERWISE = frozenset({"BORDERLINE"})
"""Warnings that a field of score.json tells with more numbers."""

DIGITS = re.compile("[0-9]+")

LEAST_SHARE = 0.01
"""A score that fewer bootstrap replicates gave is not named: one of a hundred is noise of the resampling."""


@dataclass(frozen=True, slots=True)
class LookRow:
    """What decides whether a slide needs a look; small, because a batch keeps one for each of its slides."""

    slide_id: str
    status: str
    """Of score.json; for a slide without one what the queue calls it: ``queued``, ``running``."""

    reason: str | None = None
    score: str | None = None
    borderline: bool = False
    score_ci: Mapping[str, float] | None = None
    """Share of bootstrap replicates by score; None where there were none, or it is not borderline."""

    warnings: tuple[tuple[str, str], ...] = ()
    """Code and detail of the flags that are warnings."""


@dataclass(frozen=True, slots=True)
class Look:
    """That a slide needs a look, and why."""

    slide_id: str
    group: Group
    reasons: tuple[str, ...]
    """What put it into its group comes first; never empty."""

    score: str | None = None


def look_row(score: Mapping[str, Any]) -> LookRow:
    """Take from the content of score.json what decides whether the slide needs a look."""
    borderline = bool(score.get("borderline"))
    return LookRow(
        slide_id=score["slide_id"],
        status=score["status"],
        reason=score.get("reason"),
        score=score.get("score"),
        borderline=borderline,
        score_ci=score.get("score_ci") if borderline else None,
        warnings=tuple(
            (flag["code"], flag["detail"])
            for flag in score.get("flags") or ()
            if flag["severity"] == "warning"
        ),
    )


def needs_look(score: Mapping[str, Any]) -> Look | None:
    """Say whether a slide needs a look.

    Parameters
    ----------
    score
        Content of score.json.

    Returns
    -------
    Look or None
        None where the slide is scored, firmly and without a warning.
    """
    return look_of(look_row(score))


def look_of(row: LookRow) -> Look | None:
    """Say of a row whether its slide needs a look; see ``needs_look``."""
    group = _group(row)
    return group and Look(row.slide_id, group, look_reasons(row), row.score)


def look_reasons(row: LookRow) -> tuple[str, ...]:
    """Say everything about a slide that a person should look at.

    Parameters
    ----------
    row
        Of a slide in any state.

    Returns
    -------
    tuple of str
        Why there is no score, or not of all of the slide; then a line for each warning, with its code; then
        between which scores it stands. Empty where there is nothing to look at.
    """
    reasons = [] if row.status == "scored" else [_why_not(row)]
    reasons += [
        f"{code}: {detail.rstrip('.')}"
        for code, detail in row.warnings
        if code not in SAID_OTHERWISE and detail != row.reason
    ]
    if row.borderline:
        reasons.append(_between(row))
    return tuple(reasons)


def by_group(looks: Iterable[Look]) -> dict[Group, tuple[Look, ...]]:
    """Sort slides into the groups that are not empty, worst first; by name within each, S9 before S10."""
    ordered = sorted(looks, key=lambda look: (DIGITS.sub(_padded, look.slide_id), look.slide_id))
    return {
        group: found for group in GROUPS if (found := tuple(look for look in ordered if look.group == group))
    }


def _padded(digits: re.Match[str]) -> str:
    return digits[0].zfill(20)


def _group(row: LookRow) -> Group | None:
    match row.status:
        case "failed" | "not_evaluable" | "partial":
            return row.status
        case "scored" if any(code not in SAID_OTHERWISE for code, _ in row.warnings):
            return "flagged"
        case "scored":
            return "borderline" if row.borderline else None
        case _:
            return "not_finished"


def _why_not(row: LookRow) -> str:
    if row.reason:
        return row.reason
    if row.status in FINAL:
        return "no reason was written"
    return "stopped while it was scored" if row.status == "running" else "not begun"


def _between(row: LookRow) -> str:
    """Name the scores that the bootstrap gave, lowest first, and how often."""
    shares = {score: (row.score_ci or {}).get(score) or 0.0 for score in SCORES}
    named = [score for score in SCORES if shares[score] >= LEAST_SHARE]
    if len(named) < 2:  # the other side of the cut-off is rare, and still what there is to know
        named = sorted(sorted(SCORES, key=shares.__getitem__)[-2:], key=SCORES.index)
    if any(shares[score] == 0 for score in named):
        return "borderline: the interval of the deciding percentage holds its cut-off"
    *first, last = (f"{score} ({_percent(shares[score])})" for score in named)
    return f"borderline between {', '.join(first)} and {last}"


def _percent(share: float) -> str:
    if share < 0.01:
        return "< 1 %"
    return "> 99 %" if share > 0.99 else f"{100 * share:.0f} %"
