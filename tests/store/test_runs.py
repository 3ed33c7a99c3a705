"""Results appear whole or not at all, whenever the program dies."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import orjson
import pytest

from her2path.errors import OutputError
from her2path.store.claims import claim
from her2path.store.runs import (
    SCORE_KEYS,
    already_scored,
    bring_back,
    check_writable,
    describe_file,
    publish_files,
    read_score,
    score_json,
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


def die_after(n_changes: int, patched: pytest.MonkeyPatch) -> None:
    """Have the program die before the change to the disk that follows ``n_changes`` others."""
    left = n_changes

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return call(*args, **kwargs)

        return step

    for name in ("rename", "replace", "mkdir", "unlink", "write_text", "write_bytes"):
        patched.setattr(Path, name, dying(getattr(Path, name)))
    patched.setattr(shutil, "rmtree", dying(shutil.rmtree))


class TestPublishing:
    def test_all_files_and_nothing_else(self, tmp_path: Path) -> None:
        publish_files(tmp_path / "a", score(), files("one"))
        assert {path.name for path in tmp_path.iterdir()} == {"a"}
        assert {path.name for path in (tmp_path / "a").iterdir()} == {
            "cells.parquet",
            "report.html",
            "score.json",
        }

    def test_one_file_is_written_while_another_is(self, tmp_path: Path) -> None:
        both = Barrier(2)

        def meet(path: Path) -> None:
            both.wait(timeout=20)
            path.touch()

        publish_files(tmp_path / "a", score(), {"cells.parquet": meet, "report.html": meet})
        assert len(content(tmp_path / "a")) == 2

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
        assert [path.name for path in tmp_path.iterdir()] == ["a"]  # what was half done takes no space

    def test_what_breaks_beside_the_cells_leaves_nothing(self, tmp_path: Path) -> None:
        def breaks(path: Path) -> None:
            path.write_text("half a page")
            raise ValueError("no page")

        with pytest.raises(ValueError, match="no page"):
            publish_files(tmp_path / "a", score(), {"cells.parquet": Path.touch, "report.html": breaks})
        assert list(tmp_path.iterdir()) == []

    def test_a_finished_result_of_another_kind_is_kept(self, tmp_path: Path) -> None:
        for seconds, changes in enumerate(({}, {"recipe_digest": "cd"}, {"software": "her2path 2"})):
            publish_files(tmp_path / "a", score(seconds=seconds, **changes), files(str(seconds)))
        assert content(tmp_path / "a")["report.html"] == "2"
        kept = {read["seconds"]: one for one in tmp_path.glob("earlier/a/*") if (read := read_score(one))}
        assert {seconds: content(one)["report.html"] for seconds, one in kept.items()} == {0: "0", 1: "1"}
        assert kept[1].name.startswith("cd-")

    def test_a_slide_that_was_copied_again_keeps_the_result_of_the_old_file(self, tmp_path: Path) -> None:
        slide = tmp_path / "slide.svs"
        for text in ("half of it", "the whole of it"):
            slide.write_text(text)
            publish_files(tmp_path / "out" / "a", score(), files(text) | {"run.json": record(slide)})
        (kept,) = tmp_path.glob("out/earlier/a/*")
        assert content(kept)["report.html"] == "half of it"

    def test_a_failure_takes_the_place_of_nothing_that_was_finished(self, tmp_path: Path) -> None:
        publish_files(tmp_path / "a", score(), files("one"))
        publish_files(tmp_path / "a", score(status="failed"), files("two"))
        (kept,) = tmp_path.glob("earlier/a/*")
        assert content(kept)["report.html"] == "one"
        publish_files(tmp_path / "a", score(), files("three"))
        assert not kept.exists()

    def test_a_folder_that_is_no_result_is_never_touched(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "Data0001.dat").write_bytes(b"pixels of a.mrxs")
        with pytest.raises(OutputError, match="is no result of her2path; move it away"):
            publish_files(tmp_path / "a", score(), files("one"))
        assert (tmp_path / "a" / "Data0001.dat").read_bytes() == b"pixels of a.mrxs"

    @pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files are told by Linux")
    def test_everything_is_on_the_disk_before_it_takes_its_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order: list[str] = []
        fsync, rename = os.fsync, Path.rename

        def noted_sync(opened: int) -> None:
            order.append(Path(f"/proc/self/fd/{opened}").readlink().name)
            fsync(opened)

        def noted_rename(path: Path, to: Path) -> Path:
            order.append(f"{path.name} -> {to.name}")
            return rename(path, to)

        monkeypatch.setattr(os, "fsync", noted_sync)
        monkeypatch.setattr(Path, "rename", noted_rename)
        publish_files(tmp_path / "a", score(), files("one"))
        assert sorted(order[:2]) == ["cells.parquet", "report.html"]  # two are written at a time
        assert [name.rstrip("0123456789") for name in order[2:]] == [
            ".a.new",
            ".score.json.",
            ".a.new",
            ".a.new -> a",
            tmp_path.name.rstrip("0123456789"),
        ]

    @pytest.mark.parametrize(
        "before",
        [
            None,
            score(seconds=1),
            score(seconds=1, recipe_digest="cd"),
            score(seconds=1, software="her2path 0"),
            score(seconds=1, status="failed"),
        ],
        ids=["nothing", "the same", "another recipe", "another version", "a failure"],
    )
    def test_killed_at_any_moment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, Any] | None
    ) -> None:
        """The program is killed before its first, second, ... change to the disk, until one run survives."""
        killed, n_kills = True, 0
        while killed:
            folder = tmp_path / str(n_kills) / "a"
            if before is not None:
                publish_files(folder, before, files("one"))
            with monkeypatch.context() as patched:
                die_after(n_kills, patched)
                try:
                    publish_files(folder, score(seconds=2), files("two"))
                    killed = False
                except KeyboardInterrupt:
                    n_kills += 1
            check_writable(folder.parent)
            found = read_score(folder)
            assert found is not None or before is None
            if found is not None:
                text = {1: "one", 2: "two"}[found["seconds"]]
                assert content(folder) == {"cells.parquet": text, "report.html": text}
            publish_files(folder, score(seconds=3), files("three"))
            assert content(folder) == {"cells.parquet": "three", "report.html": "three"}
            earlier = list(folder.parent.glob("earlier/a/*"))
            if before in (None, score(seconds=1), score(seconds=1, status="failed")):
                assert earlier == []
            else:
                assert [content(one)["report.html"] for one in earlier] == ["one"]
            assert {path.name for path in folder.parent.iterdir()} <= {"a", "earlier", ".claims"}
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


class TestBringingBack:
    def test_a_user_who_goes_back_to_the_old_recipe_waits_for_nothing(self, tmp_path: Path) -> None:
        for digest in ("ab", "cd"):
            publish_files(tmp_path / "a", score(recipe_digest=digest), files(digest))
        found = bring_back(tmp_path / "a", NOWHERE, digest="ab", software="her2path 1")
        assert found is not None
        assert content(tmp_path / "a")["report.html"] == "ab"
        (kept,) = tmp_path.glob("earlier/a/*")
        assert content(kept)["report.html"] == "cd"

    @pytest.mark.parametrize("wanted", [{"digest": "ef"}, {"software": "her2path 2"}, {"files": ["more"]}])
    def test_what_was_never_scored_so_is_to_be_scored(self, tmp_path: Path, wanted: dict[str, Any]) -> None:
        for digest in ("ab", "cd"):
            publish_files(tmp_path / "a", score(recipe_digest=digest), files(digest))
        asked = {"digest": "ab", "software": "her2path 1"} | wanted
        assert bring_back(tmp_path / "a", NOWHERE, **asked) is None
        assert content(tmp_path / "a")["report.html"] == "cd"

    def test_killed_at_any_moment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        killed, n_kills = True, 0
        while killed:
            folder = tmp_path / str(n_kills) / "a"
            for digest in ("ab", "cd"):
                publish_files(folder, score(recipe_digest=digest), files(digest))
            with monkeypatch.context() as patched:
                die_after(n_kills, patched)
                try:
                    bring_back(folder, NOWHERE, digest="ab", software="her2path 1")
                    killed = False
                except KeyboardInterrupt:
                    n_kills += 1
            check_writable(folder.parent)
            standing = [folder, *folder.parent.glob("earlier/a/*")]
            assert {content(one)["report.html"] for one in standing} == {"ab", "cd"}
        assert n_kills >= 3


def test_what_another_process_works_on_is_left_to_it(tmp_path: Path) -> None:
    publish_files(tmp_path / "a", score(), files("one"))
    (tmp_path / "a").rename(tmp_path / ".a.new")
    with claim(tmp_path, "a"):
        check_writable(tmp_path)
        assert not (tmp_path / "a").exists()
    check_writable(tmp_path)
    assert content(tmp_path / "a")["report.html"] == "one"


def test_an_unwritable_folder_is_found_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="--out"):
        check_writable(tmp_path / "file" / "out")


def test_a_disk_that_is_full_is_told_and_nothing_is_left_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"No space left on device.*free space"):
        check_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_writable_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "out")
    assert list((tmp_path / "new" / "out").iterdir()) == []


def test_a_run_is_recorded_under_its_time(tmp_path: Path) -> None:
    path = write_run(tmp_path, {"slides": 2}, now=datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert path.relative_to(tmp_path) == Path("runs/20260203T040506.000000.json")
    assert orjson.loads(path.read_bytes()) == {"slides": 2}
