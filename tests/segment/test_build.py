"""Engine and device: what is not to be had is said before any work."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from her2path.errors import UsageError
from her2path.nets import weights
from her2path.nets.network import CellNet
from her2path.segment import build
from her2path.segment.build import build_segmenter, lacking_for_cnn


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> weights.ModelFacts:
    """A network of random weights comes with the program."""
    folder = tmp_path / weights.DEFAULT_NETWORK
    monkeypatch.setattr(weights, "_shipped", lambda: (folder,))
    facts = weights.TrainingFacts(config_digest="", software="test", steps=0)
    return weights.save_network(CellNet(), folder, name="random", version="0", trained_with=facts)


@pytest.fixture
def none_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_shipped", lambda: ())


def test_the_network_finds_the_cells_where_it_can_run(shipped: weights.ModelFacts) -> None:
    for engine in ("auto", "cnn"):
        segmenter = build_segmenter(engine, "cpu")
        assert (segmenter.name, segmenter.device) == ("cnn", "cpu")
        assert segmenter.weights is not None
        assert (segmenter.weights.name, segmenter.weights.sha256) == ("random", shipped.sha256)
    classical = build_segmenter("classical", "cpu")
    assert (classical.name, classical.device, classical.weights) == ("classical", "cpu", None)


@pytest.mark.usefixtures("none_shipped")
def test_without_a_network_the_rules_find_them() -> None:
    assert build_segmenter("auto", "auto").name == "classical"
    assert lacking_for_cnn() == "no network comes with this version"


@pytest.mark.usefixtures("shipped")
def test_without_torch_the_rules_find_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lacking_for_cnn() is None
    monkeypatch.setattr(build, "NEEDED", ("numpy", "no_such_library"))
    assert build_segmenter("auto", "auto").name == "classical"
    with pytest.raises(UsageError, match=r"no_such_library not installed; pip install 'her2path\[cnn\]'"):
        build_segmenter("cnn", "cpu")


@pytest.mark.usefixtures("none_shipped")
@pytest.mark.parametrize(
    ("engine", "device", "remedy"),
    [
        ("cnn", "auto", "--engine classical"),
        ("classical", "cuda", "leave --device out"),
        ("auto", "cuda", "leave --device out"),
        ("auto", "tpu", "auto, cpu, cuda"),
    ],
)
def test_what_is_not_there_is_refused_with_the_remedy(engine: str, device: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy):
        build_segmenter(engine, device)  # type: ignore[arg-type]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.usefixtures("shipped")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="--device cpu"):
        build_segmenter("auto", "cuda")


def test_the_classical_engine_needs_no_torch() -> None:
    program = (
        "import sys; from her2path.segment.build import build_segmenter; "
        "build_segmenter('classical', 'auto'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
