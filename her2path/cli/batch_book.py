"""The book of a batch: what every event means for the console, the registry and the cohort table."""

import os
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from her2path.batch.job import Job, Outcome
from her2path.batch.look import LookRow, look_row
from her2path.batch.queue import Again, Began, Broke, Ended, Event, Halted, Held, Tick
from her2path.cli import EXIT_FAILED, EXIT_INTERRUPTED
from her2path.cli.batch_console import BatchConsole
from her2path.cli.batch_page import draw_cohort
from her2path.cli.batch_resume import Begun
from her2path.cli.publishing import publisher
from her2path.errors import OutputError
from her2path.pipeline.document import SOFTWARE
from her2path.pipeline.run import failed_slide
from her2path.registry.registry import Registry
from her2path.registry.rows import FinishedSlide, QueuedSlide, RunId, RunStart, State
from her2path.store.claims import claim
from her2path.store.cohort import PATIENCE_S, cohort_row, read_cohort, write_cohort
from her2path.store.disk import SCORE_FILE, plain_path
from her2path.store.earlier import RUN_FILE, read_json
from her2path.store.runs import already_scored, write_run

AT_ONCE = 500
"""Results in one transaction of the registry."""

IN_PASSING_S = 1.0
"""How long to wait for others who write the table while slides are being scored."""

TABLE_EVERY_S = 30.0
"""How often the cohort table is brought up to date: 20 000 rows take it about half a second."""


class BatchBook:
    """Keeps account of a batch; in the end every slide has a row, or is named as not finished.

    Parameters
    ----------
    out
        Folder of the results.
    jobs
        All slides of this batch.
    options
        Of the command, for the record.
    registry, console
        Where it is written down, and who is told.
    """

    def __init__(
        self,
        out: Path,
        jobs: Sequence[Job],
        *,
        options: Mapping[str, Any],
        registry: Registry,
        console: BatchConsole,
    ) -> None:
        self._out, self._registry, self._console = out, registry, console
        self._started = datetime.now(UTC)
        digests = tuple(sorted({job.recipe.digest for job in jobs}))
        self._record: dict[str, Any] = {
            "software": SOFTWARE,
            "started": self._started.isoformat(timespec="seconds"),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "options": dict(options),
            "recipe_digests": digests,
        }
        self._run: RunId = registry.begin_run(
            RunStart(self._started, socket.gethostname(), os.getpid(), SOFTWARE, len(jobs), digests, options)
        )
        self._jobs = {job.slide_id: job for job in jobs}
        self._is_part = bool(options.get("shard"))
        self._looks = {job.slide_id: LookRow(job.slide_id, "queued") for job in jobs}
        self._lines: dict[str, dict[str, Any]] = {}
        self._new_rows: dict[str, dict[str, Any]] = {}
        self._table_s = time.monotonic()
        self._halted = False
        self._interrupted = False
        self.problems: list[str] = []
        """What a person must be told in the end, a line each."""

        self._replaced: Mapping[str, Mapping[str, Any]] = {}

    def begin(self, begun: Begun) -> None:
        """Enter the slides whose results stand already, and those that are to be scored."""
        sizes = [job.n_bytes for job in begun.to_do]
        n_bytes = sum(size or 0 for size in sizes)
        self._replaced = begun.replaced
        self._console.begin(len(self._looks), len(begun.standing), n_bytes, unsized=sizes.count(None))
        self._registry.queue(self._run, [_queued(job, self._started) for job in begun.to_do])
        standing = [self._enter(job, score) for job, score in begun.standing]
        for first in range(0, len(standing), AT_ONCE):
            self._registry.restore(self._run, standing[first : first + AT_ONCE])
        self._write_queued(begun.to_do)

    def follow(self, events: Iterable[Event]) -> None:
        """Enter what happens, until nothing more does."""
        for event in events:
            self._follow(event)
            if time.monotonic() - self._table_s > TABLE_EVERY_S:
                self._write_table()

    def halt(self, reason: str) -> None:
        """Enter that no further slide will be begun."""
        self._halted = True
        self.problems.append(f"stopped before the end: {reason}")
        self._note("halted", reason)

    def interrupt(self) -> None:
        """Enter that a person or a queue system has ended the batch."""
        self._interrupted = True
        self._note("interrupted", "by a person, or by what the batch runs under")

    def close(self) -> int:
        """Write the table, its page and the record, and sum up; give the exit code."""
        self._write_table(at_end=True)
        failed = any(row.status == "failed" for row in self._looks.values())
        exit_code = EXIT_FAILED if failed or self._halted or self._unfinished() else 0
        exit_code = EXIT_INTERRUPTED if self._interrupted else exit_code
        self._record |= {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "exit_code": exit_code,
            "problems": self.problems,
            "slides": [self._lines.get(name, {"slide_id": name, "status": "queued"}) for name in self._looks],
        }
        try:
            write_run(self._out, self._record, now=self._started)
        except OutputError as error:
            self.problems.append(str(error))
        self._registry.end_run(self._run, exit_code, datetime.now(UTC))
        self.problems += self._registry.problems()
        self._console.finish(self._looks.values(), self.problems)
        return exit_code

    def _follow(self, event: Event) -> None:
        match event:
            case Tick():
                self._console.tick()
            case Began(job, attempt):
                self._looks[job.slide_id] = LookRow(job.slide_id, "running")
                self._console.started(job.slide_id, attempt, n_bytes=job.n_bytes)
                self._state(job, "running", attempts=attempt)
            case Ended(job, outcome, attempts):
                assert outcome.score is not None
                self._end(job, outcome.score, outcome=outcome, attempts=attempts)
            case Broke(job, reason, attempts, details):
                self._end(job, self._broken(job, reason), attempts=attempts, details=details)
            case Again(job, trouble, wait_s, attempts):
                self._console.retrying(job.slide_id, trouble, wait_s)
                self._state(job, "queued", reason=trouble, attempts=attempts)
                self._note("retry", trouble, job)
            case Held(job, holder):
                self._console.waiting([job.slide_id], [holder.words])
            case Halted(reason):
                self.halt(reason)

    def _end(
        self,
        job: Job,
        score: Mapping[str, Any],
        *,
        outcome: Outcome | None = None,
        attempts: int,
        details: str = "",
    ) -> None:
        stood = outcome is not None and outcome.stood
        self._console.ended(score, stood, n_bytes=job.n_bytes)
        self._tell_replaced(job, score)
        host = None if outcome is None or stood else outcome.host
        told = {"attempts": attempts, "host": host, "traceback": details}
        finished = self._enter(job, score, **{key: value for key, value in told.items() if value})
        if stood:
            self._registry.restore(self._run, [finished])
        else:
            self._registry.finish(self._run, [finished])

    def _tell_replaced(self, job: Job, score: Mapping[str, Any]) -> None:
        """Say that a slide has another result because its file is another."""
        before = self._replaced.get(job.slide_id)
        if before is not None:
            was, now = (one["score"] or one["status"].replace("_", " ") for one in (before, score))
            self.problems.append(
                f"{job.slide_id}: its file is another than in the last run: was {was}, now {now}; "
                "the result of the other file is in earlier/"
            )

    def _enter(self, job: Job, score: Mapping[str, Any], **told: Any) -> FinishedSlide:  # noqa: ANN401 - JSON values
        row = _row(job, score)
        self._new_rows[job.slide_id] = row
        self._looks[job.slide_id] = look_row(score)
        shown = ("slide_id", "status", "reason", "score", "recipe_digest", "seconds")
        self._lines[job.slide_id] = {key: row[key] for key in shown} | told
        folder = self._out / job.slide_id
        run = read_json(folder / RUN_FILE) or {}
        return FinishedSlide(
            score,
            row,
            run.get("input_sha256"),
            _written_at(folder / SCORE_FILE),
            attempts=told.get("attempts"),
            host=told.get("host"),
            manifest=job.row.cells(),
        )

    def _broken(self, job: Job, reason: str) -> Mapping[str, Any]:
        """Write that a slide failed whose worker could not, unless others are at it, or have finished it."""
        failed = failed_slide(job.slide_id, job.row.path, job.recipe, reason)
        try:
            with claim(self._out, job.slide_id) as holder:
                if holder is not None:
                    return failed.score
                if done := self._finished_meanwhile(job):
                    return done
                publisher(geojson=False)(failed, self._out / job.slide_id)
        except OutputError as error:
            self.problems.append(str(error))
        return failed.score

    def _finished_meanwhile(self, job: Job) -> Mapping[str, Any] | None:
        """Give the result of a slide that another batch has scored since."""
        folder = self._out / job.slide_id
        return already_scored(folder, job.row.path, digest=job.recipe.digest, software=SOFTWARE)

    def _write_queued(self, to_do: Sequence[Job]) -> None:
        """Give every slide a row from the start: a table without the missing ones would look complete."""
        try:
            known = {row["slide_id"] for row in read_cohort(self._out)}
        except OutputError:
            return  # told at the end, if it lasts
        for job in to_do:
            if job.slide_id not in known:
                blank = {
                    "slide_id": job.slide_id,
                    "path": plain_path(job.row.path),
                    "status": "queued",
                    "reason": "not finished; run the same command again",
                    "rulebook": {"id": job.recipe.rulebook.id},
                    "recipe_digest": job.recipe.digest,
                    "software": SOFTWARE,
                }
                self._new_rows[job.slide_id] = _row(job, blank)
        self._write_table()

    def _write_table(self, *, at_end: bool = False) -> None:
        """Bring the cohort table up to date; what cannot be written now stays for the next time."""
        try:
            for slide_id, row in self._new_rows.items():
                if row["status"] == "failed" and (done := self._finished_meanwhile(self._jobs[slide_id])):
                    self._enter(self._jobs[slide_id], done)
            patience_s = PATIENCE_S if at_end else IN_PASSING_S
            notice = write_cohort(self._out, list(self._new_rows.values()), patience_s=patience_s)
            self.problems += [notice] if notice else []
            self._new_rows.clear()
            if at_end:
                self._tell_strangers()
                draw_cohort(self._out)
        except OutputError as error:
            if at_end:
                self._halted = True
                self.problems.append(str(error))
        self._table_s = time.monotonic()

    def _tell_strangers(self) -> None:
        """Say which rows of the table are of slides that this call did not name."""
        others = [row["slide_id"] for row in read_cohort(self._out) if row["slide_id"] not in self._jobs]
        if others and not self._is_part:
            shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
            self.problems.append(
                f"the cohort table also has {len(others)} slides of earlier calls ({shown}); for a table of "
                "this manifest alone give an --out of its own"
            )

    def _unfinished(self) -> bool:
        return any(row.status in ("queued", "running") for row in self._looks.values())

    def _state(
        self, job: Job, state: State, *, reason: str | None = None, attempts: int | None = None
    ) -> None:
        self._registry.set_state(
            self._run,
            job.slide_id,
            job.recipe.digest,
            SOFTWARE,
            state,
            reason=reason,
            attempts=attempts,
            at=datetime.now(UTC),
        )

    def _note(self, kind: str, detail: str, job: Job | None = None) -> None:
        self._registry.add_event(
            self._run, kind, detail, None if job is None else job.slide_id, at=datetime.now(UTC)
        )


def _row(job: Job, score: Mapping[str, Any]) -> dict[str, Any]:
    """Give a slide its row of the cohort table; without a manifest, what an earlier one told stays."""
    return cohort_row(score, job.row.cells() if job.row.where else None)


def _written_at(path: Path) -> datetime:
    """When a file was written; a result that could not be written is of now."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.now(UTC)


def _queued(job: Job, at: datetime) -> QueuedSlide:
    return QueuedSlide(
        job.slide_id,
        plain_path(job.row.path),
        job.recipe.digest,
        SOFTWARE,
        at,
        case_id=job.row.case_id,
        manifest=job.row.cells(),
    )
