"""Where a registry lies: addresses that can be used, and how they are shown."""

import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from her2path.errors import RegistryError

FILE_NAME = "registry.sqlite"

DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
"""Beginnings of an address that are understood, and the driver that each means."""

FORMS = "give sqlite:///FILE or postgresql+psycopg://USER@HOST:PORT/DATABASE"

PASSWORD = re.compile(r"(://[^:/@\s]*:)\S+@")
"""Between user and host, up to the last @: a password may hold one that nobody escaped."""

PASSWORD_OPTION = re.compile(r"(password=)[^&\s]+", re.IGNORECASE)
"""As libpq takes it among the options of an address."""


def default_url(out: Path) -> str:
    """Address of the registry in an output folder: ``DIR/registry.sqlite``."""
    url = URL.create("sqlite", database=str((out / FILE_NAME).absolute()))
    return url.render_as_string(hide_password=False)


def read_url(text: str) -> URL:
    """Understand an address.

    Parameters
    ----------
    text
        ``sqlite:///FILE`` or ``postgresql+psycopg://…``.

    Raises
    ------
    RegistryError
        If it is neither, or cannot be what was meant.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter: a port that is no number
        raise RegistryError(f"{hide_passwords(text)!r} is no address of a database; {FORMS}") from None
    if url.drivername not in DRIVERS:
        raise RegistryError(f"a registry cannot be kept in {url.drivername!r}; {FORMS}")
    if "@" in (url.host or ""):
        raise RegistryError("the user or the password of the database holds an @; write it as %40")
    if url.get_backend_name() == "sqlite" and (
        url.host or url.query or url.database in (None, "", ":memory:")
    ):
        raise RegistryError(f"{show(url)!r} names no file; give sqlite:///FILE, and no option")
    return url.set(drivername=DRIVERS[url.drivername])


def show(url: URL) -> str:
    """Write an address for people: without its passwords."""
    return hide_passwords(url.render_as_string(hide_password=True))


def hide_passwords(text: str) -> str:
    """Replace the passwords of addresses in a text with ``***``."""
    return PASSWORD_OPTION.sub(r"\1***", PASSWORD.sub(r"\1***@", text))
