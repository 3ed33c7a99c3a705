"""The registry of batches: a journal for people, which a batch neither reads nor waits for."""

import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import datetime
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import URL, Engine, Select, Table, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from her2path.registry import statements
from her2path.registry.address import read_url, show
from her2path.registry.contents import finished_rows, queued_rows, run_row, state_row
from her2path.registry.engine import cause, open_engine, told, writing
from her2path.registry.plain import plain
from her2path.registry.rows import (
    EventRow,
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
from her2path.registry.schema import EVENTS, RUNS, SCORES, SLIDES, STATES
from her2path.registry.upgrade import upgrade

PATIENCE_S = 10.0
"""A neighbour's migration or a long query takes less; a batch should not stand still for more."""

PAUSE_S = 30.0
"""After a write that failed: so that a server that is away costs a batch at most a third of its time."""

REFUSALS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
"""What a database says of the row, not of itself: the same row would be refused again."""

R = TypeVar("R", RunRow, SlideRow, StateRow, ScoreRow, EventRow)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One transaction that may have to be tried again."""

    what: str
    steps: list[statements.Step]


def open_registry(
    url: str, folder: str, *, patience_s: float = PATIENCE_S, pause_s: float = PAUSE_S
) -> "Registry":
    """Open a registry, creating or upgrading its tables.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` (``default_url``) or ``postgresql+psycopg://…``.
    folder
        The output folder, by the name that its rows shall have.
    patience_s
        How long a write waits for a database that is locked, or does not answer.
    pause_s
        How long no write is tried after one that failed.

    Raises
    ------
    RegistryError
        If the address is none, the driver is missing, the server cannot be reached, the file is no database
        or not one of ours, or a newer her2path made it.
    """
    where = read_url(url)
    engine = open_engine(where, patience_s)
    with ExitStack() as on_failure:
        on_failure.callback(engine.dispose)
        with told(where):
            upgrade(engine)
        on_failure.pop_all()
    return Registry(engine, where, plain(folder), pause_s)


class Registry:
    """The rows of one output folder, from ``open_registry``; for the threads of one process.

    Writing raises nothing on account of the database: what cannot be written now waits in memory, in order,
    and is tried with a later write; ``problems`` tells what never could be.
    """

    def __init__(self, engine: Engine, url: URL, folder: str, pause_s: float) -> None:
        self._engine, self._writing, self._url = engine, writing(engine), url
        self._dialect = engine.dialect.name
        self._folder, self._pause_s = folder, pause_s
        self._lock = Lock()
        self._waiting: deque[_Entry] = deque()
        self._refused: dict[str, list[str]] = {}
        self._away: str | None = None
        self._not_before_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Try once more to write what waits, and let go of the database."""
        with self._lock:
            self._write_what_waits()
        self._engine.dispose()

    def begin_run(self, start: RunStart) -> RunId:
        """Write that a run has started; its name is for all that follows, also in other processes."""
        run = RunId(uuid.uuid4().hex)
        row = run_row(run, self._folder, start)
        self._write("the start of the run", statements.put_run(self._dialect, row))
        return run

    def queue(self, run: RunId, slides: Sequence[QueuedSlide]) -> None:
        """Write that slides are going to be scored: new ones, and what an earlier run left as it was."""
        if slides:
            known, waiting = zip(*(queued_rows(run, self._folder, slide) for slide in slides), strict=True)
            steps = statements.put_slides(self._dialect, known)
            steps += statements.put_states(self._dialect, "queued", waiting)
            self._write(f"{len(slides)} queued slides", steps)

    def set_state(
        self,
        run: RunId,
        slide_id: str,
        recipe_digest: str,
        software: str,
        state: State,
        *,
        reason: str | None = None,
        attempts: int | None = None,
        host: str | None = None,
        at: datetime,
    ) -> None:
        """Write how far a queued slide is.

        Parameters
        ----------
        run, slide_id, recipe_digest, software
            Which run says so, and of what.
        state
            "queued" puts it back, and forgets where and when it ran.
        reason
            For all but "scored": one line; replaces what was said before.
        attempts, host
            None keeps what was written before.
        at
            When the slide came to be in this state, with a time zone.
        """
        result = (self._folder, slide_id, recipe_digest, software)
        row = state_row(result, state, run, at, reason=reason, attempts=attempts, host=host)
        self._write(f"{slide_id}: {state}", statements.put_states(self._dialect, state, [row]))

    def finish(self, run: RunId, slides: Sequence[FinishedSlide]) -> None:
        """Write results and the states that they mean in one transaction: of one slide, or of many."""
        if slides:
            rows = (finished_rows(run, self._folder, slide) for slide in slides)
            known, states, scores = zip(*rows, strict=True)
            steps = statements.put_scores(self._dialect, known, scores)
            steps += statements.put_states(self._dialect, "scored", states)
            self._write(f"results of {known[0].slide_id} and {len(known) - 1} more", steps)

    def restore(self, run: RunId, slides: Sequence[FinishedSlide]) -> None:
        """Write results that stood before the run where the registry lacks them; what it knows stays."""
        if slides:
            rows = (finished_rows(run, self._folder, slide) for slide in slides)
            known, states, scores = zip(*rows, strict=True)
            steps = statements.put_scores(self._dialect, known, scores, anew=False)
            steps += statements.put_back_states(self._dialect, states)
            self._write(f"{len(slides)} earlier results", steps)

    def add_event(
        self, run: RunId, kind: str, detail: str, slide_id: str | None = None, *, at: datetime
    ) -> None:
        """Write that something happened, to a slide or to the run."""
        event = EventRow(run, at, slide_id, kind, detail)
        self._write(f"event {kind}", statements.put_event(self._dialect, event))

    def end_run(self, run: RunId, exit_code: int, at: datetime) -> None:
        """Write that a run has ended, and all that waits."""
        self._write("the end of the run", statements.put_end(run, exit_code, at), pause=False)

    def problems(self) -> tuple[str, ...]:
        """Tell what is not in the database, one line a cause: what it refused, and what waits."""
        with self._lock:
            count = len(self._waiting)
            entries = "1 entry" if count == 1 else f"{count} entries"
            waiting = f"{entries} could not be written to {show(self._url)}: {self._away}"
            refused = [
                f"{what[0]}{f' and {len(what) - 1} more' if len(what) > 1 else ''} refused by "
                f"{show(self._url)}: {cause}"
                for cause, what in self._refused.items()
            ]
            return (*refused, *([waiting] if count else []))

    def runs(self) -> tuple[RunRow, ...]:
        """Every run in the database, of all folders, the oldest first."""
        return self._read(RunRow, select(RUNS).order_by(RUNS.c.started_at, RUNS.c.id))

    def slides(self, folder: str | None = None) -> tuple[SlideRow, ...]:
        """Every slide of a folder, by default the registry's own, by name."""
        return self._read(SlideRow, self._of(SLIDES, folder).order_by(SLIDES.c.slide_id))

    def states(self, folder: str | None = None) -> tuple[StateRow, ...]:
        """How far every slide of a folder is, by name; one row for each recipe and version."""
        columns = (STATES.c.slide_id, STATES.c.recipe_digest, STATES.c.software)
        return self._read(StateRow, self._of(STATES, folder).order_by(*columns))

    def scores(self, folder: str | None = None) -> tuple[ScoreRow, ...]:
        """Every result of a folder, by name and age."""
        columns = (SCORES.c.slide_id, SCORES.c.finished_at, SCORES.c.id)
        return self._read(ScoreRow, self._of(SCORES, folder).order_by(*columns))

    def events(self, run: RunId) -> tuple[EventRow, ...]:
        """Everything that happened in a run, in order."""
        return self._read(EventRow, select(EVENTS).where(EVENTS.c.run_id == run).order_by(EVENTS.c.id))

    def _of(self, table: Table, folder: str | None) -> Select[Any]:
        return select(table).where(table.c.folder == (self._folder if folder is None else plain(folder)))

    def _read(self, row: type[R], query: Select[Any]) -> tuple[R, ...]:
        with told(self._url), self._engine.connect() as connection:
            found = connection.execute(query).mappings().all()
        names = [field.name for field in fields(row)]
        return tuple(row(**{name: one[name] for name in names}) for one in found)

    def _write(self, what: str, steps: list[statements.Step], *, pause: bool = True) -> None:
        with self._lock:
            self._waiting.append(_Entry(what, steps))
            if not pause or time.monotonic() >= self._not_before_s:
                self._write_what_waits()

    def _write_what_waits(self) -> None:
        """Write in order; stop where the database is away, leave out what it refuses."""
        while self._waiting:
            entry = self._waiting[0]
            try:
                with self._writing.begin() as connection:
                    for statement, rows in entry.steps:
                        connection.execute(statement, rows)
            except REFUSALS as error:
                said = cause(error).partition(" DETAIL: ")[0]  # what follows names the row: no two are alike
                self._refused.setdefault(said, []).append(entry.what)
            except DBAPIError as error:
                self._engine.dispose()  # a drive that comes back does not come back to the old handle
                self._away = cause(error)
                self._not_before_s = time.monotonic() + self._pause_s
                return
            self._waiting.popleft()
