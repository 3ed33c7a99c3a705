"""The layers of pyproject.toml hold, and asking for help costs next to nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "cv2", "openslide", "dask", "scipy", "pandas", "matplotlib", "pyarrow", "esda", "numba")

HELP = f"""
import json, sys
sys.argv = ["her2path", "--help"]
try:
    from her2path.cli import main
    main()
except SystemExit as stop:
    code = stop.code or 0
print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]))
"""


def test_import_contracts_hold() -> None:
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", lint, "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=True)
    code, heavy = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    assert heavy == []


@pytest.mark.parametrize("module", ["arrays", "errors", "flags", "cells.table", "image.geometry"])
def test_the_bottom_stands_alone(module: str) -> None:
    """A value type of the core can be used without any of the libraries that read, compute or draw."""
    program = f"import sys, her2path.{module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
