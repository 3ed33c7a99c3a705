"""A journal that is lost stops no batch; one that is only locked, or newer, is not lost."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from her2path.errors import RegistryError
from her2path.registry import anew
from her2path.registry.address import default_url
from her2path.registry.anew import BROKEN_NAME, PARTS, open_or_begin_anew
from her2path.registry.registry import open_registry
from her2path.registry.rows import RunStart
from her2path.registry.schema import VERSION_TABLE
from her2path.store.names import RESERVED

START = RunStart(datetime(2026, 3, 29, tzinfo=UTC), "here", 7, "her2path 0.7", 0)


@pytest.fixture
def file(tmp_path: Path, upgraded_sqlite: str) -> Path:
    """A registry that has been used."""
    shutil.copy(upgraded_sqlite.removeprefix("sqlite:///"), tmp_path / "registry.sqlite")
    with open_registry(default_url(tmp_path), str(tmp_path)) as registry:
        registry.begin_run(START)
    return tmp_path / "registry.sqlite"


def test_one_that_can_be_opened_is_opened(file: Path) -> None:
    registry, told = open_or_begin_anew(file.parent)
    with registry:
        assert (len(registry.runs()), told) == (1, None)
    assert not list(file.parent.glob("*.broken*"))


def test_where_there_is_none_one_is_begun_and_nothing_told(tmp_path: Path) -> None:
    registry, told = open_or_begin_anew(tmp_path)
    with registry:
        assert (registry.runs(), told) == ((), None)


@pytest.mark.parametrize("damage", ["text", "half", "header"])
def test_a_damaged_one_is_kept_under_another_name_and_a_new_one_begun(file: Path, damage: str) -> None:
    whole = file.read_bytes()
    broken = {"text": b"no database at all" * 100, "half": whole[: len(whole) // 2]}.get(damage)
    file.write_bytes(broken or b"\xff" * 512 + whole[512:])
    kept = file.read_bytes()
    Path(f"{file}-wal").write_bytes(b"wal")
    (file.parent / f"{BROKEN_NAME}-journal").write_bytes(b"of another night")
    registry, told = open_or_begin_anew(file.parent)
    with registry:
        registry.begin_run(START)
        assert len(registry.runs()) == 1
        assert registry.problems() == ()
    assert told is not None
    assert told.startswith(f"{file} is damaged (")
    assert "is now registry.sqlite.broken; a new one was begun" in told
    assert (file.parent / BROKEN_NAME).read_bytes() == kept
    assert not (file.parent / f"{BROKEN_NAME}-journal").exists()
    again, told = open_or_begin_anew(file.parent)
    with again:
        assert (len(again.runs()), told) == (1, None)


def test_one_of_a_newer_version_is_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    with pytest.raises(RegistryError, match="newer her2path"):
        open_or_begin_anew(file.parent)
    assert not list(file.parent.glob("*.broken*"))


def test_one_that_is_locked_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        anew, "open_registry", lambda url, folder: open_registry(url, folder, patience_s=0.05)
    )
    other = sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RegistryError, match="locked"):
        open_or_begin_anew(tmp_path)
    other.close()
    assert not list(tmp_path.glob("*.broken*"))


def test_one_that_cannot_be_renamed_is_told(file: Path) -> None:
    file.write_bytes(b"no database at all" * 100)
    (file.parent / BROKEN_NAME).mkdir()
    with pytest.raises(RegistryError, match=r"is damaged, and cannot be renamed \(.*\); move it away"):
        open_or_begin_anew(file.parent)


def test_no_slide_is_named_as_a_part_of_it() -> None:
    assert {f"{name}{part}" for name in ("registry.sqlite", BROKEN_NAME) for part in PARTS} <= RESERVED
