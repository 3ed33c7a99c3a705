"""Connections are set up as the decision note says, and what goes wrong has a remedy."""

import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from her2path.errors import RegistryError
from her2path.registry import engine as module
from her2path.registry.address import default_url, read_url
from her2path.registry.engine import open_engine, told, writing
from her2path.registry.registry import open_registry


def pragmas(folder: Path) -> dict[str, object]:
    engine = open_engine(read_url(default_url(folder)), 1.5)
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with engine.connect() as connection:
        found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in names}
    engine.dispose()
    return found


def test_sqlite_on_a_local_disk_keeps_a_write_ahead_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "read_mounts", lambda: "/dev/sda1 / ext4 rw 0 0")
    assert pragmas(tmp_path) == {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 1500,
    }


def test_sqlite_on_a_network_drive_keeps_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pragmas(tmp_path)  # a database that has lain on a local disk before
    monkeypatch.setattr(module, "read_mounts", lambda: "server:/x / nfs4 rw 0 0")
    assert pragmas(tmp_path) == {
        "journal_mode": "delete",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 1500,
    }


def test_sqlite_makes_tables_within_a_transaction(tmp_path: Path) -> None:
    engine = open_engine(read_url(default_url(tmp_path)), 1.0)
    with writing(engine).connect() as connection:
        connection.execute(text("CREATE TABLE x (y INTEGER)"))
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0
    engine.dispose()


def test_a_writer_takes_its_lock_at_once_and_a_reader_none(tmp_path: Path) -> None:
    engine = open_engine(read_url(default_url(tmp_path)), 0.05)
    with writing(engine).begin(), engine.connect() as reader:
        reader.execute(text("SELECT 1"))
        with pytest.raises(RegistryError, match="locked"), told(engine.url), writing(engine).begin():
            pass
    engine.dispose()


def test_postgresql_waits_for_no_statement_for_ever(postgresql_url: str) -> None:
    engine = open_engine(read_url(postgresql_url), 0.2)
    with (
        pytest.raises(RegistryError, match="statement timeout"),
        told(engine.url),
        engine.begin() as connection,
    ):
        connection.execute(text("SELECT pg_sleep(5)"))
    engine.dispose()


def test_what_the_address_says_is_not_overruled(postgresql_url: str) -> None:
    engine = open_engine(read_url(postgresql_url + "?application_name=lab"), 5.0)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW application_name")).scalar() == "lab"
    engine.dispose()


def test_a_file_that_is_no_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_bytes(b"slide_id,score\n" * 100)
    with pytest.raises(RegistryError, match="file is not a database; give another file with --database"):
        open_registry(default_url(tmp_path), "out")
    assert (tmp_path / "registry.sqlite").read_bytes().startswith(b"slide_id")


def test_a_folder_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="make its folder"):
        open_registry(default_url(tmp_path / "nowhere"), "out")


def test_a_locked_database_says_so(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RegistryError, match="locked"):
        open_registry(default_url(tmp_path), "out", patience_s=0.1)
    other.close()


def test_a_server_that_is_not_there_says_so_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(
        RegistryError, match=r"me:\*\*\*@127.0.0.1:1/lab cannot be used: .*reached"
    ) as refusal:
        open_registry("postgresql+psycopg://me:secret@127.0.0.1:1/lab", "out")
    assert "secret" not in f"{refusal.value} {refusal.value.__cause__}"


def test_a_wrong_password_and_a_missing_database_say_what_to_do(postgresql_url: str) -> None:
    with pytest.raises(RegistryError, match="check user and password") as refusal:
        open_registry(postgresql_url.replace("not-for-logs", "guessed"), "out")
    assert "guessed" not in f"{refusal.value} {refusal.value.__cause__}"
    with pytest.raises(RegistryError, match="create it, or check its name"):
        open_registry(postgresql_url + "x", "out")


def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(RegistryError, match=r"pip install 'her2path\[postgres\]'"):
        open_engine(read_url("postgresql://host/lab"), 1.0)
