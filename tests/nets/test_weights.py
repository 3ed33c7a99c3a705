"""Weights are the ones that their model.toml tells of, or they are not used."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from her2path import resources
from her2path.errors import UsageError, WeightsError
from her2path.nets.network import CellNet, NetworkSpec
from her2path.nets.weights import (
    MODEL_FILE,
    WEIGHTS_FILE,
    TrainingFacts,
    load_network,
    read_facts,
    save_network,
    shipped_folder,
    shipped_networks,
)

TRAINED_WITH = TrainingFacts(
    config_digest="0123456789abcdef", software='her2path "0"', steps=7, real_data=("10.5281/zenodo.1",)
)


@pytest.fixture
def folder(tmp_path: Path, tiny_spec: NetworkSpec) -> Path:
    torch.manual_seed(1)
    save_network(CellNet(tiny_spec), tmp_path / "tiny", name="tiny", version="1.2", trained_with=TRAINED_WITH)
    return tmp_path / "tiny"


def test_a_network_comes_back_as_it_was(folder: Path, tiny_spec: NetworkSpec) -> None:
    torch.manual_seed(1)
    network, light = CellNet(tiny_spec).eval(), torch.rand(1, 3, 64, 64)
    trained = load_network(folder)
    assert not trained.network.training
    assert trained.network.spec == tiny_spec
    assert torch.equal(
        trained.network.maps(trained.network.features(light)), network.maps(network.features(light))
    )


def test_the_facts_stand_in_plain_toml(folder: Path) -> None:
    facts = tomllib.loads((folder / MODEL_FILE).read_text())
    assert facts["schema"] == "her2path.model/1"
    assert facts["input"] == {"mpp_um": 0.25, "stride": 4}
    assert facts["network"]["kinds"] == ["tumour", "stroma", "lymphocyte", "other"]
    assert facts["trained_with"] == {
        "config_digest": "0123456789abcdef",
        "software": 'her2path "0"',
        "steps": 7,
        "real_data": ["10.5281/zenodo.1"],
        "start_sha256": "",
    }
    assert facts["parameters"] == sum(p.numel() for p in load_network(folder).network.parameters())
    assert read_facts(folder).trained_with == TRAINED_WITH


def change(name: str, old: str, new: str) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return spoil


def flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS_FILE).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / WEIGHTS_FILE).unlink(), "weights.safetensors cannot be read"),
        (lambda folder: (folder / MODEL_FILE).unlink(), "model.toml cannot be read"),
        (flip_a_bit, "SHA-256 differs"),
        (change(MODEL_FILE, "[network]", "[network"), "is not TOML"),
        (change(MODEL_FILE, "steps = 7", 'steps = "many"'), "trained_with.steps"),
        (change(MODEL_FILE, "hidden = 16", "hidden = 17"), "is not of the network"),
        (change(MODEL_FILE, "mpp_um = 0.25", "mpp_um = 0.5"), "use the version it was trained with"),
        (change(MODEL_FILE, "her2path.model/1", "her2path.model/2"), "schema"),
    ],
)
def test_what_is_missing_damaged_or_of_another_is_refused(
    folder: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(folder)
    with pytest.raises(WeightsError, match=said):
        load_network(folder)


def test_weights_that_cannot_be_used_are_a_matter_of_what_was_asked_for() -> None:
    assert issubclass(WeightsError, UsageError)


def test_shipped_networks_are_found_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "site" / "her2path"
    (package / "_data" / "models").mkdir(parents=True)
    folder.rename(package / "_data" / "models" / "tiny")
    monkeypatch.setattr(resources, "PACKAGE", package)
    assert shipped_networks() == ("tiny",)
    assert load_network(shipped_folder("tiny")).facts.name == "tiny"
    with pytest.raises(WeightsError, match=r"no network 'compact' .* known: tiny"):
        shipped_folder()


def test_an_installation_without_networks_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resources, "PACKAGE", tmp_path / "her2path")
    assert shipped_networks() == ()
    with pytest.raises(WeightsError, match="none in this installation"):
        shipped_folder()
