"""One training run, from its configuration to a folder with the network, its card and its curves."""

import csv
import io
import json
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, Protocol

from her2path import __version__
from her2path.errors import UsageError
from her2path.nets.checkpoint import load_checkpoint, save_checkpoint
from her2path.nets.devices import choose_device
from her2path.nets.draws import drawn_chunks
from her2path.nets.figures import FIGURES, figures
from her2path.nets.loop import Learner, rate_at, train
from her2path.nets.losses import PARTS
from her2path.nets.sample import Sample
from her2path.nets.weights import CARD_FILE, TrainingFacts, load_network, save_network
from her2path.training.card import render_card
from her2path.training.config import TrainingConfig
from her2path.training.curves import CHECK, Row, write_curves
from her2path.training.fields import data_sha256, draw_field

CHECKPOINT_FILE, HISTORY_FILE, CURVES_FILE = "checkpoint.safetensors", "history.csv", "curves.png"

ROW_EVERY = 50
"""Steps that a row of the history is the mean of."""

COLUMNS = ("step", "rate", *PARTS, *(CHECK + name for name in FIGURES))


class Watch(Protocol):
    """Whoever looks on."""

    def step(self, done: int, steps: int) -> None:
        """Hear that one more step is done."""

    def row(self, row: Mapping[str, float]) -> None:
        """Take a row of the history."""


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What to train, where, and with what; only ``config`` and the contents of ``data`` move the weights."""

    config: TrainingConfig
    out: Path
    data: Path | None = None
    evaluation: Mapping[str, Any] | None = None
    """What ``benchmarks/accuracy/evaluate.py`` wrote of these weights, for the card."""

    start: Path | None = None
    """Folder of the network to go on from; without it, one that knows nothing."""

    device: str = "auto"
    workers: int = 0
    minutes: float | None = None
    """Stop after this time, to be resumed later."""

    checkpoint_minutes: float = 5.0


def run_training(request: TrainingRequest, watch: Watch) -> Path | None:
    """Train, or go on where an earlier call with the same configuration stopped.

    An interruption is answered between two steps, after a checkpoint.

    Returns
    -------
    Path or None
        The folder with the finished network; None where the time was up before.

    Raises
    ------
    UsageError
        If the folder holds a run with another configuration, or the device or the data are not there.
    WeightsError
        If its checkpoint is damaged.
    """
    run = _Run(request, watch)
    return run.finish() if run.go() else None


class _TimeIsUp(Exception):  # noqa: N818 - ends the loop, and is no error
    pass


class _Run:
    """A run under way: the learner, the history so far, and when to save."""

    def __init__(self, request: TrainingRequest, watch: Watch) -> None:
        config = request.config
        self._request, self._config, self._watch = request, config, watch
        self._data = request.data if config.real.share > 0 else None
        sha256 = data_sha256(self._data, config.real) if self._data else None
        begun = load_network(request.start) if request.start else None
        self._start_sha256 = begun.facts.sha256 if begun else ""
        self._digest = config.digest(sha256, self._start_sha256)
        self._learner = Learner.begin(config.spec(), config.loop(), choose_device(request.device))
        if begun:
            self._learner.network.load_state_dict(begun.network.state_dict())
        self._rows: list[Row] = []
        self._losses = [0.0] * len(PARTS)
        """Sums since the last row."""

        self._check_fields: tuple[Sample, ...] = ()
        self._restore()
        self._begun = self._saved = time.monotonic()

    def go(self) -> bool:
        """Learn until all steps are done; False where the time was up before."""
        request, config = self._request, self._config
        if self._learner.step == config.learning.steps:
            return True
        field = partial(
            draw_field,
            side_px=config.fields.side_px,
            data=self._data,
            real_share=config.real.share,
            dense_share=config.fields.dense,
        )
        to_learn, to_check = partial(field, seed=config.seed), partial(field, seed=config.check.seed)
        self._check_fields = next(drawn_chunks(to_check, config.check.fields, range(1), request.workers))
        with _interruptible(self._learner) as interrupted:
            try:
                on_step = partial(self._on_step, interrupted)
                train(self._learner, to_learn, config.loop(), on_step, workers=request.workers)
            except _TimeIsUp:
                return False
            finally:
                if not self._learner.learning:
                    self._save()
        return True

    def finish(self) -> Path:
        """Write the network with all that belongs to it."""
        config, folder = self._config, self._request.out / self._config.name
        trained_with = TrainingFacts(
            config_digest=self._digest,
            software=f"her2path {__version__}",
            steps=self._learner.step,
            start_sha256=self._start_sha256,
            real_data=tuple(one.doi for one in config.real.sets) if self._data else (),
        )
        network, name, version = self._learner.network, config.name, config.version
        facts = save_network(network, folder, name=name, version=version, trained_with=trained_with)
        (folder / HISTORY_FILE).write_text(history_csv(self._rows), encoding="utf-8")
        write_curves(self._rows, folder / CURVES_FILE)
        card = render_card(facts, config, self._rows, self._request.evaluation)
        (folder / CARD_FILE).write_text(card, encoding="utf-8")
        return folder

    def _on_step(self, interrupted: Event, step: int, losses: tuple[float, ...]) -> None:
        self._losses = [a + b for a, b in zip(self._losses, losses, strict=True)]
        check = step % self._config.check.every == 0 or step == self._config.learning.steps
        if check or step % ROW_EVERY == 0:
            self._add_row(step, check=check)
        self._watch.step(step, self._config.learning.steps)
        if interrupted.is_set():
            raise KeyboardInterrupt
        now, request = time.monotonic(), self._request
        if request.minutes is not None and now - self._begun >= 60 * request.minutes:
            raise _TimeIsUp
        if now - self._saved >= 60 * request.checkpoint_minutes:
            self._save()

    def _add_row(self, step: int, *, check: bool) -> None:
        since = step - int(self._rows[-1]["step"] if self._rows else 0)
        row: Row = {"step": step, "rate": rate_at(step - 1, self._config.loop())}
        row |= {name: loss / since for name, loss in zip(PARTS, self._losses, strict=True)}
        if check:
            seen = figures(self._learner.network, self._check_fields, self._learner.device)
            row |= {CHECK + name: value for name, value in asdict(seen).items()}
        self._rows.append(row)
        self._losses = [0.0] * len(PARTS)
        self._watch.row(row)

    def _save(self) -> None:
        out = self._request.out
        notes = {"digest": self._digest, "rows": json.dumps(self._rows), "losses": json.dumps(self._losses)}
        save_checkpoint(out / CHECKPOINT_FILE, self._learner, notes)
        (out / HISTORY_FILE).write_text(history_csv(self._rows), encoding="utf-8")
        write_curves(self._rows, out / CURVES_FILE)
        self._saved = time.monotonic()

    def _restore(self) -> None:
        out = self._request.out
        checkpoint = load_checkpoint(out / CHECKPOINT_FILE)
        if checkpoint is None:
            return
        if (theirs := checkpoint.notes.get("digest")) != self._digest:
            raise UsageError(
                f"{out} holds a training with another configuration or other data (digest {theirs}, this one "
                f"{self._digest}); give another --out, or remove {CHECKPOINT_FILE} there to begin anew"
            )
        self._learner.restore(checkpoint.tensors, checkpoint.step)
        self._rows = json.loads(checkpoint.notes["rows"])
        self._losses = json.loads(checkpoint.notes["losses"])


@contextmanager
def _interruptible(learner: Learner) -> Iterator[Event]:
    """Answer Ctrl-C at once, except in the middle of a step: then after it."""
    asked = Event()

    def answer(number: int, frame: FrameType | None) -> None:
        if not learner.learning:
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, answer)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def history_csv(rows: Sequence[Row]) -> str:
    """Give the history as a table; what was not looked at, or had nothing to be judged by, stays empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: value for name, value in row.items() if value == value} for row in rows)
    return text.getvalue()
