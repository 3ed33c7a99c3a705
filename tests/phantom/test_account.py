from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from her2path.phantom import PhantomSpec, SlideSpec, write_phantoms
from her2path.phantom.account import score_of


def written(folder: Path, **keys: Any) -> tuple[pa.Table, dict[str, Any], Path]:
    asked = {"name": "t", "size_px": (840, 480), "mpp": 0.3, "seed": 3, "patterns": {"N": 1.0}} | keys
    (path,) = write_phantoms(PhantomSpec(slides=(SlideSpec.model_validate(asked),)), folder)
    truth: dict[str, Any] = orjson.loads(path.with_suffix(".truth.json").read_bytes())
    return pq.read_table(path.with_suffix(".truth.parquet")), truth, path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return written(tmp_path_factory.mktemp("plain"))[0]


def test_cells_are_scored_by_their_patterns() -> None:
    known = score_of(pa.table({"pattern": pa.array(["SC"] * 30 + ["N"] * 70)}))
    assert (known["score"], known["n_cells"]) == ("3+", 100)


@pytest.mark.slow
def test_a_control_is_graded_and_never_counted(tmp_path: Path) -> None:
    table, truth, _ = written(tmp_path, size_px=(800, 1200), mpp=0.5, tissue={"control": "3+", "share": 0.7})
    in_control, counted = table["in_control"].to_numpy(), table["counted"].to_numpy()
    assert truth["score"] == "0"
    assert (truth["control"]["asked"], truth["control"]["score"]) == ("3+", "3+")
    assert truth["control"]["n_cells"] > 15
    assert not (in_control & counted).any()
    assert truth["n_cells"] == counted.sum() > 100


def test_every_core_of_an_array_has_its_own_account(tmp_path: Path) -> None:
    array = {"shape": "array", "grid": [1, 2], "core_mm": 0.12, "pitch_mm": 0.14, "missing": ["A2"]}
    table, truth, _ = written(tmp_path, size_px=(440, 900), tissue=array)
    first, second = truth["cores"]
    assert (first["label"], first["state"], first["score"]) == ("A1", "whole", "0")
    assert first["n_cells"] == truth["n_cells"] > 10
    assert (second["state"], second["score"], second["n_cells"]) == ("missing", None, 0)
    assert abs(table["x_px"].to_numpy().mean() - first["x_px"]) < 60


@pytest.mark.parametrize("stain", ["h-e", "fluorescence"])
def test_a_slide_in_another_stain_has_no_score(tmp_path: Path, stain: str) -> None:
    table, truth, _ = written(tmp_path, size_px=(300, 300), stain=stain)
    assert (truth["score"], truth["category"], truth["fractions"], truth["n_cells"]) == (None, None, None, 0)
    assert not table["counted"].to_numpy().any()


@pytest.mark.parametrize("confounders", [{"bubble": 0.3}, {"coverslip": True}, {"ink_margin": "black"}])
def test_what_hides_cells_takes_them_from_the_count_alone(
    plain: pa.Table, tmp_path: Path, confounders: dict[str, Any]
) -> None:
    hidden, truth, _ = written(tmp_path, confounders=confounders)
    assert hidden.drop(["counted"]).equals(plain.drop(["counted"]))
    before, after = plain["counted"].to_numpy(), hidden["counted"].to_numpy()
    assert not (after & ~before).any()
    assert 0.05 * before.sum() < after.sum() < 0.97 * before.sum()
    assert truth["n_cells"] == after.sum()


def test_cells_of_a_displaced_strip_are_where_the_scan_shows_them(plain: pa.Table, tmp_path: Path) -> None:
    seam, _, _ = written(tmp_path, confounders={"seam_um": 4})
    first = plain["y_px"].to_numpy() < 733
    shown = seam["y_px"].to_numpy() < 733
    assert (
        plain.filter(pa.array(first)).drop(["counted"]).equals(seam.filter(pa.array(shown)).drop(["counted"]))
    )
    moved = set(zip(*(seam[name].to_numpy()[~shown].tolist() for name in ("y_px", "x_px")), strict=True))
    expected = zip(*(plain[name].to_numpy()[~first].tolist() for name in ("y_px", "x_px")), strict=True)
    assert np.mean([(y, x - 13) in moved for y, x in expected if x >= 13]) == 1
