"""What is written is there as a whole, or not at all."""

import errno
import os
from pathlib import Path

import pytest

from her2path.store.disk import flush_folder, plain_path, remove, write_whole


def test_a_file_appears_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    for text in ("one", "two"):
        write_whole(tmp_path / "a.txt", lambda to, text=text: to.write_text(text))  # type: ignore[misc]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "two"}


def test_a_disk_that_is_full_leaves_the_old_file_and_no_half_of_the_new(tmp_path: Path) -> None:
    def full(to: Path) -> None:
        to.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.txt").write_text("one")
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "a.txt", full)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "one"}


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EIO])
def test_only_a_file_system_that_cannot_flush_folders_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fsync(opened: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fsync)
    if code == errno.EINVAL:
        flush_folder(tmp_path)
    else:
        with pytest.raises(OSError, match="Input/output error"):
            flush_folder(tmp_path)


def test_what_is_left_of_a_removal_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(folder: Path) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a").mkdir()
    for name in ("cells.parquet", "score.json"):
        (tmp_path / "a" / name).touch()
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            remove(tmp_path / "a")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["cells.parquet"]
    remove(tmp_path / "a")
    remove(tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["/slides/café ×2.svs", "\N{GRINNING FACE}.svs", r"C:\slides\x.svs"])
def test_a_path_that_is_text_stays_as_it_is(name: str) -> None:
    assert plain_path(name) == plain_path(Path(name)) == name


def test_names_whose_bytes_are_no_text_can_be_written_and_stay_different() -> None:
    names = [os.fsdecode(byte + b".svs") for byte in (b"\xe9", b"\xe8")] + ["\ud800.svs"]
    written = [plain_path(Path(name)).encode() for name in names]
    assert len(set(written)) == len(names)
