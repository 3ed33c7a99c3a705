"""What goes into the registry and what comes out of it, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NewType, TypeAlias

RunId = NewType("RunId", str)
"""32 hexadecimal digits."""

State: TypeAlias = Literal["queued", "running", "scored", "partial", "not_evaluable", "failed"]


@dataclass(frozen=True, slots=True)
class RunStart:
    """A call of ``her2path batch``, as far as it is known at its start."""

    at: datetime
    host: str
    pid: int
    software: str
    n_slides: int
    recipe_digests: tuple[str, ...] = ()
    """More than one where the manifest gives some slides their own rulebook or pixel size."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Of the command line; passwords in addresses are left out when it is written."""


@dataclass(frozen=True, slots=True)
class QueuedSlide:
    """A slide that is going to be scored."""

    slide_id: str
    path: str
    recipe_digest: str
    software: str
    at: datetime
    case_id: str | None = None
    manifest: Mapping[str, str | None] = field(default_factory=dict)
    """The slide's line of the manifest."""


@dataclass(frozen=True, slots=True)
class FinishedSlide:
    """A slide with a result; what it says of recipe, software and status stands in ``score``."""

    score: Mapping[str, Any]
    """Content of score.json."""

    cohort_row: Mapping[str, Any]
    input_sha256: str | None
    """None where the file could not be read."""

    at: datetime
    attempts: int | None = None
    host: str | None = None
    manifest: Mapping[str, str | None] = field(default_factory=dict)
    """The slide's line of the manifest, for a slide that the registry does not know yet."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One row of ``runs``; ``ended_at`` is None for a run that goes on, or was killed."""

    id: RunId
    folder: str
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    host: str
    pid: int
    software: str
    recipe_digests: list[str]
    n_slides: int
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SlideRow:
    """One row of ``slides``."""

    folder: str
    slide_id: str
    case_id: str | None
    path: str
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StateRow:
    """One row of ``states``."""

    folder: str
    slide_id: str
    recipe_digest: str
    software: str
    state: State
    reason: str | None
    attempts: int | None
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    host: str | None
    run_id: RunId


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One row of ``scores``."""

    folder: str
    slide_id: str
    recipe_digest: str
    software: str
    input_sha256: str | None
    finished_at: datetime
    run_id: RunId
    status: str
    reason: str | None
    score: str | None
    category: str | None
    her2_status: str | None
    tag: str | None
    n_cells: int | None
    complete_intense_fraction: float | None
    h_score: float | None
    borderline: bool | None
    rulebook: str | None
    seconds: float | None
    flags: list[dict[str, Any]] | None
    """As in score.json; None where an older version did not keep them."""

    own_columns: dict[str, Any] | None
    """What else the cohort table had in its row: the manifest's own columns."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of ``events``."""

    run_id: RunId
    at: datetime
    slide_id: str | None
    kind: str
    detail: str
