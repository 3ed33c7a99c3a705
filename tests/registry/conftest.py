"""Both databases, empty for every test, and a PostgreSQL server that lives no longer than the tests."""

import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import pytest

from her2path.registry.address import read_url
from her2path.registry.engine import open_engine
from her2path.registry.upgrade import upgrade

if TYPE_CHECKING:
    import psycopg.sql

KINDS = ("sqlite", "postgresql")

PASSWORD = "not-for-logs"
START_S = 60.0

# A server of this test run alone: nothing has to survive a power cut, and no file of it lies elsewhere.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "20",
    "timezone": "Asia/Kolkata",  # half an hour off every other zone: times must come out right all the same
}

# `read` ends when the tests do, however they end: the other side of its pipe is then closed. QUIT stops the
# server at once, and it takes its own processes with it.
KEEPER = 'postgres=$1; shift; "$postgres" "$@" & read -r _; kill -QUIT $!; wait $!'


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A database on a server of its own; the test is skipped where PostgreSQL is not installed."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL: pip install 'her2path[postgres]'")
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian and Ubuntu: apt install postgresql")
    # Not under pytest's own folder, into which no other user may look: PostgreSQL does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="her2path-postgresql-"))
    try:
        with _running(programs, folder) as server:
            _execute(server, "CREATE DATABASE registry")
            yield _of("registry", server)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database: every test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.sqlite'}"
    url: str = request.getfixturevalue("postgresql_url")
    _execute(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return url


@pytest.fixture(params=KINDS)
def upgraded_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database with all tables and no row; sooner than to upgrade an empty one."""
    upgraded: str = request.getfixturevalue(f"upgraded_{request.param}")
    if request.param == "sqlite":
        shutil.copy(upgraded.removeprefix("sqlite:///"), tmp_path / "registry.sqlite")
        return f"sqlite:///{tmp_path / 'registry.sqlite'}"
    _execute(upgraded, "TRUNCATE runs, slides, states, scores, events")
    return upgraded


@pytest.fixture(scope="session")
def upgraded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _upgraded(f"sqlite:///{tmp_path_factory.mktemp('upgraded') / 'registry.sqlite'}")


@pytest.fixture(scope="session")
def upgraded_postgresql(postgresql_url: str) -> str:
    _execute(postgresql_url, "CREATE DATABASE upgraded")
    return _upgraded(_of("upgraded", postgresql_url))


@pytest.fixture
def away(url: str) -> Callable[[], AbstractContextManager[None]]:
    """While this holds, nobody can write to the database."""
    return lambda: _locked(Path(url.removeprefix("sqlite:///"))) if url.startswith("sqlite") else _closed(url)


def _upgraded(url: str) -> str:
    engine = open_engine(read_url(url), START_S)
    upgrade(engine)
    engine.dispose()
    return url


def _programs() -> Path | None:
    """Folder of the newest server; Debian keeps its programs outside PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    return next(iter([*reversed(debian), *([Path(on_path).resolve().parent] if on_path else [])]), None)


@contextmanager
def _running(programs: Path, folder: Path) -> Iterator[str]:
    user = _other_user()
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if user is not None:
        for path in (folder, secret):
            shutil.chown(path, user)
    data = folder / "data"
    initdb = [
        "--auth=scram-sha-256",
        f"--pwfile={secret}",
        "--username=tester",
        "--encoding=UTF8",
        "--locale=C",
    ]
    _run([programs / "initdb", f"--pgdata={data}", "--no-sync", *initdb], user)
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        port = str(_free_port())
        command = [
            "sh",
            "-c",
            KEEPER,
            "sh",
            str(programs / "postgres"),
            "-D",
            str(data),
            "-p",
            port,
            *settings,
        ]
        keeper = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            user=user,
            cwd=folder,
            start_new_session=True,
        )
        try:
            server = f"postgresql+psycopg://tester:{PASSWORD}@127.0.0.1:{port}/postgres"
            _wait_for(server, folder / "log")
            yield server
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(START_S)


def _other_user() -> str | None:
    """Who runs the server when the tests run as root; None is whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(command: list[str | Path], user: str | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, user=user, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_for(server: str, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + START_S
    while True:
        try:
            _execute(server, "SELECT 1")
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL does not answer ({error}):\n{log.read_text()}") from error
            time.sleep(0.05)
        else:
            return


def _of(database: str, url: str) -> str:
    """Address of another database of the same server."""
    return f"{url.rpartition('/')[0]}/{database}"


def _execute(url: str, statement: "LiteralString | psycopg.sql.Composed") -> None:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@contextmanager
def _closed(url: str) -> Iterator[None]:
    import psycopg.sql

    server, name = _of("postgres", url), url.rpartition("/")[2]
    allow = psycopg.sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    _execute(server, allow.format(psycopg.sql.Identifier(name), False))
    _execute(
        server,
        psycopg.sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
            name
        ),
    )
    try:
        yield
    finally:
        _execute(server, allow.format(psycopg.sql.Identifier(name), True))
