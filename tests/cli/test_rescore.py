"""``rescore`` from stored cells: folders, single tables, other rules, recipes."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import tifffile
from PIL import Image

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


def score_of(folder: Path) -> Any:
    return orjson.loads((folder / "score.json").read_bytes())


def test_a_results_folder_is_scored_again(call: Call, results: Path, tmp_path: Path) -> None:
    ran = call("rescore", results, "--rulebook", "breast-2018", "--out", tmp_path)
    assert ran.code == 0
    first, again = score_of(results / "strong"), score_of(tmp_path / "strong")
    assert again["fractions"] == first["fractions"]
    assert again["score"] == first["score"]
    assert pyarrow.csv.read_csv(tmp_path / "cohort.csv")["slide_id"].to_pylist() == ["strong"]
    assert (tmp_path / "strong" / "report.html").is_file()


def test_a_bare_table_names_itself(call: Call, results: Path, tmp_path: Path) -> None:
    table = tmp_path / "mine.parquet"
    table.write_bytes((results / "strong" / "cells.parquet").read_bytes())
    ran = call(
        "rescore",
        table,
        "--rulebook",
        "gastric-biopsy",
        "--specimen",
        "biopsy",
        "--out",
        tmp_path / "out",
    )
    assert ran.code == 0
    assert score_of(tmp_path / "out" / "mine")["rulebook"]["id"] == "gastric-biopsy"


def test_a_recipe_that_grades_derives_the_patterns_anew(call: Call, results: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[grading]\nstained_od = 1.6\nweak_od = 1.7\nmoderate_od = 1.8\nstrong_od = 1.9\n")
    assert call("rescore", results, "--recipe", recipe, "--out", tmp_path / "out").code == 0
    assert score_of(tmp_path / "out" / "strong")["score"] == "0"


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("nowhere",), "cells.parquet"),
        (("{results}", "--rulebook", "brest-2018"), "did you mean breast-2018"),
        (("{results}", "--rulebook", "gastric-biopsy"), "--specimen"),
        (("{results}", "--mpp", "5"), "--mpp"),
        (("{results}/strong/score.json",), "Parquet"),
    ],
)
def test_what_cannot_be_used_ends_with_2(
    call: Call, results: Path, tmp_path: Path, arguments: tuple[str, ...], remedy: str
) -> None:
    filled = [argument.replace("{results}", str(results)) for argument in arguments]
    ran = call("rescore", *filled, "--out", tmp_path / "out")
    assert ran.code == 2
    assert remedy in ran.error
    assert not list((tmp_path / "out").glob("*/score.json"))


def table_with(metadata: dict[str, str], results: Path, path: Path) -> Path:
    table = pq.read_table(results / "strong" / "cells.parquet")
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


@pytest.mark.parametrize("stored", ["300", "nan", "wide"])
def test_a_stored_pixel_size_that_no_microscope_has_is_told_and_can_be_overruled(
    call: Call, results: Path, tmp_path: Path, stored: str
) -> None:
    table = table_with({"mpp_y_um": stored, "mpp_x_um": stored}, results, tmp_path / "mine.parquet")
    ran = call("rescore", table, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "mine.parquet: pixel size" in ran.error
    assert "--mpp" in ran.error
    assert call("rescore", table, "--out", tmp_path / "out", "--mpp", "0.25").code == 0
    assert score_of(tmp_path / "out" / "mine")["mpp"] == 0.25


def test_the_fate_of_a_slide_stands(call: Call, results: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    shutil.copytree(results, first)
    bad, pink = tmp_path / "bad.svs", tmp_path / "pink.png"
    bad.write_bytes(b"<html>")
    rgb = np.full((800, 800, 3), 240, np.uint8)
    rgb[100:700, 100:700] = (225, 130, 220)
    Image.fromarray(rgb).save(pink)
    assert call("score", bad, pink, "--out", first, "--mpp", "0.5").code == 1
    ran = call("rescore", first, "--out", tmp_path / "out")
    assert ran.code == 1
    for slide_id, status in (("bad", "failed"), ("pink", "not_evaluable")):
        before, after = score_of(first / slide_id), score_of(tmp_path / "out" / slide_id)
        assert after["status"] == before["status"] == status
        for key in ("reason", "flags", "area_mm2"):
            assert after[key] == before[key]
    assert score_of(tmp_path / "out" / "strong")["score"] == "3+"
    assert len(list((tmp_path / "out" / "runs").iterdir())) == 1


def test_the_map_is_registered_again(call: Call, results: Path, tmp_path: Path) -> None:
    assert call("rescore", results, "--out", tmp_path).code == 0
    before, after = (tifffile.imread(out / "strong" / "heterogeneity.ome.tif") for out in (results, tmp_path))
    assert np.array_equal(before, after, equal_nan=True)


def test_the_cells_themselves_are_not_written_over(call: Call, results: Path) -> None:
    before = score_of(results / "strong")
    for folder in (results, results / "strong"):
        ran = call("rescore", folder, "--out", results)
        assert ran.code == 2
        assert "give another folder with --out" in ran.error
    assert score_of(results / "strong") == before


def test_one_bad_table_of_several_keeps_none_of_the_others(call: Call, results: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    shutil.copytree(results / "strong", first / "strong")
    (first / "broken").mkdir()
    (first / "broken" / "cells.parquet").write_bytes(b"PAR1")
    ran = call("rescore", first, "--out", tmp_path / "out")
    assert ran.code == 1
    assert "broken" in ran.error
    assert score_of(tmp_path / "out" / "strong")["score"] == "3+"


def test_mistakes_in_path_and_rules_are_told_at_once(call: Call, tmp_path: Path) -> None:
    ran = call("rescore", tmp_path / "nowhere", "--rulebook", "brest-2018", "--out", tmp_path / "out")
    assert ran.code == 2
    assert len(ran.error.splitlines()) == 2


ISH = "slide_id,ratio,copies,cells\n"


def ish_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ish.csv"
    path.write_text(ISH + text, encoding="utf-8")
    return path


def test_ish_settles_the_status_and_stands_when_scored_again(
    call: Call, results: Path, tmp_path: Path
) -> None:
    path = ish_file(tmp_path, "strong,1.3,2.1,20\nelsewhere,3.0,8.0,20\n")
    ran = call("rescore", results, "--ish", path, "--out", tmp_path / "first")
    assert ran.code == 0
    assert "no cells here for elsewhere" in ran.error
    first = score_of(tmp_path / "first" / "strong")
    assert (first["score"], first["her2_status"], first["tag"]) == ("3+", "positive", "her2-positive")
    assert (first["ish"]["result"], first["ish"]["reading"]["ratio"]) == ("group-5", 1.3)
    assert "ISH_DISCORDANT" in {flag["code"] for flag in first["flags"]}
    assert call("rescore", tmp_path / "first", "--out", tmp_path / "again").code == 0
    assert score_of(tmp_path / "again" / "strong")["ish"] == first["ish"]
    # Rules that cannot read it leave it out.
    other = ("--rulebook", "breast-2013", "--out", tmp_path / "other")
    assert call("rescore", tmp_path / "first", *other).code == 0
    assert score_of(tmp_path / "other" / "strong")["ish"] is None


@pytest.mark.parametrize(
    ("rows", "rulebook", "messages"),
    [
        ("strong,1.3,,20\nstrong,x,2,20\n", "breast-2018", ("row 2, column copies", "row 3, column ratio")),
        ("elsewhere,1.3,2.1,20\n", "breast-2018", ("none of the slides here (strong)",)),
        ("strong,1.3,2.1,20\n", "gastric-resection", ("says nothing of ISH", "--specimen")),
    ],
)
def test_mistakes_in_ish_are_told_at_once(
    call: Call, results: Path, tmp_path: Path, rows: str, rulebook: str, messages: tuple[str, ...]
) -> None:
    path = ish_file(tmp_path, rows)
    ran = call("rescore", results, "--ish", path, "--rulebook", rulebook, "--out", tmp_path / "out")
    assert ran.code == 2
    for message in messages:
        assert message in ran.error
    assert not list((tmp_path / "out").glob("*/score.json"))


def test_stored_cells_need_no_reader_of_slides_and_no_network(results: Path, tmp_path: Path) -> None:
    program = f"""
import sys
sys.argv = ["her2path", "rescore", {str(results)!r}, "--out", {str(tmp_path / "out")!r}, "--quiet"]
try:
    from her2path.cli import main
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print([name for name in ("torch", "openslide", "dask") if name in sys.modules])
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert score_of(tmp_path / "out" / "strong")["score"] == "3+"
