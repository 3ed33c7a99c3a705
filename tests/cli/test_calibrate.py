"""Controls in, a recipe fragment out that --recipe takes; controls that do not carry it are refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pytest

from her2path.store.recipes import load_recipe
from her2path.store.tables import StoredCells, read_cells, write_cells

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]
ABOUT = ("--assay", "HER2 IHC", "--clone", "4B5", "--scanner", 'the "old" one', "--date", "2026-01-31")


@pytest.fixture
def controls(results: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of controls from the cells of a scored slide."""
    stored = read_cells(results / "strong" / "cells.parquet").cells
    cells = stored.take(np.flatnonzero(stored.counted)[:150])

    def write(folder: str, od: list[float], stained: list[int]) -> Path:
        for k, (density, n) in enumerate(zip(od, stained, strict=True)):
            table = replace(
                cells,
                membrane_od=np.full(len(cells), density, np.float32),
                pattern=(np.arange(len(cells)) < n).astype(np.int8),
            )
            (tmp_path / folder / f"c{k}").mkdir(parents=True)
            write_cells(StoredCells(table), tmp_path / folder / f"c{k}" / "cells.parquet")
        return tmp_path / folder

    return write


def test_the_limit_of_blank_becomes_a_recipe(
    call: Call, controls: Callable[..., Path], tmp_path: Path
) -> None:
    negative = controls("negative", [0.03] * 20, [0, 3] * 10)
    low = controls("low", [0.1] * 20, [15, 30] * 10)
    out = tmp_path / "blank.toml"
    ran = call("calibrate-blank", negative, "--low", low, "--clone", "4B5", "--out", out)
    assert ran.code == 0
    assert "limit of blank" in ran.out
    recipe = load_recipe(out)
    sd = 0.01 * (20 / 19) ** 0.5
    assert recipe.statistics.presence_limit_of_blank == pytest.approx(0.01 + 1.645 * sd, abs=1e-6)
    assert recipe.statistics.presence_limit_of_detection == pytest.approx(0.01 + 1.645 * 6 * sd, abs=1e-6)
    assert recipe.clone == "4B5"


def test_too_few_negative_controls_are_refused(
    call: Call, controls: Callable[..., Path], tmp_path: Path
) -> None:
    negative = controls("negative", [0.03] * 19, [0] * 19)
    ran = call("calibrate-blank", negative, "--out", tmp_path / "blank.toml")
    assert ran.code == 2
    assert "19 negative controls; at least 20" in ran.error
    assert not (tmp_path / "blank.toml").exists()


def test_a_calibration_is_applied_by_recipe(
    call: Call, controls: Callable[..., Path], results: Path, tmp_path: Path
) -> None:
    folder = controls("levels", [0.02, 0.2, 0.4, 0.7], [0] * 4)
    expected = [0.01, 0.1, 0.2, 0.61]
    rows = "".join(f"c{k},level {k},{od}\n" for k, od in enumerate(expected))
    (folder / "controls.csv").write_text(f"path,level,expected_od\n{rows}")
    out = tmp_path / "calibration.toml"
    ran = call("calibrate", folder / "controls.csv", *ABOUT, "--out", out)
    assert ran.code == 0
    calibration = load_recipe(out).grading.calibration
    assert calibration is not None
    assert calibration.expected_od == tuple(expected)
    assert (calibration.scanner, calibration.date.isoformat()) == ('the "old" one', "2026-01-31")
    # Every density is about halved: the 3+ slide is weaker than before, and its stored densities are not.
    assert call("rescore", results, "--recipe", out, "--out", tmp_path / "again").code == 0
    first, again = (
        orjson.loads((root / "strong" / "score.json").read_bytes()) for root in (results, tmp_path / "again")
    )
    assert again["h_score"] < first["h_score"]
    assert again["continuous"]["calibrated"]
    before, after = (
        read_cells(root / "strong" / "cells.parquet").cells for root in (results, tmp_path / "again")
    )
    assert np.array_equal(before.membrane_od, after.membrane_od, equal_nan=True)


def test_cut_offs_outside_the_controls_are_refused(
    call: Call, controls: Callable[..., Path], tmp_path: Path
) -> None:
    folder = controls("levels", [0.02, 0.2, 0.4], [0] * 3)
    (folder / "controls.csv").write_text("path,level,expected_od\nc0,0,0.02\nc1,1+,0.2\nc2,2+,0.5\n")
    ran = call("calibrate", folder / "controls.csv", *ABOUT, "--out", tmp_path / "x.toml")
    assert ran.code == 2
    assert "cut-offs 0.6 lie outside what the controls of the calibration support, 0.02 to 0.5" in ran.error
    assert not (tmp_path / "x.toml").exists()


def test_an_output_that_cannot_be_written(call: Call, controls: Callable[..., Path], tmp_path: Path) -> None:
    negative = controls("negative", [0.03] * 20, [0] * 20)
    ran = call("calibrate-blank", negative, "--out", tmp_path / "no" / "blank.toml")
    assert ran.code == 2
    assert "cannot be written" in ran.error
