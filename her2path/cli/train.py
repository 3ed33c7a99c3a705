"""``her2path train``: from a configuration to a network with its card."""

import json
import math
import os
from collections.abc import Mapping
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from her2path.cli.mistakes import Mistakes
from her2path.errors import UsageError
from her2path.nets.devices import choose_device
from her2path.store.runs import check_writable
from her2path.training.config import TrainingConfig, load_config
from her2path.training.curves import CHECK
from her2path.training.run import TrainingRequest, run_training

EXIT_STOPPED = 1
"""The network is not finished; the same command goes on."""

SHOWN = ("loss", "centre_recall", "centre_precision", "unstained_tumour_recall", "membrane_od_mae")
"""Figures of a line of progress."""


def run_train(
    config: Path,
    out: Path,
    *,
    data: Path | None,
    start: Path | None,
    evaluation: Path | None,
    device: str,
    workers: int | None,
    minutes: float | None,
) -> int:
    """Train; give the exit code."""
    mistakes, loaded, figures = Mistakes(), TrainingConfig(), None
    with mistakes.noted():
        loaded = load_config(config)
    with mistakes.noted():
        if data is not None and not data.is_dir():
            raise UsageError(f"--data {data}: no such folder")
    with mistakes.noted():
        figures = _evaluation(evaluation)
    with mistakes.noted():
        choose_device(device)
    mistakes.raise_all()
    check_writable(out)
    request = TrainingRequest(
        config=loaded,
        out=out,
        data=data,
        start=start,
        evaluation=figures,
        device=device,
        workers=(os.cpu_count() or 1) if workers is None else workers,
        minutes=minutes,
    )
    screen = _Screen()
    try:
        with screen.bar:
            folder = run_training(request, screen)
    except KeyboardInterrupt:
        screen.say("interrupted; what was learnt is kept: the same command goes on from here")
        raise
    except BrokenProcessPool:
        screen.say(
            "a process that drew fields was killed, as happens where memory runs out; what was learnt is "
            "kept: give the same command again, with fewer --workers"
        )
        return EXIT_STOPPED
    if folder is None:
        screen.say("the time is up; what was learnt is kept: the same command goes on from here")
        return EXIT_STOPPED
    screen.say(str(folder))
    return 0


def _evaluation(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--evaluation {path} cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:
        raise UsageError(f"--evaluation {path} is not JSON: {error}") from error
    if "cnn" not in content.get("engines", {}):
        raise UsageError(f"--evaluation {path} holds nothing of the engine cnn; evaluate with --engines cnn")
    return content


class _Screen:
    """A progress bar on a terminal; a line now and then anywhere."""

    def __init__(self) -> None:
        self._out = Console(highlight=False, soft_wrap=True)
        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeRemainingColumn(),
            console=self._out,
            transient=True,
            disable=not self._out.is_terminal,
        )
        self._task = self.bar.add_task("steps", total=1)

    def say(self, text: str) -> None:
        """Print a line."""
        self._out.print(text, markup=False)

    def step(self, done: int, steps: int) -> None:
        """Move the bar."""
        self.bar.update(self._task, completed=done, total=steps)

    def row(self, row: Mapping[str, float]) -> None:
        """Print the figures, where the network was looked at."""
        values = {name: row.get(CHECK + name, math.nan) for name in SHOWN}
        if CHECK + "loss" in row:
            told = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in values.items())
            self.say(f"step {row['step']:,.0f}: {told}")
