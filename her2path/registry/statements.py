"""Rows and how they are written: the same on both databases, and the same when they are written twice."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Delete, Insert, Table, Update, bindparam, delete, func, update
from sqlalchemy.dialects import postgresql, sqlite

from her2path.registry.plain import plain
from her2path.registry.rows import (
    EventRow,
    RunId,
    RunRow,
    ScoreRow,
    SlideRow,
    StateRow,
)
from her2path.registry.schema import EVENTS, RUNS, SCORES, SLIDES, STATES, in_utc

Row: TypeAlias = RunRow | SlideRow | StateRow | ScoreRow | EventRow
Step: TypeAlias = tuple[Insert | Update | Delete, list[dict[str, Any]]]

INSERT: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""By dialect: both write ``ON CONFLICT`` alike, and SQLAlchemy has no common form of it."""

RESULT = ("folder", "slide_id", "recipe_digest", "software")
SCORE_KEY = (*RESULT, "input_sha256")
"""Columns that name a state, and a score."""

SAID = ("state", "reason", "run_id")
REPLACED = {
    "queued": (*SAID, "host", "queued_at", "started_at", "ended_at"),
    "running": (*SAID, "started_at", "ended_at"),
}
"""Columns of ``states`` that a state gives anew, if only with null; every other state gives ``ENDED``."""

ENDED = (*SAID, "ended_at")
KEPT = ("attempts", "host")
"""Columns that stay as they were where nothing new is said."""


def put_run(dialect: str, run: RunRow) -> list[Step]:
    """Write the start of a run."""
    return [_put(dialect, RUNS, [run])]


def put_end(run: RunId, exit_code: int, at: datetime) -> list[Step]:
    """Write the end of a run."""
    ended = update(RUNS).where(RUNS.c.id == bindparam("run"))
    return [(ended, [{"run": run, "exit_code": exit_code, "ended_at": in_utc(at)}])]


def put_event(dialect: str, event: EventRow) -> list[Step]:
    """Write what happened."""
    return [_put(dialect, EVENTS, [event])]


def put_slides(dialect: str, slides: Sequence[SlideRow]) -> list[Step]:
    """Write slides; what the last manifest says of them holds."""
    return [_put(dialect, SLIDES, slides, replaced=("case_id", "path", "manifest"))]


def put_states(dialect: str, state: str, rows: Sequence[StateRow]) -> list[Step]:
    """Write how far slides are; rows of one state, or of several in which a slide is done."""
    return [_put(dialect, STATES, rows, replaced=REPLACED.get(state, ENDED), kept=KEPT)]


def put_back_states(dialect: str, rows: Sequence[StateRow]) -> list[Step]:
    """Write that slides are done where another state stands, or none."""
    return [_put(dialect, STATES, rows, replaced=ENDED, kept=KEPT, unless_same="state")]


def put_scores(
    dialect: str, slides: Sequence[SlideRow], scores: Sequence[ScoreRow], *, anew: bool = True
) -> list[Step]:
    """Write results, and their slides where nobody queued them.

    Of one recipe, version and input there is one result: ``anew`` the new one, else the one that stands.
    """
    steps = [_put(dialect, SLIDES, slides)]
    unread = [score for score in scores if score.input_sha256 is None]
    if unread:  # null equals nothing: no unique constraint sees that two results are of one unreadable file
        same = [SCORES.c[name] == bindparam(f"its_{name}") for name in RESULT]
        rows = [{f"its_{name}": plain(getattr(score, name)) for name in RESULT} for score in unread]
        steps.append((delete(SCORES).where(*same, SCORES.c.input_sha256.is_(None)), rows))
    content = tuple(field.name for field in fields(ScoreRow) if field.name not in SCORE_KEY)
    return [*steps, _put(dialect, SCORES, scores, replaced=content if anew else ())]


def _put(
    dialect: str,
    table: Table,
    rows: Sequence[Row],
    *,
    replaced: tuple[str, ...] = (),
    kept: tuple[str, ...] = (),
    unless_same: str | None = None,
) -> Step:
    return _upsert(dialect, table, replaced, kept, unless_same), [_values(row) for row in rows]


@cache  # building one takes as long as running it
def _upsert(
    dialect: str, table: Table, replaced: tuple[str, ...], kept: tuple[str, ...], unless_same: str | None
) -> sqlite.Insert | postgresql.Insert:
    """Insert a row; where it is there, replace some columns, and keep some if the new value is null."""
    statement = INSERT[dialect](table)
    new = statement.excluded
    changes: dict[str, ColumnElement[Any]] = {name: func.coalesce(new[name], table.c[name]) for name in kept}
    changes |= {name: new[name] for name in replaced}
    if not changes:
        return statement.on_conflict_do_nothing()
    names = SCORE_KEY if table is SCORES else [column.name for column in table.primary_key]
    where = None if unless_same is None else table.c[unless_same] != new[unless_same]
    return statement.on_conflict_do_update(index_elements=names, set_=changes, where=where)


def _values(row: Row) -> dict[str, Any]:
    found = {field.name: getattr(row, field.name) for field in fields(row)}
    return {
        name: in_utc(value) if isinstance(value, datetime) else plain(value) for name, value in found.items()
    }
