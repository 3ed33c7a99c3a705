"""A training configuration is read whole, or every mistake in it is told."""

from pathlib import Path

import pytest

from her2path.errors import ConfigurationError
from her2path.nets.loop import LoopSettings
from her2path.nets.network import NetworkSpec
from her2path.training.config import TrainingConfig, load_config

DEFAULT = Path(__file__).parents[2] / "configs" / "training" / "default.toml"


def config(**changes: object) -> TrainingConfig:
    return TrainingConfig.model_validate(changes)


def test_the_default_of_the_repository_is_read() -> None:
    loaded = load_config(DEFAULT)
    assert loaded.name == "compact"
    assert {one.folder for one in loaded.real.sets} == {"tnbc", "nuinsseg", "dsb"}
    assert all(one.licence and one.change for one in loaded.real.sets)


def test_an_empty_file_gives_the_settings_of_the_loop(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("")
    loaded = load_config(tmp_path / "empty.toml")
    assert loaded.loop() == LoopSettings()
    assert loaded.spec() == NetworkSpec()


def test_every_mistake_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "seed = -1\n[network]\nwidths = [1, 2, 3]\n[fields]\nside_px = 300\nrepeat = 2\n"
        "[learning]\nbatch = 0\n[real]\nshare = 0.5\n[[real.sets]]\ndoi = 'zenodo'\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        load_config(path)
    told = "\n".join(caught.value.problems)
    for said in (
        "seed:",
        "network.widths",
        "fields.side_px:",
        "fields.repeat: unknown key; did you mean repeats?",
        "learning.batch:",
        "real.sets[0].doi:",
        "real.sets[0].licence: is missing",
    ):
        assert said in told
    assert str(caught.value).count("mine.toml: ") == len(caught.value.problems)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"learning": {"batch": 9}, "fields": {"chunk": 4, "repeats": 2}}, "learning.batch"),
        ({"seed": 5, "check": {"seed": 5}}, "check.seed"),
        ({"real": {"share": 0.1}}, "real.sets"),
    ],
)
def test_values_that_do_not_fit_together_are_mistakes(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(**changes)


def test_the_digest_is_of_what_moves_the_weights() -> None:
    plain = config().digest(None)
    assert plain == config().digest(None)
    assert plain == config(card={"failures": ["sees cells in folds"]}).digest(None)
    others = {config(seed=2).digest(None), config(learning={"rate": 0.1}).digest(None), config().digest("ab")}
    assert len(others | {plain}) == 4
