"""A training that was stopped, as one file from which it goes on: safetensors, nothing that runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from her2path.errors import WeightsError
from her2path.nets.loop import Learner

_STEP = "step"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a training goes on from."""

    step: int
    tensors: Mapping[str, Tensor]
    """``Learner.state``."""

    notes: Mapping[str, str]
    """What the run wrote beside it."""


def save_checkpoint(path: Path, learner: Learner, notes: Mapping[str, str]) -> None:
    """Write a checkpoint; the one before it stands until this one is whole."""
    new = path.with_name(f".{path.name}.new")
    save_file(learner.state(), new, {**notes, _STEP: str(learner.step)})
    new.replace(path)


def load_checkpoint(path: Path) -> Checkpoint | None:
    """Read a checkpoint; None where there is none.

    Raises
    ------
    WeightsError
        If it cannot be read.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            notes = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return Checkpoint(int(notes.pop(_STEP)), tensors, notes)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(
            f"{path} is no checkpoint of a training ({error}); remove it to begin anew, or give another --out"
        ) from error
