"""A cell is a value, or a mistake that names what is allowed: nothing is guessed, and no blank is a value."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from her2path.resources import resource
from her2path.store.manifest_cells import Drawn, Wrong, cell_reader
from her2path.store.regions import read_regions

SQUARE = '{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]]}'


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("specimen", "Biopsy", "biopsy"),
        ("specimen", "TMA core", "tma-core"),
        ("specimen", "tma_core", "tma-core"),
        ("tumour", "Stomach", "gastric"),
        ("rulebook", "breast-2013", "breast-2013"),
        ("mpp", "0.25", 0.25),
        ("mpp", "0,5", 0.5),
        ("manual_score", "2+", "2+"),
        ("slide_id", "S 1 (b).2", "S 1 (b).2"),
        ("clone", "4B5", "4B5"),
        ("anything", "007", "007"),
    ],
)
def test_a_cell_is_read(tmp_path: Path, column: str, text: str, value: object) -> None:
    assert cell_reader(tmp_path)(column, text) == value


@pytest.mark.parametrize("column", ["path", "specimen", "mpp", "include", "manual_score", "slide_id", "own"])
def test_a_blank_is_not_given(tmp_path: Path, column: str) -> None:
    assert cell_reader(tmp_path)(column, "") is None


@pytest.mark.parametrize(
    ("column", "text", "what"),
    [
        (
            "specimen",
            "boipsy",
            "'boipsy' is no specimen; did you mean biopsy? (resection, biopsy, tma-core, cytology)",
        ),
        ("specimen", "liver", "'liver' is no specimen (resection, biopsy, tma-core, cytology)"),
        ("mpp", "fine", "'fine' is no number; write micrometres per pixel (0.25)"),
        ("mpp", "nan", "'nan' is no number"),
        ("mpp", "-0.25", "'-0.25' is no number"),
        ("mpp", "0", "outside 0.08–1.1"),
        ("mpp", "250", "outside 0.08–1.1"),
        ("manual_score", "1", "'1' is no score; did you mean 1+? (0, 1+, 2+, 3+, or empty)"),
        ("manual_score", "low", "'low' is no score (0, 1+, 2+, 3+, or empty)"),
        ("manual_score", "n/a", "'n/a' is no score (0, 1+, 2+, 3+, or empty)"),
        ("rulebook", "breast-2081", "did you mean breast-2018?"),
        ("rulebook", "gone.toml", "gone.toml: cannot be read"),
        ("include", "gone.geojson", "gone.geojson cannot be read"),
        ("slide_id", "a/b", "cannot name a folder"),
        ("slide_id", ".a", "cannot name a folder"),
        ("slide_id", "Runs", "a name of the program's own"),
        ("slide_id", "x" * 201, "longer than 200 bytes"),
        ("path", "a\0.svs", "control character"),
    ],
)
def test_a_mistake_says_what_is_allowed(tmp_path: Path, column: str, text: str, what: str) -> None:
    wrong = cell_reader(tmp_path)(column, text)
    assert isinstance(wrong, Wrong)
    assert what in wrong.what
    assert "\n" not in wrong.what


def test_every_mistake_of_a_users_rulebook_is_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('id = "UPPER"\n', "utf-8")
    wrong = cell_reader(tmp_path)("rulebook", "mine.toml")
    assert isinstance(wrong, Wrong)
    assert wrong.what.count("mine.toml: ") > 3


def test_a_path_starts_from_the_manifest_and_else_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    for folder in (there, here):
        folder.mkdir()
        (folder / "both.svs").touch()
    (here / "here.svs").touch()
    monkeypatch.chdir(here)
    read = cell_reader(there)
    assert read("path", "both.svs") == there / "both.svs"
    assert read("path", "here.svs") == here / "here.svs"
    assert read("path", "nowhere.svs") == there / "nowhere.svs"
    assert read("path", "../here/here.svs") == here / "here.svs"
    assert read("path", str(here / "both.svs")) == here / "both.svs"
    assert read("path", "x" * 5000) == there / ("x" * 5000)


def test_a_users_rulebook_is_found_beside_the_manifest(tmp_path: Path) -> None:
    text = (resource("configs/rulebooks") / "breast-2018.toml").read_text("utf-8")
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    assert cell_reader(tmp_path)("rulebook", "mine.toml") == str(tmp_path / "mine.toml")


def test_links_are_kept_as_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.svs").touch()
    (tmp_path / "b.svs").symlink_to("a.svs")
    assert cell_reader(tmp_path)("path", "b.svs") == tmp_path / "b.svs"


def test_a_file_that_many_rows_name_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "roi.geojson").write_text(SQUARE, "utf-8")
    spy = Mock(wraps=read_regions)
    monkeypatch.setattr("her2path.store.manifest_cells.read_regions", spy)
    read = cell_reader(tmp_path)
    for name in ("roi.geojson", "gone.geojson") * 5:
        read("include", name)
    assert [call.args[0].name for call in spy.call_args_list] == ["roi.geojson", "gone.geojson"]
    assert read("include", "roi.geojson") == Drawn(tmp_path / "roi.geojson", "")
