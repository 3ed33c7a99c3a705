"""An installed her2path works away from its checkout: what it reads at run time is in the wheel."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel, as an installer would leave it."""
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; it comes with the dev extra")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.parametrize("folder", ["recipes", "rulebooks", "stains"])
def test_the_configuration_travels(installed: Path, folder: str) -> None:
    here = sorted(path.name for path in (ROOT / "configs" / folder).rglob("*.toml"))
    there = sorted(
        path.name for path in (installed / "her2path" / "_data" / "configs" / folder).rglob("*.toml")
    )
    assert there == here


def test_the_network_travels_with_its_card(installed: Path) -> None:
    here = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "models").rglob("*") if path.is_file())
    data = installed / "her2path" / "_data"
    there = sorted(str(path.relative_to(data)) for path in (data / "models").rglob("*") if path.is_file())
    assert there == here
    assert {"models/compact/card.md", "models/compact/weights.safetensors"} <= set(there)


def test_every_file_of_the_package_travels(installed: Path) -> None:
    def files(package: Path) -> set[str]:
        found = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path.relative_to(package)) for path in found}

    there = {name for name in files(installed / "her2path") if not name.startswith("_data")}
    assert there == files(ROOT / "her2path")
    assert {"py.typed", "report/templates/report.html.j2"} <= there


def test_the_rulebooks_are_found_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "her2path", "rulebooks"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "breast-2018" in done.stdout
    assert "gastric-biopsy" in done.stdout
