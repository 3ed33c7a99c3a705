"""Writes that outlive a power cut, removals that leave no half, and paths as text that can be written."""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

SCORE_FILE = "score.json"
"""What makes a folder a result: written last, removed first."""

NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
"""What a file system answers that cannot flush a folder; there is nothing more to be done there."""


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, flush it and rename it: nobody ever reads half of it.

    Parameters
    ----------
    path
        Where it appears.
    write
        Writes the file at the path that it is given.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        flush_file(beside)
        beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)  # half a file on a full disk
    flush_folder(path.parent)


def flush_file(path: Path) -> None:
    """Have a file's bytes on the disk before going on."""
    with path.open("rb+") as file:  # some systems flush only what is open for writing
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Have the names in a folder on the disk before going on, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in NO_FOLDER_SYNC:
            raise
    finally:
        os.close(opened)


def plain_path(path: str | Path) -> str:
    r"""Give a path, or text that names one, as text that every file can hold.

    Bytes of a name that are not text in the system's encoding become backslash escapes (``caf\udce9.svs``):
    names that differ stay different.
    """
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def remove(folder: Path) -> None:
    """Remove a folder, score.json first: what is left of it, should the program die, is no result."""
    if folder.exists():
        (folder / SCORE_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder)
