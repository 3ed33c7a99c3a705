"""A drive that is away for a moment is no reason to give up a slide; a wrong path is none to wait."""

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from her2path.errors import OutputError, SlideError, StorageError
from her2path.slides import storage
from her2path.slides.storage import (
    blame_storage,
    bytes_of,
    comes_from_system,
    read_ahead,
    trouble_that_may_pass,
)


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    path.write_bytes(os.urandom(1 << 20))
    return path


class Failing(io.BytesIO):
    """A file of which a part cannot be read."""

    def __init__(self, path: Path, code: int, first: int) -> None:
        super().__init__(path.read_bytes())
        self.real = path.open("rb")
        self.code, self.first = code, first

    def fileno(self) -> int:
        return self.real.fileno()

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self.first:
            raise OSError(self.code, os.strerror(self.code))
        return super().read(size)

    def close(self) -> None:
        self.real.close()
        super().close()


def test_a_file_that_can_be_read_is_no_trouble(slide: Path, tmp_path: Path) -> None:
    assert trouble_that_may_pass(slide) is None
    (tmp_path / "empty.svs").touch()
    assert trouble_that_may_pass(tmp_path / "empty.svs") is None


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EMFILE])
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_bytes_that_do_not_come_are_told(
    slide: Path, monkeypatch: pytest.MonkeyPatch, code: int, share: float
) -> None:
    failing = Failing(slide, code, int((1 << 20) * share) - storage.CHUNK_BYTES)
    monkeypatch.setattr(Path, "open", lambda *_, **__: failing)
    told = trouble_that_may_pass(slide)
    assert told is not None
    assert "slide.svs" in told
    assert os.strerror(code) in told
    assert "\n" not in told


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENAMETOOLONG])
def test_what_waiting_does_not_mend_is_not_waited_for(
    slide: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "open", refuse)
    assert trouble_that_may_pass(slide) is None


def test_a_real_refusal_of_the_system() -> None:
    path = Path("/proc/self/mem")  # the first page of a process cannot be read: an input/output error
    if not path.exists():
        pytest.skip("a file of Linux")
    assert trouble_that_may_pass(path) is not None


class TestVanished:
    def test_a_name_that_is_wrong_is_not_waited_for(self, slide: Path) -> None:
        assert trouble_that_may_pass(slide.with_name("absent.svs")) is None
        assert trouble_that_may_pass(slide.parent / "mistyped" / "slide.svs") is None
        assert trouble_that_may_pass(slide / "slide.svs") is None

    def test_several_folders_at_once_are(self, slide: Path) -> None:
        told = trouble_that_may_pass(slide.parent / "drive" / "study" / "slide.svs")
        assert told is not None
        assert str(slide.parent / "drive") in told

    @pytest.mark.parametrize("name", ["slide.svs", "study/slide.svs"])
    def test_so_is_an_empty_folder_that_a_drive_was_mounted_on(self, tmp_path: Path, name: str) -> None:
        told = trouble_that_may_pass(tmp_path / name)
        assert told is not None
        assert "is gone or empty" in told

    def test_a_relative_path(self, slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(slide.parent)
        assert trouble_that_may_pass(Path("absent.svs")) is None
        assert trouble_that_may_pass(Path("drive/study/slide.svs")) is not None


@pytest.mark.parametrize(
    ("name", "part"), [("m.mrxs", "m/Data0001.dat"), ("levels/1.dcm", "levels/2.dcm")], ids=["MRXS", "DICOM"]
)
def test_the_files_that_belong_to_a_slide_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, part: str
) -> None:
    for path in (tmp_path / name, tmp_path / part):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"pixels")
    assert trouble_that_may_pass(tmp_path / name) is None
    opened = Path.open

    def open_most(path: Path, *args: Any, **options: Any) -> Any:
        if path == tmp_path / part:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", open_most)
    assert trouble_that_may_pass(tmp_path / name) is not None


def raised_from(code: int) -> OutputError:
    error = OutputError("out cannot be written")
    error.__cause__ = OSError(code, os.strerror(code))
    return error


def test_what_the_system_raised_is_told_by_its_cause() -> None:
    assert comes_from_system(raised_from(errno.ENOSPC))
    assert comes_from_system(raised_from(errno.EROFS))
    assert comes_from_system(OSError(errno.ESTALE, "Stale file handle"))
    assert not comes_from_system(OutputError("out/a is no result of her2path"))
    assert not comes_from_system(SlideError("slide.svs is damaged"))


class TestReadingAhead:
    def test_the_whole_file_is_asked_for(self, slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[int, int]] = []
        monkeypatch.setattr(os, "posix_fadvise", lambda _, first, n, advice: asked.append((first, n)))
        read_ahead(slide)
        assert sum(n for _, n in asked) == 1 << 20
        assert [first for first, _ in asked] == list(range(0, 1 << 20, storage.STEP_BYTES))

    def test_a_large_one_in_part(self, slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []
        monkeypatch.setattr(os, "posix_fadvise", lambda _, first, n, advice: asked.append(n))
        monkeypatch.setattr(storage, "AHEAD_BYTES", 1 << 19)
        read_ahead(slide)
        assert sum(asked) == 1 << 19

    def test_nothing_is_raised(self, slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read_ahead(slide.with_name("absent.mrxs"))
        read_ahead(slide.parent)
        monkeypatch.delattr(os, "posix_fadvise")
        read_ahead(slide)


class TestWhoIsToBlame:
    def test_the_drive_by_what_the_system_said_though_it_is_back_again(self, slide: Path) -> None:
        with pytest.raises(StorageError) as caught:
            blame_storage(slide, raised_from(errno.EIO))
        told = f"{slide} cannot be read now (Input/output error); check the drive and the network"
        assert str(caught.value) == told

    @pytest.mark.parametrize("code", [errno.ENOENT, errno.EACCES, errno.EINVAL])
    def test_the_slide_where_waiting_changes_nothing(self, slide: Path, code: int) -> None:
        blame_storage(slide, OSError(code, os.strerror(code)))
        blame_storage(slide, SlideError("slide.svs is damaged"))

    def test_the_drive_by_a_sample_where_the_error_tells_nothing(
        self, slide: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failing = Failing(slide, errno.ESTALE, 0)
        monkeypatch.setattr(Path, "open", lambda *_, **__: failing)
        with pytest.raises(StorageError, match="Stale file handle"):
            blame_storage(slide, SlideError("slide.svs is damaged"))


class TestBytes:
    def test_of_a_file(self, slide: Path) -> None:
        slide.with_name("other.svs").write_bytes(b"other")
        assert bytes_of(slide) == 1 << 20

    @pytest.mark.parametrize(("name", "folder"), [("m.mrxs", "m"), ("levels/0.dcm", "levels")])
    def test_of_all_files_of_a_slide(self, tmp_path: Path, name: str, folder: str) -> None:
        (tmp_path / folder).mkdir()
        parts = [tmp_path / folder / f"{n}{Path(name).suffix}" for n in range(1, storage.MOST_PARTS + 10)]
        for path in (tmp_path / name, *parts):
            path.write_bytes(b"pixels")
        assert bytes_of(tmp_path / name) == 6 * (1 + len(parts))

    @pytest.mark.parametrize(
        "name", ["absent.svs", "x" * 300, "nul\0.svs", "absent.mrxs", "slide.svs/in.svs"]
    )
    def test_none_where_there_is_nothing_to_ask(self, slide: Path, name: str) -> None:
        assert bytes_of(slide.parent / name) is None
