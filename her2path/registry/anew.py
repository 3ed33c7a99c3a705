"""A registry that is damaged stops no batch: it is kept under another name, and a new one begun."""

from contextlib import suppress
from pathlib import Path

from her2path.errors import RegistryError
from her2path.registry.address import FILE_NAME, default_url
from her2path.registry.engine import damage
from her2path.registry.registry import Registry, open_registry

BROKEN_NAME = f"{FILE_NAME}.broken"

PARTS = ("-wal", "-shm", "-journal", "")
"""What SQLite may keep beside its file, and that file last: should the program die halfway, it is still
damaged, and nothing of it lies beside a new one."""


def open_or_begin_anew(out: Path) -> tuple[Registry, str | None]:
    """Open the registry of an output folder, whose loss costs no score.

    One that is locked, or of a newer her2path, is not damaged. Two processes must not do this at once in
    one folder: the second would take away what the first has begun.

    Parameters
    ----------
    out
        The output folder.

    Returns
    -------
    tuple of (Registry, str or None)
        The registry, and what a person must be told where it is a new one.

    Raises
    ------
    RegistryError
        See ``open_registry``; or the damaged file cannot be renamed.
    """
    url = default_url(out)
    try:
        return open_registry(url, str(out)), None
    except RegistryError as error:
        found = damage(error)
        if found is None:
            raise
    _set_aside(out)
    return open_registry(url, str(out)), (
        f"{out / FILE_NAME} is damaged ({found}) and is now {BROKEN_NAME}; a new one was begun, which lacks "
        "the attempts and events of earlier batches"
    )


def _set_aside(out: Path) -> None:
    """Rename the file and what belongs to it; what has these names from an earlier time is lost."""
    try:
        for part in PARTS:
            broken = out / f"{BROKEN_NAME}{part}"
            broken.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                (out / f"{FILE_NAME}{part}").rename(broken)
    except OSError as error:
        raise RegistryError(
            f"{out / FILE_NAME} is damaged, and cannot be renamed ({error.strerror}); move it away"
        ) from error
