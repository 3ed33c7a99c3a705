"""Rows from what a batch knows."""

from datetime import datetime
from typing import Any, TypeAlias

from her2path.registry.rows import (
    FinishedSlide,
    QueuedSlide,
    RunId,
    RunRow,
    RunStart,
    ScoreRow,
    SlideRow,
    State,
    StateRow,
)

Result: TypeAlias = tuple[str, str, str, str]
"""Folder, slide, recipe digest and software: what a state is of."""

UNDER_WAY = ("queued", "running")
"""States of a slide that has not come to an end."""

OUTCOME = (
    "status",
    "reason",
    "score",
    "category",
    "her2_status",
    "tag",
    "n_cells",
    "complete_intense_fraction",
    "h_score",
    "borderline",
    "rulebook",
    "seconds",
)
"""Columns that ``scores`` has from the cohort table."""

ELSEWHERE = ("slide_id", "case_id", "path", "recipe_digest", "software", "flags")
"""Columns of the cohort table that ``slides`` has, or that come from score.json."""


def run_row(run: RunId, folder: str, start: RunStart) -> RunRow:
    """Row of a run that has started."""
    return RunRow(
        id=run,
        folder=folder,
        started_at=start.at,
        ended_at=None,
        exit_code=None,
        host=start.host,
        pid=start.pid,
        software=start.software,
        recipe_digests=list(start.recipe_digests),
        n_slides=start.n_slides,
        options=dict(start.options),
    )


def queued_rows(run: RunId, folder: str, slide: QueuedSlide) -> tuple[SlideRow, StateRow]:
    """Rows of a slide that waits, and has not been tried."""
    known = SlideRow(folder, slide.slide_id, slide.case_id, slide.path, dict(slide.manifest))
    result = (folder, slide.slide_id, slide.recipe_digest, slide.software)
    return known, state_row(result, "queued", run, slide.at, attempts=0)


def finished_rows(run: RunId, folder: str, slide: FinishedSlide) -> tuple[SlideRow, StateRow, ScoreRow]:
    """Rows of a slide with a result; of the slide itself, for where it was never queued."""
    score = slide.score
    case_id, manifest = slide.cohort_row.get("case_id"), dict(slide.manifest)
    known = SlideRow(folder, score["slide_id"], case_id, score["path"], manifest)
    result = (folder, score["slide_id"], score["recipe_digest"], score["software"])
    state = state_row(
        result,
        score["status"],
        run,
        slide.at,
        reason=score["reason"],
        attempts=slide.attempts,
        host=slide.host,
    )
    return known, state, score_row(run, folder, slide)


def state_row(
    result: Result,
    state: State,
    run: RunId,
    at: datetime,
    *,
    reason: str | None = None,
    attempts: int | None = None,
    host: str | None = None,
) -> StateRow:
    """Row of a state; ``at`` is when the slide came to be in it."""
    return StateRow(
        *result,
        state=state,
        reason=reason,
        attempts=attempts,
        queued_at=at if state == "queued" else None,
        started_at=at if state == "running" else None,
        ended_at=at if state not in UNDER_WAY else None,
        host=host,
        run_id=run,
    )


def score_row(run: RunId, folder: str, slide: FinishedSlide) -> ScoreRow:
    """Row of a result, from score.json and from the cohort table."""
    score, cohort = slide.score, slide.cohort_row
    outcome: dict[str, Any] = {name: cohort.get(name) for name in OUTCOME}
    return ScoreRow(
        folder=folder,
        slide_id=score["slide_id"],
        recipe_digest=score["recipe_digest"],
        software=score["software"],
        input_sha256=slide.input_sha256,
        finished_at=slide.at,
        run_id=run,
        **outcome,
        flags=list(score.get("flags") or ()),
        own_columns={name: value for name, value in cohort.items() if name not in {*OUTCOME, *ELSEWHERE}},
    )
