"""A result makes way to where it is found again, and only a result does."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from her2path.errors import OutputError
from her2path.store.earlier import earlier_results, identity, is_ours, new_of, settle, take_place

SCORE = {"status": "scored", "recipe_digest": "ab", "software": "her2path 1"}


def put(folder: Path, *, sha256: str = "0", **changes: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "score.json").write_bytes(orjson.dumps(SCORE | changes))
    (folder / "run.json").write_bytes(orjson.dumps({"input_sha256": sha256}))
    return folder


def digest_of(folder: Path) -> str:
    return str(orjson.loads((folder / "score.json").read_bytes())["recipe_digest"])


def test_recipe_version_and_file_tell_results_apart_and_nothing_else_does(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"seconds": 7},
        {"recipe_digest": "cd"},
        {"software": "her2path 2"},
        {"sha256": "1"},
    ]
    names = [identity(put(tmp_path / str(k), **each)) for k, each in enumerate(changes)]
    assert names[0] == names[1]
    assert len(set(names)) == 4
    assert names[2] is not None
    assert names[2].startswith("cd-")


@pytest.mark.parametrize("status", ["failed", None, "unheard of"])
def test_what_is_not_finished_has_no_identity(tmp_path: Path, status: str | None) -> None:
    assert identity(put(tmp_path / "a", status=status)) is None
    assert identity(tmp_path / "absent") is None


def test_a_digest_that_was_tampered_with_leads_nowhere_else(tmp_path: Path) -> None:
    name = identity(put(tmp_path / "a", recipe_digest="../../up"))
    assert name is not None
    assert name.startswith("up-")


def test_a_complete_new_result_takes_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    put(new_of(folder), recipe_digest="cd")
    settle(folder)
    settle(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_half_a_result_does_not(tmp_path: Path) -> None:
    folder = put(tmp_path / "a")
    new_of(folder).mkdir()
    settle(folder)
    assert digest_of(folder) == "ab"


def test_an_old_result_that_had_made_way_for_nothing_comes_back(tmp_path: Path) -> None:
    put(tmp_path / ".a.old")
    settle(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_same_result_is_kept_once(tmp_path: Path) -> None:
    folder = put(tmp_path / "a")
    for digest in ("cd", "ab", "cd", "ab"):
        put(new_of(folder), recipe_digest=digest)
        settle(folder)
        assert digest_of(folder) == digest
        (kept,) = (tmp_path / "earlier" / "a").iterdir()
        assert {digest_of(kept), digest} == {"ab", "cd"}


def test_an_earlier_result_takes_its_place_again(tmp_path: Path) -> None:
    folder = put(tmp_path / "a")
    put(new_of(folder), recipe_digest="cd")
    settle(folder)
    (kept,) = earlier_results(folder, "ab")
    assert earlier_results(folder, "a") == earlier_results(folder, "cd") == ()
    take_place(kept, folder)
    assert digest_of(folder) == "ab"
    assert [digest_of(one) for one in earlier_results(folder, "cd")] == ["cd"]


def test_one_that_has_just_been_made_again_stays(tmp_path: Path) -> None:
    folder = put(tmp_path / "a", recipe_digest="cd")
    kept = put(tmp_path / "earlier" / "a" / str(identity(put(new_of(folder)))))
    take_place(kept, folder)
    assert digest_of(folder) == "ab"


def test_an_old_result_whose_files_are_held_open_hides_no_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(folder: Path) -> None:
        raise OSError(16, "Device or resource busy")

    folder = put(tmp_path / "a", status="failed")
    put(new_of(folder), recipe_digest="cd")
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", held)
        settle(folder)
    assert digest_of(folder) == "cd"
    settle(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


class TestWhatIsOurs:
    def test_results_nothing_and_empty_folders(self, tmp_path: Path) -> None:
        put(tmp_path / "result")
        (tmp_path / "empty").mkdir()
        (tmp_path / "without score").mkdir()
        (tmp_path / "without score" / "run.json").touch()
        assert all(is_ours(tmp_path / name) for name in ("result", "empty", "without score", "absent"))

    def test_not_a_file_and_not_the_folder_of_a_slide(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        (tmp_path / "slide").mkdir()
        (tmp_path / "slide" / "Data0001.dat").touch()
        assert not any(is_ours(tmp_path / name) for name in ("file", "slide"))

    def test_the_folder_of_a_slide_makes_no_way(self, tmp_path: Path) -> None:
        (tmp_path / "slide").mkdir()
        (tmp_path / "slide" / "Data0001.dat").touch()
        put(new_of(tmp_path / "slide"))
        with pytest.raises(OutputError, match="move it away"):
            settle(tmp_path / "slide")
        assert (tmp_path / "slide" / "Data0001.dat").exists()
