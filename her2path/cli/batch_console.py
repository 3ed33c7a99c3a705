"""What a person, a log file or a machine reads while a batch is scored, and in the morning."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

import orjson
from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from her2path.batch import progress as steps
from her2path.batch.look import LookRow
from her2path.batch.progress import Progress, Rates, rates
from her2path.cli.batch_words import (
    figures,
    legible,
    look_lines,
    next_lines,
    opening_lines,
    progress_line,
    span,
    summary_of,
)
from her2path.cli.console import sentence
from her2path.cli.lasting_stream import LastingStream

PROGRESS_EVERY_S = 60.0
"""How often a log is told how far it is."""

SHOWN = 8
"""So many slides in work a terminal shows, each on its line."""

END_KEYS = ("status", "reason", "score", "category", "tag", "n_cells", "seconds")
"""What a machine reads of a slide that ended; the same as from ``her2path score``."""

STYLES = {"failed": "red", "not_evaluable": "yellow", "partial": "yellow"}


class BatchConsole:
    """A live picture on a terminal, plain lines elsewhere, JSON lines on request.

    Where nothing can be printed any more, it falls silent.

    Parameters
    ----------
    out
        Folder of the results, to be named at the end.
    quiet
        Print nothing but slides that failed, and at the end what needs a look; to standard error.
    as_json
        One JSON object a line: ``time``, ``event`` and what belongs to it.
    now
        Seconds of a clock that never goes back.
    """

    def __init__(
        self, out: Path, *, quiet: bool, as_json: bool, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._quiet, self._as_json, self._now = out, quiet, as_json, now
        stream = sys.stderr if quiet else sys.stdout
        file = stream and cast("IO[str]", LastingStream(stream))  # there is none where it was closed before
        self._out = RichConsole(
            file=file, stderr=quiet, highlight=False, soft_wrap=True, emoji=False, markup=False
        )
        self._is_live = self._out.is_terminal and not self._out.is_dumb_terminal and not quiet and not as_json
        self._live = Live(console=self._out, auto_refresh=False, transient=True)
        self._progress = steps.begun(0, 0, 0, at_s=now())
        self._told_s = now()
        self._held: dict[str, str] = {}
        self._is_summed_up = False

    def __enter__(self) -> Self:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._event("interrupted")
            if not self._is_summed_up:
                self._line("interrupted; finished slides are kept: run the same command again to go on")

    def begin(self, total: int, already: int, bytes_total: float, *, unsized: int = 0) -> None:
        """Begin; ``already`` slides were scored before, and nothing more will be told of them.

        ``bytes_total`` is the size of the others, of which ``unsized`` have no file.
        """
        self._progress = steps.begun(total, already, bytes_total, unsized=unsized, at_s=self._now())
        if already and not self._quiet:
            self._line(f"{already:,} of {total:,} slides are scored already")
        self._tell()

    def started(
        self, slide_id: str, attempt: int, *, n_bytes: float | None = None, host: str | None = None
    ) -> None:
        """Begin a slide, or begin it again."""
        self._progress = steps.started(self._progress, slide_id, n_bytes=n_bytes, host=host, at_s=self._now())
        if slide_id not in self._held:
            self._event("begin", slide_id, attempt=attempt, host=host)

    def ended(self, score: Mapping[str, Any], stood: bool, *, n_bytes: float | None = None) -> None:
        """Say what became of a slide; where it ``stood``, its result was there before its turn came."""
        slide_id, status = score["slide_id"], score["status"]
        self._held.pop(slide_id, None)
        self._progress = progress = steps.ended(
            self._progress, score, stood=stood, n_bytes=n_bytes, at_s=self._now()
        )
        self._event("end", slide_id, resumed=stood, **{key: score[key] for key in END_KEYS})
        if self._quiet and status != "failed":
            return
        width = len(f"{progress.total}")
        again = " (stood already)" if stood else ""
        place = f"[{progress.done:>{width}}/{progress.total}]"
        said = f"{place} {legible(slide_id)}: {legible(sentence(score))}{again}"
        self._line(said, STYLES.get(status))

    def retrying(self, slide_id: str, why: str, wait_s: float) -> None:
        """Say that an attempt came to nothing, and when the next follows."""
        self._progress = steps.put_back(self._progress, slide_id, failed=True, at_s=self._now())
        self._event("retry", slide_id, reason=why, wait_seconds=wait_s)
        if not self._quiet:
            self._line(f"{legible(slide_id)}: {legible(why)}; trying again in {span(wait_s)}", "yellow")

    def waiting(self, slide_ids: Sequence[str], holders: Sequence[str]) -> None:
        """Say which slides another batch holds, and who that is; of the same slide and holder once."""
        for slide_id, holder in zip(slide_ids, holders, strict=True):
            self._progress = steps.put_back(self._progress, slide_id, failed=False, at_s=self._now())
            if self._held.get(slide_id) == holder:
                continue
            self._held[slide_id] = holder
            self._event("waiting", slide_id, holder=holder)
            if not self._quiet:
                self._line(f"{legible(slide_id)}: another batch is scoring it ({legible(holder)})")

    def tick(self) -> None:
        """Let time go by; called about every second."""
        if self._is_live:
            at_s = self._now()
            known = rates(self._progress, at_s)
            self._live.update(_picture(self._progress, known, len(self._held), at_s), refresh=True)
        elif self._now() - self._told_s >= PROGRESS_EVERY_S:
            self._tell()

    def finish(self, rows: Iterable[LookRow], problems: Sequence[str] = ()) -> None:
        """Sum up: how many became what, who needs a look and why, what to do next.

        Parameters
        ----------
        rows
            One of every slide, whatever became of it, those that stood already as well.
        problems
            What else went wrong, a line each.
        """
        self._live.stop()
        summary = summary_of(rows, self._progress, self._now())
        self._event(
            "summary",
            counts=summary.statuses,
            scores=summary.scores,
            already=summary.already,
            seconds=round(summary.seconds, 3),
            slides_per_hour=summary.slides_per_h,
            mm2_per_hour=summary.mm2_per_h,
            look=[
                {
                    "slide_id": _encodable(look.slide_id),
                    "group": group,
                    "score": look.score,
                    "reasons": [_encodable(reason) for reason in look.reasons],
                }
                for group, looks in summary.looks.items()
                for look in looks
            ],
            problems=problems,
        )
        opening = () if self._quiet else ("", *opening_lines(summary), "")
        width = self._out.width if self._out.is_terminal else None
        closing = (*map(legible, problems), *next_lines(summary, self._folder))
        self._line("\n".join((*opening, *look_lines(summary.looks, width), "", *closing)))
        self._is_summed_up = True

    def _tell(self) -> None:
        """Say how far it is, to a log or a machine."""
        self._told_s = self._now()
        progress, known = self._progress, rates(self._progress, self._told_s)
        self._event("progress", **_figures_json(progress, known, self._told_s))
        if not self._quiet and not self._is_live:
            self._line(progress_line(progress, known, self._held))

    def _line(self, text: str, style: str | None = None) -> None:
        if not self._as_json:
            self._out.print(text, style=style)

    def _event(self, name: str, slide_id: str | None = None, **more: Any) -> None:  # noqa: ANN401 - JSON values
        if self._as_json:
            about = more if slide_id is None else {"slide_id": slide_id, **more}
            told = {
                key: _encodable(value) if isinstance(value, str) else value for key, value in about.items()
            }
            line = {"time": round(time.time(), 3), "event": name, **told}
            self._out.print(orjson.dumps(line, default=str).decode())


def _figures_json(progress: Progress, known: Rates, at_s: float) -> dict[str, Any]:
    return {
        "done": progress.done,
        "total": progress.total,
        "already": progress.already,
        "counts": progress.counts,
        "retries": progress.retries,
        "mm2": round(progress.sums.mm2, 3),
        "bytes_done": round(progress.bytes_done),
        "bytes_to_do": round(progress.bytes_to_do),
        "slides_per_hour": known.slides_per_h,
        "mm2_per_hour": known.mm2_per_h,
        "seconds_left": known.left_s,
        "now": [
            {"slide_id": _encodable(one.slide_id), "host": one.host, "seconds": round(at_s - one.since_s, 1)}
            for one in progress.current
        ],
    }


def _picture(progress: Progress, known: Rates, held: int, at_s: float) -> RenderableType:
    """Draw how far it is, and the slides in work with how long they have been."""
    bar = ProgressBar(
        total=max(progress.total, 1),
        completed=progress.done,
        width=40,
        complete_style="cyan",
        finished_style="cyan",
    )
    head = Table.grid(padding=(0, 1))
    head.add_row(bar, Text(f"{progress.done:,} of {progress.total:,} slides"))
    numbers = Text(" · ".join(figures(progress, known)), overflow="ellipsis", no_wrap=True)
    lines = [
        f"  {legible(one.slide_id)}  {span(at_s - one.since_s)}" + (f"  {one.host}" if one.host else "")
        for one in progress.current[:SHOWN]
    ]
    if len(progress.current) > SHOWN:
        lines.append(f"  and {len(progress.current) - SHOWN} more")
    if held:
        lines.append(f"  {held} held by another batch")
    return Group(
        head, numbers, *(Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in lines)
    )


def _encodable(text: str) -> str:
    """Give text as UTF-8 can hold it: a file's name may have bytes that are none."""
    return text.encode(errors="replace").decode()
