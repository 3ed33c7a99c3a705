"""What a person, a log file or a machine reads while slides are scored."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import orjson
from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from her2path.pipeline.cells import (
        Progress as Watcher,  # the pipeline reads slides; stored cells need none
    )


class Console:
    """A progress bar on a terminal, plain lines elsewhere, JSON lines on request.

    Parameters
    ----------
    quiet
        Print nothing but what failed.
    as_json
        One JSON object a line: ``event``, ``slide_id`` and what belongs to it.
    """

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self._quiet, self._as_json = quiet, as_json
        self._out = RichConsole(stderr=quiet, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=self._out,
            transient=True,
            disable=quiet or as_json or not self._out.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if kind is KeyboardInterrupt:
            self._out.print("interrupted; finished slides are kept", markup=False)

    def watch(self, slide_id: str) -> "Watcher":
        """Begin a slide; what is given is called with the tiles done and the tiles in all."""
        self._event("begin", slide_id)
        for old in self._bar.task_ids:
            self._bar.remove_task(old)
        task = self._bar.add_task(slide_id, total=None)
        return lambda done, total: self._bar.update(task, completed=done, total=total)

    def finished(self, score: Mapping[str, Any], *, stood: bool) -> None:
        """Say what became of a slide."""
        status = score["status"]
        self._event(
            "end",
            score["slide_id"],
            resumed=stood,
            **{
                key: score[key]
                for key in ("status", "reason", "score", "category", "tag", "n_cells", "seconds")
            },
        )
        if self._as_json or (self._quiet and status in ("scored", "not_evaluable")):
            return
        again = " (already scored)" if stood else ""
        self._out.print(f"{score['slide_id']}: {sentence(score)}{again}", markup=False)

    def _event(self, name: str, slide_id: str, **more: Any) -> None:  # noqa: ANN401 - JSON values
        if self._as_json:
            line = {"time": round(time.time(), 3), "event": name, "slide_id": slide_id, **more}
            self._out.print(orjson.dumps(line).decode(), markup=False)


def sentence(score: Mapping[str, Any]) -> str:
    """One line on a slide: its score and what to know of it, or why there is none."""
    if score["score"] is None:
        return f"{score['status'].replace('_', ' ')}: {score['reason']}"
    tag = f", {score['tag']}" if score["tag"] else ""
    warnings = [flag["code"] for flag in score["flags"] if flag["severity"] != "info"]
    noted = f" [{', '.join(warnings)}]" if warnings else ""
    partial = " (partial)" if score["status"] == "partial" else ""
    return (
        f"{score['score']} ({score['category']}{tag}){partial}, "
        f"{score['n_cells']:,} tumour cells, {score['seconds']:.1f} s{noted}"
    )
