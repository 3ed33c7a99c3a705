"""Results appear whole or not at all, whenever the program dies; and no slide overwrites another's."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from her2path.errors import OutputError, UsageError
from her2path.store.runs import (
    SCORE_KEYS,
    SLIDE_ID,
    already_scored,
    check_writable,
    describe_file,
    publish_files,
    read_score,
    score_json,
    slide_ids,
    write_run,
)

NOWHERE = Path("nowhere.svs")


def record(slide: Path) -> Callable[[Path], object]:
    """Give what writes the part of run.json that tells the state of the slide."""
    made_from = orjson.dumps(describe_file(slide))
    return lambda path: path.write_bytes(made_from)


def score(**changes: Any) -> dict[str, Any]:
    return (
        dict.fromkeys(SCORE_KEYS)
        | {"status": "scored", "recipe_digest": "ab", "software": "her2path 1"}
        | changes
    )


def files(text: str) -> dict[str, Callable[[Path], object]]:
    return {name: lambda path: path.write_text(text) for name in ("cells.parquet", "report.html")}


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != "score.json"}


class TestPublishing:
    def test_all_files_and_nothing_else(self, tmp_path: Path) -> None:
        publish_files(tmp_path / "a", score(), files("one"))
        assert {path.name for path in tmp_path.iterdir()} == {"a"}
        assert {path.name for path in (tmp_path / "a").iterdir()} == {
            "cells.parquet",
            "report.html",
            "score.json",
        }

    def test_an_older_result_is_replaced_as_a_whole(self, tmp_path: Path) -> None:
        publish_files(tmp_path / "a", score(), files("one") | {"cells.geojson.gz": lambda path: path.touch()})
        publish_files(tmp_path / "a", score(seconds=2), files("two"))
        assert content(tmp_path / "a") == {"cells.parquet": "two", "report.html": "two"}
        assert (read_score(tmp_path / "a") or {})["seconds"] == 2

    def test_a_failure_keeps_the_older_result_and_says_what_to_do(self, tmp_path: Path) -> None:
        publish_files(tmp_path / "a", score(), files("one"))

        def full(path: Path) -> None:
            raise OSError(28, "No space left on device")

        with pytest.raises(OutputError, match=r"No space left on device.*free space"):
            publish_files(tmp_path / "a", score(), files("two") | {"last": full})
        assert content(tmp_path / "a") == {"cells.parquet": "one", "report.html": "one"}

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_killed_at_any_moment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
    ) -> None:
        """The program is killed before its first, second, ... change to the disk, until one run survives."""
        killed, n_kills = True, 0
        while killed:
            folder = tmp_path / str(n_kills) / "a"
            if overwrite:
                publish_files(folder, score(seconds=1), files("one"))
            left = n_kills
            with monkeypatch.context() as patched:

                def dying(call: Callable[..., Any]) -> Callable[..., Any]:
                    def step(*args: Any, **kwargs: Any) -> Any:
                        nonlocal left
                        left -= 1
                        if left < 0:
                            raise KeyboardInterrupt
                        return call(*args, **kwargs)

                    return step

                for name in ("rename", "replace", "mkdir", "write_text", "write_bytes"):
                    patched.setattr(Path, name, dying(getattr(Path, name)))
                patched.setattr("shutil.rmtree", dying(__import__("shutil").rmtree))
                try:
                    publish_files(folder, score(seconds=2), files("two"))
                    killed = False
                except KeyboardInterrupt:
                    n_kills += 1
            check_writable(folder.parent)
            found = read_score(folder)
            assert found is not None or not overwrite
            if found is not None:
                text = {1: "one", 2: "two"}[found["seconds"]]
                assert content(folder) == {"cells.parquet": text, "report.html": text}
            publish_files(folder, score(seconds=3), files("three"))
            assert content(folder) == {"cells.parquet": "three", "report.html": "three"}
            assert [path.name for path in folder.parent.iterdir()] == ["a"]
        assert n_kills >= 5

    def test_keys_stand_in_the_order_of_reading_and_nan_is_null(self) -> None:
        shuffled = dict(reversed(score(more=1, h_score=float("nan"), n_cells=np.int64(7)).items()))
        read = orjson.loads(score_json(shuffled))
        assert list(read) == [*SCORE_KEYS, "more"]
        assert (read["h_score"], read["n_cells"]) == (None, 7)

    def test_a_missing_key_is_not_passed_over(self) -> None:
        incomplete = score()
        del incomplete["tag"]
        with pytest.raises(ValueError, match="lacks tag"):
            score_json(incomplete)


class TestResuming:
    def test_the_same_recipe_and_version_are_not_scored_again(self, tmp_path: Path) -> None:
        publish_files(tmp_path / "a", score(), {})
        found = already_scored(tmp_path / "a", NOWHERE, digest="ab", software="her2path 1")
        assert found is not None
        assert found["status"] == "scored"

    @pytest.mark.parametrize(
        ("changes", "digest", "software"),
        [({"status": "failed"}, "ab", "her2path 1"), ({}, "cd", "her2path 1"), ({}, "ab", "her2path 2")],
    )
    def test_anything_else_is(
        self, tmp_path: Path, changes: dict[str, str], digest: str, software: str
    ) -> None:
        publish_files(tmp_path / "a", score(**changes), {})
        assert already_scored(tmp_path / "a", NOWHERE, digest=digest, software=software) is None

    @pytest.mark.parametrize("broken", [None, b"", b"{", b"[]"])
    def test_so_is_a_slide_without_a_readable_result(self, tmp_path: Path, broken: bytes | None) -> None:
        if broken is not None:
            (tmp_path / "score.json").write_bytes(broken)
        assert already_scored(tmp_path, NOWHERE, digest="ab", software="her2path 1") is None

    def test_a_file_that_was_copied_again_is_scored_again(self, tmp_path: Path) -> None:
        slide = tmp_path / "slide.svs"
        slide.write_bytes(b"half of it")
        publish_files(tmp_path / "a", score(), {"run.json": record(slide)})
        assert already_scored(tmp_path / "a", slide, digest="ab", software="her2path 1") is not None
        slide.write_bytes(b"the whole of it")
        assert already_scored(tmp_path / "a", slide, digest="ab", software="her2path 1") is None

    def test_a_file_of_the_same_size_is_told_by_its_digest(self, tmp_path: Path) -> None:
        slide = tmp_path / "slide.svs"
        slide.write_bytes(b"as it was")
        publish_files(tmp_path / "a", score(), {"run.json": record(slide)})
        os.utime(slide, (1, 1))
        assert already_scored(tmp_path / "a", slide, digest="ab", software="her2path 1") is not None
        slide.write_bytes(b"as it is ")
        assert already_scored(tmp_path / "a", slide, digest="ab", software="her2path 1") is None

    def test_a_result_without_a_file_that_is_wanted_is_made_again(self, tmp_path: Path) -> None:
        publish_files(tmp_path / "a", score(), {"more": lambda path: path.touch()})
        wanted = {"digest": "ab", "software": "her2path 1"}
        assert already_scored(tmp_path / "a", NOWHERE, **wanted, files=["more"]) is not None
        assert already_scored(tmp_path / "a", NOWHERE, **wanted, files=["more", "another"]) is None


class TestNames:
    @pytest.mark.parametrize("path", ["", "..", "../..", "/", ".svs", "..."])
    def test_a_path_without_a_name_never_names_the_output_folder_itself(
        self, tmp_path: Path, path: str
    ) -> None:
        (name,) = slide_ids([Path(path)], tmp_path)
        assert SLIDE_ID.fullmatch(name)
        assert (tmp_path / name).parent == tmp_path

    @pytest.mark.parametrize("stem", ["runs", "Runs", "cohort.csv", "cohort.parquet", "x" * 250, "ü" * 125])
    def test_a_name_that_the_folder_cannot_have_gets_a_hash(self, tmp_path: Path, stem: str) -> None:
        (name,) = slide_ids([Path(f"{stem}.svs")], tmp_path)
        assert name.startswith(stem[:90])
        assert name[-9] == "-"
        assert len(name.encode()) < 220

    def test_what_no_name_holds_is_replaced(self, tmp_path: Path) -> None:
        assert slide_ids([Path("two\nlines.svs")], tmp_path) == ("two_lines",)

    def test_the_programs_own_names_are_not_given(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="'runs' is a name of the program's own"):
            slide_ids([Path("a.svs")], tmp_path, ["Runs"])

    def test_the_stem_and_for_a_second_one_a_hash_of_its_path(self, tmp_path: Path) -> None:
        paths = [Path("x/slide.svs"), Path("y/slide.svs"), Path("y/SLIDE.ndpi"), Path("other.tif")]
        names = slide_ids(paths, tmp_path)
        assert (names[0], names[3]) == ("slide", "other")
        assert names[1].startswith("slide-")
        assert names[2].startswith("SLIDE-")
        assert len({name.casefold() for name in names}) == 4
        assert names == slide_ids(paths, tmp_path)

    def test_a_given_id_wins_over_a_stem(self, tmp_path: Path) -> None:
        names = slide_ids([Path("x/a.svs"), Path("y/b.svs")], tmp_path, [None, "a"])
        assert names[1] == "a"
        assert names[0].startswith("a-")

    def test_the_folder_of_another_slide_is_left_alone(self, tmp_path: Path) -> None:
        publish_files(tmp_path / "slide", score(path="x/slide.svs"), {})
        assert slide_ids([Path("x/slide.svs")], tmp_path) == ("slide",)
        assert slide_ids([Path("y/slide.svs")], tmp_path)[0].startswith("slide-")

    def test_every_bad_id_is_named_at_once(self, tmp_path: Path) -> None:
        paths = [Path(f"{n}.svs") for n in range(5)]
        with pytest.raises(UsageError) as caught:
            slide_ids(paths, tmp_path, ["../up", ".hidden", "twice", "Twice", ""])
        assert len(str(caught.value).splitlines()) == 3


def test_an_unwritable_folder_is_found_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="--out"):
        check_writable(tmp_path / "file" / "out")


def test_a_writable_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "out")
    assert list((tmp_path / "new" / "out").iterdir()) == []


def test_a_run_is_recorded_under_its_time(tmp_path: Path) -> None:
    path = write_run(tmp_path, {"slides": 2}, now=datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert path.relative_to(tmp_path) == Path("runs/20260203T040506.000000.json")
    assert orjson.loads(path.read_bytes()) == {"slides": 2}
