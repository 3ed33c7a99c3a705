"""The program as its users call it, without a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from her2path.cli import EXIT_UNUSABLE
from her2path.cli.app import app
from her2path.errors import OutputError, UsageError


@dataclass(frozen=True)
class Ran:
    """How a call ended."""

    code: int
    out: str
    error: str
    """What ``main`` prints on stderr, or the program printed there itself."""


@pytest.fixture(scope="session")
def call() -> Callable[..., Ran]:
    """Call ``her2path`` with arguments; errors that ``main`` turns into a line and a code come back so."""

    def run(*arguments: object) -> Ran:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        error = result.exception
        if isinstance(error, UsageError | OutputError):
            return Ran(EXIT_UNUSABLE, result.stdout, f"her2path: {error}\n")
        if error is not None and not isinstance(error, SystemExit):
            raise error
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="session")
def results(call: Callable[..., Ran], strong_svs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of the small 3+ slide."""
    out = tmp_path_factory.mktemp("results")
    assert call("score", strong_svs, "--out", out, "--geojson").code == 0
    return out
