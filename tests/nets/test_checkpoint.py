"""A training goes on from a file as it would have from memory, and a damaged file is said to be damaged."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from her2path.errors import WeightsError
from her2path.nets.checkpoint import load_checkpoint, save_checkpoint
from her2path.nets.loop import Learner, LoopSettings, train
from her2path.nets.network import NetworkSpec
from her2path.nets.sample import Sample

CPU = torch.device("cpu")


def test_a_learner_comes_back_whole(
    toy: Callable[[int], Sample],
    tiny_spec: NetworkSpec,
    tiny_settings: Callable[..., LoopSettings],
    tmp_path: Path,
) -> None:
    learner = Learner.begin(tiny_spec, tiny_settings(steps=2), CPU)
    train(learner, toy, tiny_settings(steps=2), lambda *_: None)
    save_checkpoint(tmp_path / "c.safetensors", learner, {"digest": "abc", "history": "[]"})
    checkpoint = load_checkpoint(tmp_path / "c.safetensors")
    assert checkpoint is not None
    assert (checkpoint.step, dict(checkpoint.notes)) == (2, {"digest": "abc", "history": "[]"})
    there = learner.state()
    assert set(checkpoint.tensors) == set(there)
    assert any(name.startswith("exp_avg_sq.") for name in there)
    assert all(torch.equal(value, there[name]) for name, value in checkpoint.tensors.items())
    assert [path.name for path in tmp_path.iterdir()] == ["c.safetensors"]


def test_nothing_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "c.safetensors") is None


@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\x02\0\0\0\0\0\0\0{}"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=r"c\.safetensors is no checkpoint .* remove it"):
        load_checkpoint(tmp_path / "c.safetensors")
