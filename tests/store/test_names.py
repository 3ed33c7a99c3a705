"""No slide takes the folder of another, or of what is no result at all."""

import os
from pathlib import Path

import pytest

from her2path.errors import UsageError
from her2path.store.names import SLIDE_ID, slide_ids


def put(path: Path, content: bytes = b"") -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize("path", ["", "..", "../..", "/", ".svs", "..."])
def test_a_path_without_a_name_never_names_the_output_folder_itself(tmp_path: Path, path: str) -> None:
    (name,) = slide_ids([Path(path)], tmp_path)
    assert SLIDE_ID.fullmatch(name)
    assert (tmp_path / name).parent == tmp_path


@pytest.mark.parametrize(
    "stem",
    [
        "runs",
        "Runs",
        "cohort.csv",
        "cohort.html",
        "earlier",
        "registry.sqlite-wal",
        "registry.sqlite.broken-wal",
        "x" * 250,
        "ü" * 125,
    ],
)
def test_a_name_that_the_folder_cannot_have_gets_a_hash(tmp_path: Path, stem: str) -> None:
    (name,) = slide_ids([Path(f"{stem}.svs")], tmp_path)
    assert name.startswith(stem[:90])
    assert name[-9] == "-"
    assert len(name.encode()) < 220


def test_what_no_name_holds_is_replaced(tmp_path: Path) -> None:
    assert slide_ids([Path("two\nlines.svs")], tmp_path) == ("two_lines",)


def test_bytes_of_a_name_that_are_no_text_are_replaced_and_two_such_slides_kept_apart(tmp_path: Path) -> None:
    paths = [Path(os.fsdecode(name)) for name in (b"caf\xe9.svs", b"caf\xe8.svs", b"a\xe9.svs")]
    first, second, third = slide_ids(paths, tmp_path)
    assert (first, third) == ("caf_", "a_")
    assert second.startswith("caf_-")
    put(tmp_path / "caf_" / "score.json", b'{"path": "caf\\\\udce9.svs"}')
    assert slide_ids(paths[:1], tmp_path) == ("caf_",)
    assert slide_ids(paths[1:2], tmp_path) == (second,)


def test_the_programs_own_names_are_not_given(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'runs' is a name of the program's own"):
        slide_ids([Path("a.svs")], tmp_path, ["Runs"])


def test_the_stem_and_for_a_second_one_a_hash_of_its_path(tmp_path: Path) -> None:
    paths = [Path("x/slide.svs"), Path("y/slide.svs"), Path("y/SLIDE.ndpi"), Path("other.tif")]
    names = slide_ids(paths, tmp_path)
    assert (names[0], names[3]) == ("slide", "other")
    assert names[1].startswith("slide-")
    assert names[2].startswith("SLIDE-")
    assert len({name.casefold() for name in names}) == 4
    assert names == slide_ids(paths, tmp_path)


def test_a_given_id_wins_over_a_stem(tmp_path: Path) -> None:
    names = slide_ids([Path("x/a.svs"), Path("y/b.svs")], tmp_path, [None, "a"])
    assert names[1] == "a"
    assert names[0].startswith("a-")


def test_the_folder_of_another_slide_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "slide" / "score.json", b'{"path": "x/slide.svs"}')
    assert slide_ids([Path("x/slide.svs")], tmp_path) == ("slide",)
    assert slide_ids([Path("y/slide.svs")], tmp_path)[0].startswith("slide-")


def test_every_bad_id_is_named_at_once(tmp_path: Path) -> None:
    paths = [Path(f"{n}.svs") for n in range(5)]
    with pytest.raises(UsageError) as caught:
        slide_ids(paths, tmp_path, ["../up", ".hidden", "twice", "Twice", "x" * 201])
    assert len(str(caught.value).splitlines()) == 4


def test_the_folder_of_an_mrxs_slide_is_not_that_of_its_result(tmp_path: Path) -> None:
    put(tmp_path / "slide" / "Data0001.dat")
    (name,) = slide_ids([tmp_path / "slide.mrxs"], tmp_path)
    assert name.startswith("slide-")
    with pytest.raises(UsageError, match=r"'slide'.*is no result"):
        slide_ids([tmp_path / "slide.mrxs"], tmp_path, ["slide"])


def test_a_result_that_cannot_be_read_is_still_the_slides_own(tmp_path: Path) -> None:
    put(tmp_path / "slide" / "score.json", b"{")
    assert slide_ids([Path("slide.svs")], tmp_path, ["slide"]) == ("slide",)
    assert slide_ids([Path("slide.svs")], tmp_path) == ("slide",)
