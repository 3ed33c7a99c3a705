"""Connections to both databases, set up so that nobody waits for ever."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import SQLITE_CORRUPT, SQLITE_NOTADB
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteError

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from her2path.errors import RegistryError
from her2path.registry.address import hide_passwords, show
from her2path.registry.filesystems import journal_mode, read_mounts

WRITES = "her2path_writes"
"""Execution option of connections that will write."""

SQLITE_SETTINGS = {
    "WAL": ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", "PRAGMA foreign_keys=ON"),
    "DELETE": ("PRAGMA journal_mode=DELETE", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON"),
}
"""In a power cut NORMAL may lose the last rows; the whole file only without a write-ahead log [1]_.

References
----------
.. [1] SQLite, "PRAGMA synchronous", https://sqlite.org/pragma.html#pragma_synchronous.
"""

BUSY_PAUSE_S = 0.02
"""Between two tries to change the journal: SQLite's own waiting does not cover that."""

DAMAGED = {SQLITE_CORRUPT, SQLITE_NOTADB}
PRIMARY = 0xFF
"""SQLite's result codes say more in their higher bits [1]_.

References
----------
.. [1] SQLite, "Result and Error Codes", https://sqlite.org/rescode.html.
"""

REMEDIES = {
    "file is not a database": "give another file with --database, or move this one away",
    "unable to open": "make its folder, or check who may write there",
    "readonly": "check who may write the file and its folder",
    "disk is full": "free space",
    "password": "check user and password",
    "permission denied": "give a user who may create tables there",
    "does not exist": "create it, or check its name",
}
"""What to do about a database's own message that holds this text."""

REMEDY = "check that it is there and can be reached, or leave --database out"


def open_engine(url: URL, patience_s: float) -> Engine:
    """Set up connections to a database; none is made yet.

    Parameters
    ----------
    url
        As ``read_url`` gives it.
    patience_s
        How long a statement waits for a lock, and a connection for an answer.

    Raises
    ------
    RegistryError
        If the driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, patience_s)
    return _postgresql(url, patience_s)


def writing(engine: Engine) -> Engine:
    """Give the same connections for transactions that will write.

    SQLite then takes its lock at the start, where it can wait; a reader that turns writer cannot.
    """
    return engine.execution_options(**{WRITES: True})


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Turn what a database says into a ``RegistryError`` that says what to do, without a password."""
    try:
        yield
    except DBAPIError as error:
        raise RegistryError(
            f"the registry {show(url)} cannot be used: {cause(error)}; {_remedy(error)}"
        ) from error


def cause(error: DBAPIError) -> str:
    """Give the database's own words, on one line."""
    return hide_passwords(" ".join(str(error.orig).split()))


def damage(error: RegistryError) -> str | None:
    """Give SQLite's words about a file that is damaged, or is none of its own; None for other trouble."""
    said = error.__cause__
    if not isinstance(said, DBAPIError):
        return None
    code = getattr(said.orig, "sqlite_errorcode", 0) & PRIMARY
    return cause(said) if code in DAMAGED else None


def _remedy(error: DBAPIError) -> str:
    said = cause(error)
    return next((remedy for text, remedy in REMEDIES.items() if text in said), REMEDY)


def _sqlite(url: URL, patience_s: float) -> Engine:
    # No isolation level: the driver begins no transaction by itself, so tables too are made within one.
    waiting = {"timeout": patience_s, "isolation_level": None}
    engine = create_engine(url, connect_args=waiting, hide_parameters=True)
    mode = journal_mode(Path(url.database or "").resolve(), read_mounts())

    @event.listens_for(engine, "connect")
    def _set_up(connection: SqliteConnection, record: ConnectionPoolEntry) -> None:
        for setting in SQLITE_SETTINGS[mode]:
            _execute_patiently(connection, setting, patience_s)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _execute_patiently(connection: SqliteConnection, setting: str, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            connection.execute(setting)
        except SqliteError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_PAUSE_S)
        else:
            return


def _postgresql(url: URL, patience_s: float) -> Engine:
    milliseconds = str(round(1000 * patience_s))
    wishes = {
        "application_name": "her2path",
        "client_encoding": "utf8",
        "connect_timeout": str(max(2, round(patience_s))),  # libpq takes whole seconds, and 1 for 2
        # A cable pulled out: without this the kernel tries for a quarter of an hour.
        "tcp_user_timeout": milliseconds,
    }
    given = {name: value for name, value in wishes.items() if name not in url.query}
    try:
        engine = create_engine(url, connect_args=given, hide_parameters=True, pool_pre_ping=True)
    except ImportError as error:
        raise RegistryError(
            f"a registry on PostgreSQL needs the driver psycopg ({error}): pip install 'her2path[postgres]'"
        ) from error

    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        connection.cursor().execute("SELECT set_config('statement_timeout', %s, false)", (milliseconds,))
        connection.commit()

    return engine
