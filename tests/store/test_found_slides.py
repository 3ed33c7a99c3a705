"""A folder gives every slide in it once, and nothing that only looks like one."""

import os
import re
from pathlib import Path

import pytest

from her2path.errors import UsageError
from her2path.store.found_slides import SLIDE_SUFFIXES, find_files


def lay_out(folder: Path, *names: str, content: bytes = b"x") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def found(folder: Path, *patterns: str) -> list[str]:
    paths = find_files([folder / pattern for pattern in patterns])
    assert all(path.is_absolute() for path in paths)
    return [path.relative_to(folder).as_posix() for path in paths]


def test_a_folder_is_walked_to_the_bottom_in_order(tmp_path: Path) -> None:
    lay_out(tmp_path, "b.svs", "a.SVS", "day/2.ndpi", "day/1.tif", "notes.txt", "slides.csv", "README.md")
    assert found(tmp_path, ".") == ["a.SVS", "b.svs", "day/1.tif", "day/2.ndpi"]


def test_hidden_files_and_folders_are_no_slides(tmp_path: Path) -> None:
    lay_out(tmp_path, "a.svs", "._a.svs", ".trash/b.svs")
    assert found(tmp_path, ".") == ["a.svs"]


def test_results_are_no_slides(tmp_path: Path) -> None:
    lay_out(tmp_path, "a.svs", "out/a/score.json", "out/a/heterogeneity.ome.tif")
    assert found(tmp_path, ".") == ["a.svs"]
    assert found(tmp_path, "**/*.svs", "a.svs") == ["a.svs"]
    with pytest.raises(UsageError, match="there is no slide in"):
        find_files([tmp_path / "**" / "*.tif"])


def test_what_belongs_to_a_slide_is_none_of_its_own(tmp_path: Path) -> None:
    lay_out(tmp_path, "m.mrxs", "m/Index.dat", "m/preview.jpg")
    lay_out(tmp_path, "h.vms", "h.jpg", "h(1,0).jpg", "h_macro.jpg", "hospital.jpg")
    assert found(tmp_path, ".") == ["h.vms", "hospital.jpg", "m.mrxs"]
    assert found(tmp_path, "**") == ["h.vms", "hospital.jpg", "m.mrxs"]


def test_a_dicom_series_is_one_slide(tmp_path: Path) -> None:
    def instance(uid: bytes) -> bytes:
        return b"\0" * 128 + b"DICM" + b"\x20\x00\x0e\x00UI" + len(uid).to_bytes(2, "little") + uid + b"rest"

    lay_out(tmp_path, "d/1.dcm", "d/2.dcm", content=instance(b"1.2.3"))
    lay_out(tmp_path, "d/3.dcm", content=instance(b"1.2.4"))
    lay_out(tmp_path, "d/4.dcm", "d/5.dcm", content=b"no series")
    expected = ["d/1.dcm", "d/3.dcm", "d/4.dcm", "d/5.dcm"]
    assert found(tmp_path, "d") == expected
    assert found(tmp_path, "d/*.dcm") == expected


def test_the_same_file_is_taken_once_by_its_first_name(tmp_path: Path) -> None:
    lay_out(tmp_path, "a.svs", "b.svs")
    (tmp_path / "z.svs").symlink_to(tmp_path / "a.svs")
    assert found(tmp_path, "b.svs", ".", "*.svs") == ["b.svs", "a.svs"]


def test_linked_folders_are_walked_and_a_circle_ends(tmp_path: Path) -> None:
    lay_out(tmp_path, "here/a.svs", "elsewhere/b.svs")
    (tmp_path / "here" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "here")
    assert found(tmp_path, "here") == ["here/a.svs", "here/linked/b.svs"]


def test_a_glob_takes_slides_and_the_folders_it_matches(tmp_path: Path) -> None:
    lay_out(tmp_path, "one/a.svs", "one/deep/b.svs", "two/c.svs", "two/c.txt")
    assert found(tmp_path, "**/*.svs") == ["one/a.svs", "one/deep/b.svs", "two/c.svs"]
    assert found(tmp_path, "o*") == ["one/a.svs", "one/deep/b.svs"]
    assert found(tmp_path, "*/c.*") == ["two/c.svs"]


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    lay_out(tmp_path, "slide[1].svs", "slide.weird")
    assert found(tmp_path, "slide[1].svs", "slide.weird", "gone.svs") == [
        "slide[1].svs",
        "slide.weird",
        "gone.svs",
    ]


def test_every_place_without_a_slide_is_told_at_once(tmp_path: Path) -> None:
    lay_out(tmp_path, "empty/readme.txt")
    with pytest.raises(UsageError) as caught:
        find_files([tmp_path / "empty", tmp_path / "*.svs"])
    first, second = str(caught.value).splitlines()
    assert "there is no slide in" in first
    assert ".svs" in first
    assert "*.svs; check the path" in second


def test_the_guide_lists_what_is_taken_from_a_folder() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "batch.md").read_text("utf-8")
    listed = guide.partition("by the end of its name: ")[2].partition(". Hidden")[0]
    assert set(re.findall(r"`(\.\w+)`", listed)) == SLIDE_SUFFIXES


def test_a_folder_that_cannot_be_read_is_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path, "a.svs", "locked/b.svs")
    real = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UsageError, match=r"locked cannot be read \(Permission denied\); check the path"):
        find_files([tmp_path])
