"""A run that was stopped ends as one that was not; one folder holds one training."""

import csv
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from her2path.errors import UsageError
from her2path.nets.sample import Sample
from her2path.nets.weights import CARD_FILE, MODEL_FILE, WEIGHTS_FILE, load_network
from her2path.training import run as module
from her2path.training.config import TrainingConfig
from her2path.training.run import CHECKPOINT_FILE, CURVES_FILE, HISTORY_FILE, TrainingRequest, run_training
from her2path.training.scenes import draw_scene

TINY = {
    "network": {"widths": [4, 4, 4, 4], "hidden": 4},
    "fields": {"side_px": 256, "chunk": 2, "repeats": 2},
    "learning": {"steps": 7, "batch": 1},
    "check": {"fields": 1, "every": 3},
}


class Onlooker:
    """Remembers what it was told; interrupts the program after a step."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.steps: list[int] = []
        self.rows: list[int] = []
        self.interrupt_after = interrupt_after

    def step(self, done: int, steps: int) -> None:
        assert steps == 7
        self.steps.append(done)
        if done == self.interrupt_after:
            os.kill(os.getpid(), signal.SIGINT)

    def row(self, row: Mapping[str, float]) -> None:
        self.rows.append(int(row["step"]))


@pytest.fixture(scope="module")
def scenes() -> list[Sample]:
    return [draw_scene(index, 1, 256) for index in (2, 4)]


@pytest.fixture(autouse=True)
def _few_scenes(monkeypatch: pytest.MonkeyPatch, scenes: list[Sample]) -> None:
    """Two fields serve for all, and no picture is drawn: scenes and curves are tested elsewhere."""
    monkeypatch.setattr(module, "write_curves", lambda rows, path: path.write_text(repr(rows)))
    monkeypatch.setattr(module, "draw_field", lambda index, *, seed, **_: scenes[(index + seed) % 2])


def request(out: Path, minutes: float | None = None, **changes: object) -> TrainingRequest:
    out.mkdir(exist_ok=True)
    config = TrainingConfig.model_validate({**TINY, **changes})
    return TrainingRequest(config=config, out=out, device="cpu", minutes=minutes)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_run_leaves_a_network_with_its_card(tmp_path: Path) -> None:
    onlooker = Onlooker()
    folder = run_training(request(tmp_path), onlooker)
    assert folder == tmp_path / "compact"
    assert set(contents(folder)) == {WEIGHTS_FILE, MODEL_FILE, CARD_FILE, CURVES_FILE, HISTORY_FILE}
    assert load_network(folder).facts.trained_with.steps == 7
    assert onlooker.steps == list(range(1, 8))
    assert onlooker.rows == [3, 6, 7]
    rows = list(csv.DictReader((folder / HISTORY_FILE).read_text().splitlines()))
    assert [row["step"] for row in rows] == ["3", "6", "7"]
    assert all(float(row["check_loss"]) > 0 and float(row["centre"]) > 0 for row in rows)


@pytest.mark.parametrize("stop", [2, 4, 6])
def test_interrupted_and_resumed_is_undisturbed(tmp_path: Path, stop: int) -> None:
    whole = run_training(request(tmp_path / "whole"), Onlooker())
    with pytest.raises(KeyboardInterrupt):
        run_training(request(tmp_path / "stopped"), Onlooker(interrupt_after=stop))
    onlooker = Onlooker()
    resumed = run_training(request(tmp_path / "stopped"), onlooker)
    assert onlooker.steps[0] == stop + 1
    assert whole is not None
    assert resumed is not None
    assert contents(resumed) == contents(whole)


def test_an_interrupted_run_leaves_signals_as_they_were(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run_training(request(tmp_path), Onlooker(interrupt_after=1))
    assert signal.getsignal(signal.SIGINT) is before


def test_time_that_is_up_leaves_a_checkpoint_and_no_network(tmp_path: Path) -> None:
    assert run_training(request(tmp_path, minutes=0.0), Onlooker()) is None
    assert (tmp_path / CHECKPOINT_FILE).exists()
    assert not (tmp_path / "compact").exists()


def test_a_folder_holds_one_training(tmp_path: Path) -> None:
    run_training(request(tmp_path, minutes=0.0), Onlooker())
    with pytest.raises(UsageError, match="holds a training with another configuration"):
        run_training(request(tmp_path, seed=2), Onlooker())


def test_a_finished_run_is_not_repeated_but_its_card_is_written_anew(tmp_path: Path) -> None:
    run_training(request(tmp_path), Onlooker())
    onlooker = Onlooker()
    folder = run_training(request(tmp_path, card={"failures": ["Folds."]}), onlooker)
    assert onlooker.steps == []
    assert folder is not None
    assert "- Folds." in (folder / CARD_FILE).read_text()


def test_without_data_a_share_of_real_fields_is_none(tmp_path: Path) -> None:
    real = {
        "share": 0.5,
        "sets": [{"doi": "10.1000/x", "title": "x", "licence": "CC0", "folder": "x", "change": "none"}],
    }
    folder = run_training(request(tmp_path, real=real), Onlooker())
    assert folder is not None
    assert load_network(folder).facts.trained_with.real_data == ()


def test_a_second_training_goes_on_from_the_first(tmp_path: Path) -> None:
    first = run_training(request(tmp_path / "first"), Onlooker())
    assert first is not None
    further = replace(request(tmp_path / "second"), start=first)
    second = run_training(further, Onlooker())
    alone = run_training(request(tmp_path / "alone"), Onlooker())
    assert second is not None
    assert alone is not None
    facts = load_network(second).facts
    assert facts.trained_with.start_sha256 == load_network(first).facts.sha256
    assert facts.sha256 != load_network(alone).facts.sha256
    assert "--start FIRST" in (second / CARD_FILE).read_text()
    with pytest.raises(UsageError, match="another configuration"):
        run_training(replace(further, start=None), Onlooker())
