"""``score``: what a run leaves behind, and how every kind of bad input ends: a line, a status, a code."""

import shutil
import subprocess
import sys
from collections import Counter
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

from her2path.cells.table import COLUMNS
from her2path.cli.console import Console
from her2path.store.cohort import COHORT_COLUMNS
from her2path.store.runs import SCORE_KEYS

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]

FILES = {
    "score.json",
    "cells.parquet",
    "heterogeneity.parquet",
    "heterogeneity.ome.tif",
    "report.html",
    "run.json",
    "thumbnail.jpg",
    "cells.geojson.gz",
}

RULEBOOK_WITH_MISTAKES = """
id = "mine"
version = 3
colour = "blue"
"""


def score_of(folder: Path) -> Any:
    return orjson.loads((folder / "score.json").read_bytes())


def test_a_scored_slide_leaves_every_file(results: Path) -> None:
    folder = results / "strong"
    assert {path.name for path in folder.iterdir()} == FILES
    score = score_of(folder)
    assert set(SCORE_KEYS) <= set(score)
    assert score["score"] == "3+"
    assert pq.read_table(folder / "cells.parquet").column_names == [column.name for column in COLUMNS]
    assert (results / "cohort.parquet").is_file()
    assert len(list((results / "runs").glob("*.json"))) == 1
    page = (folder / "report.html").read_text()
    assert "For Research Use Only" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_cohort_table_has_the_columns_of_the_contract(results: Path) -> None:
    table = pyarrow.csv.read_csv(results / "cohort.csv")
    assert table.column_names == list(COHORT_COLUMNS)
    assert table["status"].to_pylist() == ["scored"]


def test_bad_slides_are_named_and_the_good_one_is_scored(
    call: Call, strong_svs: Path, tmp_path: Path
) -> None:
    def bad(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    field = tmp_path / "field.png"
    Image.fromarray(np.full((300, 300, 3), 220, np.uint8)).save(field)
    printer = tmp_path / "printer.tif"
    tifffile.imwrite(
        printer,
        np.full((512, 512, 3), 220, np.uint8),
        tile=(256, 256),
        resolution=(72, 72),
        resolutionunit="INCH",
    )
    reasons = {
        tmp_path / "missing.svs": "check the path",
        bad("empty.svs", b""): "copy or download it again",
        bad("page.svs", b"<!DOCTYPE html><html></html>"): "web page",
        bad("short.svs", strong_svs.read_bytes()[:50_000]): "again",
        bad("noise.tif", b"II*\x00" + bytes(range(256)) * 20): "again",
        field: "--mpp",
        printer: "72 dpi",
    }
    out = tmp_path / "out"
    ran = call("score", *reasons, strong_svs, "--out", out)
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert len(lines) == len(reasons) + 1
    assert "Traceback" not in ran.out + ran.error
    for line, (path, remedy) in zip(lines, reasons.items(), strict=False):
        score = score_of(out / path.stem)
        assert line.startswith(f"{path.stem}: failed: ")
        assert (score["status"], score["score"], score["category"]) == ("failed", None, None)
        assert remedy in score["reason"]
    assert score_of(out / "strong")["score"] == "3+"
    table = pyarrow.csv.read_csv(out / "cohort.csv")
    assert Counter(table["status"].to_pylist()) == {"failed": len(reasons), "scored": 1}


def test_nothing_to_score_is_no_failure(call: Call, tmp_path: Path) -> None:
    glass = tmp_path / "glass.png"
    Image.fromarray(np.full((900, 900, 3), 238, np.uint8)).save(glass)
    ran = call("score", glass, "--mpp", "0.25", "--out", tmp_path / "out")
    assert ran.code == 0
    score = score_of(tmp_path / "out" / "glass")
    assert (score["status"], score["score"], score["mpp_source"]) == ("not_evaluable", None, "given")
    assert "no tissue" in score["reason"]


@pytest.mark.realdata
def test_another_stain_is_refused(call: Call, realdata: Path, tmp_path: Path) -> None:
    ran = call("score", realdata / "slides" / "cmu_small_region.svs", "--out", tmp_path)
    assert ran.code == 0
    score = score_of(tmp_path / "cmu_small_region")
    assert (score["status"], score["score"]) == ("not_evaluable", None)
    assert "H&E" in score["reason"]
    areas = score["area_mm2"]
    assert 0.5 < areas["tissue"] == areas["requested"] == areas["excluded"]["not_ihc"]
    assert (areas["analysed"], score["stains"]) == (0, None)


@pytest.mark.realdata
def test_broken_files_from_elsewhere(call: Call, realdata: Path, tmp_path: Path) -> None:
    broken = sorted((realdata / "broken").iterdir())
    unsized = realdata / "slides" / "tcga-cr-7395-01a-01-ts1.svs"
    ran = call("score", *broken, unsized, "--out", tmp_path)
    assert ran.code == 1
    for path in (*broken, unsized):
        score = score_of(tmp_path / path.stem)
        assert (score["status"], score["score"]) == ("failed", None)
    assert "--mpp" in score_of(tmp_path / unsized.stem)["reason"]


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("--mpp", "5"), "--mpp"),
        (("--engine", "classical", "--device", "cuda"), "leave --device out"),
        (("--rulebook", "brest-2018"), "did you mean breast-2018?"),
        (("--rulebook", "gastric-biopsy"), "give --specimen"),
        (("--include", "{folder}/regions.json"), "regions.json"),
        (("--exclude", "{folder}/nowhere.json"), "check the path of the region file"),
        (("--recipe", "{folder}/nowhere.toml"), "check the path"),
    ],
)
def test_what_cannot_be_used_ends_with_2_before_any_work(
    call: Call, strong_svs: Path, tmp_path: Path, options: tuple[str, ...], remedy: str
) -> None:
    (tmp_path / "regions.json").write_text('{"type": "Feature", "geometry": ')
    filled = [option.replace("{folder}", str(tmp_path)) for option in options]
    ran = call("score", strong_svs, "--out", tmp_path / "out", *filled)
    assert ran.code == 2
    assert remedy in ran.error
    assert not list(tmp_path.glob("out/*"))


def test_every_mistake_in_a_rulebook_is_told_at_once(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(RULEBOOK_WITH_MISTAKES)
    ran = call("score", strong_svs, "--out", tmp_path / "out", "--rulebook", mine)
    assert ran.code == 2
    for key in ("version", "colour", "rules", "mine.toml"):
        assert key in ran.error
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_ends_with_2(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    ran = call("score", strong_svs, "--out", tmp_path / "file" / "out")
    assert ran.code == 2
    assert "give another folder with --out" in ran.error


def test_a_second_run_scores_nothing_and_overwrite_does(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    assert call("score", strong_svs, "--out", tmp_path).code == 0
    path = tmp_path / "strong" / "score.json"
    first, written = score_of(path.parent), path.stat().st_mtime_ns
    again = call("score", strong_svs, "--out", tmp_path)
    assert "already scored" in again.out
    assert path.stat().st_mtime_ns == written
    assert "already scored" not in call("score", strong_svs, "--out", tmp_path, "--overwrite").out
    second = score_of(path.parent)
    assert path.stat().st_mtime_ns > written
    assert {**second, "seconds": 0} == {**first, "seconds": 0}


def test_an_interrupted_run_keeps_what_is_finished_and_ends_with_130(
    call: Call, strong_svs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "second.svs"
    copy.write_bytes(strong_svs.read_bytes())
    watch = Console.watch

    def interrupted(console: Console, slide_id: str) -> Callable[[int, int], None]:
        if slide_id != "second":
            return watch(console, slide_id)

        def stop(done: int, total: int) -> None:
            raise KeyboardInterrupt

        return stop

    monkeypatch.setattr(Console, "watch", interrupted)
    ran = call("score", strong_svs, copy, "--out", tmp_path / "out")
    assert ran.code == 130
    assert "finished slides are kept" in ran.out
    assert score_of(tmp_path / "out" / "strong")["status"] == "scored"
    assert not (tmp_path / "out" / "second").exists()
    assert pyarrow.csv.read_csv(tmp_path / "out" / "cohort.csv")["slide_id"].to_pylist() == ["strong"]


def test_the_process_itself_ends_with_a_line_and_2(tmp_path: Path) -> None:
    """``main`` and not only the commands: no traceback reaches anyone."""
    command = [sys.executable, "-m", "her2path", "score", "x.svs", "--out", str(tmp_path), "--mpp", "5"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("her2path: ")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""


def test_every_mistake_in_the_arguments_is_told_at_once(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    ran = call(
        "score",
        strong_svs,
        tmp_path / "none*.svs",
        "--out",
        tmp_path / "out",
        "--rulebook",
        "gastric-biopsy",
        "--engine",
        "classical",
        "--device",
        "cuda",
        "--include",
        tmp_path / "nowhere.json",
    )
    assert ran.code == 2
    remedies = (
        "no slide matches",
        "check the path of the region file",
        "give --specimen",
        "leave --device out",
    )
    for line, remedy in zip(ran.error.splitlines(), remedies, strict=True):
        assert remedy in line
    assert not (tmp_path / "out").exists()


def test_a_name_with_signs_of_a_pattern_is_a_name_where_there_is_such_a_file(
    call: Call, strong_svs: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "slide [1].svs"
    odd.write_bytes(strong_svs.read_bytes()[:5000])
    assert call("score", odd, "--out", tmp_path / "out").code == 1
    assert score_of(tmp_path / "out" / "slide [1]")["status"] == "failed"


def test_a_slide_named_twice_is_one_slide(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slide.svs").write_bytes(b"<html>")
    monkeypatch.chdir(tmp_path)
    call("score", "slide.svs", tmp_path / "slide.svs", "./slide.svs", "--out", "out")
    assert pyarrow.csv.read_csv(tmp_path / "out" / "cohort.csv")["slide_id"].to_pylist() == ["slide"]


def test_slides_of_one_name_called_from_their_own_folders_are_told_apart(
    call: Call, strong_svs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for case, content in (("a", strong_svs.read_bytes()), ("b", b"<html>")):
        (tmp_path / case).mkdir()
        (tmp_path / case / "scan.svs").write_bytes(content)
        monkeypatch.chdir(tmp_path / case)
        call("score", "scan.svs", "--out", "../out")
    table = pyarrow.csv.read_csv(tmp_path / "out" / "cohort.csv")
    assert table["status"].to_pylist() == ["scored", "failed"]
    monkeypatch.chdir(tmp_path)
    assert "already scored" in call("score", "a/scan.svs", "--out", "out").out


@pytest.mark.parametrize("argument", ["", "..", "."])
def test_no_argument_empties_the_output_folder(
    call: Call, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    out = tmp_path / "here" / "out"
    shutil.copytree(results, out)
    monkeypatch.chdir(out)
    assert call("score", argument, "--out", out).code == 1
    assert {path.name for path in (out / "strong").iterdir()} == FILES
    assert pyarrow.csv.read_csv(out / "cohort.csv").num_rows == 2


@pytest.mark.parametrize("stem", ["runs", "cohort.csv", "x" * 250])
def test_a_name_that_the_output_folder_cannot_have_harms_nothing(
    call: Call, tmp_path: Path, stem: str
) -> None:
    bad = tmp_path / f"{stem}.svs"
    bad.write_bytes(b"<html>")
    for _ in range(2):
        assert call("score", bad, tmp_path / ("y" * 300), "--out", tmp_path / "out").code == 1
    table = pyarrow.csv.read_csv(tmp_path / "out" / "cohort.csv")
    assert table["status"].to_pylist() == ["failed", "failed"]


def test_detections_asked_for_later_are_written(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    call("score", strong_svs, "--out", tmp_path)
    assert not (tmp_path / "strong" / "cells.geojson.gz").exists()
    assert "already scored" not in call("score", strong_svs, "--out", tmp_path, "--geojson").out
    assert (tmp_path / "strong" / "cells.geojson.gz").is_file()
    assert "already scored" in call("score", strong_svs, "--out", tmp_path, "--geojson").out
