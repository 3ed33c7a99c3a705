"""``dearray`` and ``score --tma``: places to edit, a result a core, and mistakes named before any work."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow.csv
import pytest
import tifffile

from her2path.image.geometry import Region
from her2path.slides.array import ArraySlide

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]

MPP = ("--mpp", "0.3")
FOUND = ("--core-um", "300", "--grid", "2x2", *MPP)


@pytest.fixture(scope="module")
def array(drawn_slide: Callable[[float], ArraySlide], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three discs of drawn tissue on four places, turned a little; B1 is glass."""
    piece = drawn_slide(0.25).read(Region(212, 212, 600, 600))
    tissue = np.pad(piece, ((200, 200), (200, 200), (0, 0)), mode="symmetric")
    y, x = np.mgrid[-500:500, -500:500]
    disc = np.hypot(y, x) < 495
    slide = np.random.default_rng(1).normal(241, 1, (2500, 2500, 3)).astype(np.uint8)
    for top, left in ((100, 180), (180, 1280), (1280, 1200)):
        slide[top : top + 1000, left : left + 1000][disc] = tissue[disc]
    path = tmp_path_factory.mktemp("array") / "array.tif"
    tifffile.imwrite(path, slide, photometric="rgb")
    return path


@pytest.fixture(scope="module")
def scored(call: Call, array: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the array, scored core by core."""
    out = tmp_path_factory.mktemp("scored")
    assert call("score", array, "--tma", *FOUND, "--engine", "classical", "--out", out).code == 0
    return out / "array"


def score_of(folder: Path) -> Any:
    return orjson.loads((folder / "score.json").read_bytes())


def cores_of(folder: Path) -> list[dict[str, Any]]:
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    rows: list[dict[str, Any]] = pyarrow.csv.read_csv(
        folder / "cores.csv", convert_options=options
    ).to_pylist()
    return rows


def test_every_place_has_a_row_and_a_core_its_result(scored: Path) -> None:
    rows = cores_of(scored)
    assert [(row["label"], row["state"], row["status"]) for row in rows] == [
        ("A1", "present", "scored"),
        ("A2", "present", "scored"),
        ("B1", "missing", "not_evaluable"),
        ("B2", "present", "scored"),
    ]
    assert [row["her2_status"] for row in rows] == ["positive", "positive", None, "positive"]
    score = score_of(scored)
    assert score["specimen"] == "tma-core"
    assert [region["name"] for region in score["regions"]] == [row["label"] for row in rows]
    assert [region["n_cells"] for region in score["regions"]] == [row["n_cells"] or 0 for row in rows]
    assert sum(row["n_cells"] or 0 for row in rows) == score["n_cells"]
    assert {flag["code"] for flag in score["flags"]} >= {"TMA"}


def test_an_edited_file_scores_the_same_cores(call: Call, array: Path, scored: Path, tmp_path: Path) -> None:
    edited = tmp_path / "array.geojson"
    ran = call("dearray", array, *FOUND, "--out", edited)
    assert ran.code == 0
    assert "2 rows and 2 columns: 3 whole cores, 0 broken, 1 missing" in ran.out
    document = orjson.loads(edited.read_bytes())
    document["features"][1]["properties"]["name"] = "liver"
    edited.write_bytes(orjson.dumps(document))
    out = tmp_path / "out"
    ran = call("score", array, "--tma", "--include", edited, *MPP, "--engine", "classical", "--out", out)
    assert ran.code == 0
    before, after = cores_of(scored), cores_of(out / "array")
    assert [row["label"] for row in after] == ["A1", "liver", "B1", "B2"]
    assert after[1]["row"] is None
    for name in ("state", "status", "score", "n_cells", "h_score"):
        assert [row[name] for row in after] == [row[name] for row in before], name
    assert score_of(out / "array")["recipe_digest"] != score_of(scored)["recipe_digest"]


def test_rescore_gives_every_core_its_new_result(call: Call, scored: Path, tmp_path: Path) -> None:
    ran = call("rescore", scored, "--rulebook", "breast-2007", "--specimen", "tma-core", "--out", tmp_path)
    assert ran.code == 0
    rows = cores_of(tmp_path / "array")
    assert [(row["label"], row["n_cells"]) for row in rows] == [
        (row["label"], row["n_cells"]) for row in cores_of(scored)
    ]
    assert {row["rulebook"] for row in rows} == {"breast-2007"}


def test_a_slide_that_is_no_array_is_not_evaluable_and_says_so(
    call: Call, strong_svs: Path, tmp_path: Path
) -> None:
    assert call("score", strong_svs, "--tma", "--engine", "classical", "--out", tmp_path).code == 0
    score = score_of(tmp_path / "strong")
    assert (score["status"], [flag["code"] for flag in score["flags"]]) == (
        "not_evaluable",
        ["NOT_AN_ARRAY"],
    )
    assert not (tmp_path / "strong" / "cores.csv").exists()
    ran = call("dearray", strong_svs, "--out", tmp_path / "none.geojson")
    assert (ran.code, "no tissue microarray" in ran.error) == (1, True)
    assert not (tmp_path / "none.geojson").exists()


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        (("--grid", "3x4"), "--grid and --core-um describe a tissue microarray: give --tma"),
        (("--tma", "--grid", "3 rows"), "write ROWSxCOLUMNS"),
        (("--tma", "--grid", "0x4"), "--grid[0]"),
        (("--tma", "--core-um", "12"), "--core-um"),
        (("--tma", "--specimen", "biopsy"), "the specimen given is biopsy"),
    ],
)
def test_mistakes_are_named_and_nothing_is_started(
    call: Call, strong_svs: Path, tmp_path: Path, options: tuple[str, ...], mistake: str
) -> None:
    ran = call("score", strong_svs, *options, "--engine", "classical", "--out", tmp_path / "out")
    assert ran.code == 2
    assert mistake in ran.error
    assert not (tmp_path / "out").exists()


def test_cores_are_either_drawn_or_looked_for(call: Call, strong_svs: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.geojson"
    square = {"type": "Polygon", "coordinates": [[[0, 0], [0, 9], [9, 9], [9, 0], [0, 0]]]}
    drawn.write_bytes(orjson.dumps([square, square]))
    asked = ("score", strong_svs, "--tma", "--include", drawn, "--out", tmp_path / "out")
    ran = call(*asked, "--grid", "2x2")
    assert (ran.code, "give one" in ran.error) == (2, True)
    ran = call(*asked)
    assert (ran.code, "2 of the cores have no name" in ran.error) == (2, True)
