"""The commands and options of the contract are there, and help comes at once."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from her2path import DISCLAIMER, __version__

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


def test_help_names_the_commands_and_says_what_the_program_is_for(call: Call) -> None:
    ran = call("--help")
    assert ran.code == 0
    for command in ("score", "rescore", "rulebooks", "cases", "info", "phantom", "doctor"):
        assert command in ran.out
    assert DISCLAIMER.split(".")[0] in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "score",
            "--out --rulebook --specimen --mpp --include --exclude --engine --device --workers --recipe "
            "--overwrite --quiet --log-json --geojson",
        ),
        ("rescore", "--out --rulebook --specimen --mpp --recipe --ish"),
        ("rulebooks", "--check"),
        ("cases", "--out"),
        ("phantom", "--out"),
    ],
)
def test_every_option_of_the_contract(
    call: Call, command: str, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    text = call(command, "--help").out
    assert [option for option in options.split() if option not in text] == []


def test_version(call: Call) -> None:
    assert call("--version").out == f"her2path {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("score",),
        ("score", "a.svs"),
        ("score", "a.svs", "--out", "x", "--engine", "magic"),
        ("score", "a.svs", "--out", "x", "--specimen", "hair"),
        ("score", "a.svs", "--out", "x", "--workers", "0"),
        ("scoer",),
    ],
)
def test_what_cannot_be_parsed_ends_with_2(call: Call, arguments: tuple[str, ...]) -> None:
    assert call(*arguments).code == 2


def test_phantoms_are_drawn_from_a_recipe(call: Call, tmp_path: Path) -> None:
    recipe = tmp_path / "phantom.toml"
    recipe.write_text('[[slide]]\nname = "tiny"\nsize_px = [512, 512]\npatterns = { N = 1.0 }\n')
    ran = call("phantom", recipe, "--out", tmp_path / "out")
    assert ran.code == 0
    assert ran.out.strip().endswith("tiny.svs")
    assert (tmp_path / "out" / "tiny.truth.parquet").is_file()


def test_a_phantom_recipe_with_mistakes_ends_with_2(call: Call, tmp_path: Path) -> None:
    recipe = tmp_path / "phantom.toml"
    recipe.write_text('[[slide]]\nname = "tiny"\nsize_px = [512, 512]\npatterns = { XX = 0.5 }\n')
    ran = call("phantom", recipe, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "XX" in ran.error
