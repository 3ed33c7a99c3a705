"""The commands and options of the contract are there, and help comes at once."""

from collections.abc import Callable
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
