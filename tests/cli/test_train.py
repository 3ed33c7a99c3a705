"""``her2path train`` as its users call it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from her2path.nets.weights import load_network

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]

TINY = """
[network]
widths = [4, 4, 4, 4]
hidden = 4
[fields]
side_px = 256
chunk = 1
repeats = 1
[learning]
steps = 1
batch = 1
[check]
fields = 1
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.mark.slow
def test_a_network_is_trained(call: Call, config: Path, tmp_path: Path) -> None:
    ran = call("train", config, "--out", tmp_path / "out", "--workers", 0, "--device", "cpu")
    assert ran.code == 0
    assert "step 1: loss" in ran.out
    assert str(tmp_path / "out" / "compact") in ran.out
    assert load_network(tmp_path / "out" / "compact").facts.trained_with.steps == 1


@pytest.mark.slow
def test_time_that_is_up_is_told(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(TINY.replace("steps = 1", "steps = 2"))
    ran = call("train", path, "--out", tmp_path / "out", "--workers", 0, "--minutes", 0)
    assert ran.code == 1
    assert "the same command goes on" in ran.out


def test_every_mistake_is_told_before_anything_is_begun(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("steps = 4\nseed = -1\n")
    (tmp_path / "figures.json").write_text(json.dumps({"engines": {"classical": {}}}))
    ran = call(
        "train", tmp_path / "bad.toml", "--out", tmp_path / "out",
        "--data", tmp_path / "nowhere", "--evaluation", tmp_path / "figures.json",
    )  # fmt: skip
    assert ran.code == 2
    for said in ("steps: unknown key", "seed:", "nowhere: no such folder", "holds nothing of the engine cnn"):
        assert said in ran.error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [None, "not json"])
def test_an_evaluation_that_is_none_is_refused(
    call: Call, config: Path, tmp_path: Path, content: str | None
) -> None:
    if content:
        (tmp_path / "figures.json").write_text(content)
    ran = call("train", config, "--out", tmp_path / "out", "--evaluation", tmp_path / "figures.json")
    assert ran.code == 2
    assert "--evaluation" in ran.error
