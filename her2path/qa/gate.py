"""Whether a change may pass: the limits that a laboratory sets to it, and every reason for and against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from her2path.qa.change import Change, Move
from her2path.qa.slide_result import DECISIONS, FRACTIONS
from her2path.qa.values import Estimate, Statistic

Count: TypeAlias = Annotated[int, Field(ge=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Amount: TypeAlias = Annotated[float, Field(ge=0)]


class Gate(BaseModel):
    """Limits; one that is None is not asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    min_slides: Annotated[int, Field(ge=1)] = 1
    """Slides in both runs."""

    max_missing_slides: Count | None = None
    """Slides of the first run that the second one lacks."""

    max_status_flips: Count | None = None
    """Slides that were scored and are not any more, or the other way round."""

    max_score_flips: Count | None = None
    max_category_flips: Count | None = None
    max_her2_status_flips: Count | None = None
    max_tag_flips: Count | None = None

    min_score_agreement_low: Share | None = None
    """Lower bound of the 95 % Wilson interval of the share of slides that kept their score."""

    max_fraction_move: Share | None = None
    """Of any pattern, on any slide."""

    max_complete_intense_move: Share | None = None
    """Of ``complete_intense_fraction``, on any slide."""

    max_h_score_move: Amount | None = None
    """Of 300, on any slide."""

    max_membrane_od_move: Amount | None = None
    """Of the median membrane density, OD, on any slide."""

    max_n_cells_move: Count | None = None
    """Cells, on any slide."""


FLIPS: Mapping[str, str] = MappingProxyType({f"max_{what}_flips": what for what in DECISIONS})
"""The decision that each limit on flips is about."""

MOVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "max_fraction_move": FRACTIONS,
        "max_complete_intense_move": ("complete_intense_fraction",),
        "max_h_score_move": ("h_score",),
        "max_membrane_od_move": ("membrane_od.p50",),
        "max_n_cells_move": ("n_cells",),
    }
)
"""The measures that each limit on moves is about."""

NAMED = 5
"""Slides that a reason names; the table of flips has them all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One limit, and what was found."""

    limit: str
    asked: float
    found: float | None
    """None where the runs do not tell."""

    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether the change passes, and why."""

    findings: tuple[Finding, ...]
    """Every limit that was asked for."""

    @property
    def passed(self) -> bool:
        """Whether every limit is kept."""
        return all(finding.passed for finding in self.findings)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the change fails for."""
        return tuple(one.detail for one in self.findings if not one.passed)


def judge(change: Change, gate: Gate) -> GateResult:
    """Hold a change against limits.

    Parameters
    ----------
    change
        Between two runs.
    gate
        The limits. One that the runs cannot be held against, because they do not both tell the measure,
        fails: nothing passes unseen.
    """
    asked = {name: value for name, value in gate.model_dump().items() if value is not None}
    return GateResult(tuple(_finding(change, name, value) for name, value in asked.items()))


def not_told(change: Change, gate: Gate) -> dict[str, str]:
    """Find the limits about something that the runs do not both have, on any slide.

    Parameters
    ----------
    change
        Between two runs with a slide in common.
    gate
        The limits.

    Returns
    -------
    dict of str to str
        What is not there, such as ``fractions``, by limit.
    """
    told = set(change.agreement) | {move.what for move in change.moves}
    about = {**FLIPS, "min_score_agreement_low": "score"}
    asked = gate.model_dump(exclude_none=True)
    lacking = {limit: what for limit, what in about.items() if limit in asked and what not in told}
    return lacking | {
        limit: names[0].partition(".")[0]
        for limit, names in MOVES.items()
        if limit in asked and told.isdisjoint(names)
    }


def _finding(change: Change, limit: str, asked: float) -> Finding:
    found, words = _found(change, limit)
    if found is None:
        return Finding(limit, asked, None, False, f"{limit} cannot be judged: {words}")
    least = limit.startswith("min_")
    passed = found >= asked if least else found <= asked
    return Finding(
        limit,
        asked,
        found,
        passed,
        f"{words}; {limit} asks for {'at least' if least else 'at most'} {asked:g}",
    )


def _found(change: Change, limit: str) -> tuple[float | None, str]:
    """Give what the runs say to one limit, and that in words."""
    if limit == "min_slides":
        return change.n, f"slides in both runs: {change.n}"
    if limit == "max_missing_slides":
        return len(change.only_before), f"missing slides: {_some(change.only_before)}"
    if limit == "min_score_agreement_low":
        return _agreement_low(change.agreement.get("score"))
    if limit in FLIPS:
        return _flipped(change, FLIPS[limit])
    return _farthest([move for move in change.moves if move.what in MOVES[limit]])


def _flipped(change: Change, what: str) -> tuple[float | None, str]:
    if what not in change.agreement:
        return None, f"the runs do not both tell {what}"
    flipped = [flip.slide_id for flip in change.flips if any(name == what for name, _, _ in flip.decisions)]
    return len(flipped), f"slides with another {what}: {_some(flipped)}"


def _agreement_low(agreement: Statistic | None) -> tuple[float | None, str]:
    if not isinstance(agreement, Estimate) or agreement.low is None:
        return None, "no slide has a score in both runs"
    kept = f"{agreement.value:.3f} of {agreement.n} slides kept their score"
    return agreement.low, f"{kept}, lower bound {agreement.low:.3f}"


def _farthest(moves: Sequence[Move]) -> tuple[float | None, str]:
    if not moves:
        return (
            None,
            "the runs do not both tell it; compare results folders, not tables, or leave the limit out",
        )
    farthest = max(moves, key=lambda move: abs(move.largest or 0.0))
    words = f"{farthest.what.partition('.')[0]} did not move"
    if farthest.largest:
        words = f"{farthest.what} moved by {farthest.largest:+.4g} ({farthest.unit}) on {farthest.slide_id}"
    alone = max(move.n_gained + move.n_lost for move in moves)
    return abs(farthest.largest or 0.0), words + (
        f", slides with it in one run alone: {alone}" if alone else ""
    )


def _some(names: Sequence[str]) -> str:
    """Count slides, and name the first few."""
    if not names:
        return "0"
    return f"{len(names)} ({', '.join(names[:NAMED])}{' …' if len(names) > NAMED else ''})"
