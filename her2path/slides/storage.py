"""What the disk or network drive that a slide lies on has to do with its failure."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from her2path.errors import StorageError

CHUNK_BYTES = 1 << 16
N_CHUNKS = 32
"""Places between the first and the last chunk of a file that are read: 2 MiB find a drive that is away, and
most that lose part of a file."""

MOST_PARTS = 32
"""Files beside the slide that are looked at; an MRXS has some twenty, a DICOM series as many as levels."""

AHEAD_BYTES = 1 << 30
"""How much of a slide is read ahead: most slides whole, and a small part of the memory of a workstation."""

STEP_BYTES = 1 << 17
"""How much is asked for in one call: Linux cuts a longer one to what a device takes at once, 128 KiB at
least."""

PASSING_NAMES = """
EIO ESTALE ETIMEDOUT ENOTCONN EHOSTDOWN EHOSTUNREACH ENETDOWN ENETUNREACH ENETRESET ECONNRESET ECONNABORTED
ECONNREFUSED ESHUTDOWN ECOMM ENOLINK ENONET EREMOTEIO ENXIO ENODEV ENOMEDIUM EBUSY EAGAIN EINTR ENOMEM EMFILE
ENFILE
"""
"""Errors of a drive, a network or a machine under load: the same read may succeed in a while."""

# Some systems have fewer words.
PASSING = frozenset(getattr(errno, name) for name in PASSING_NAMES.split() if hasattr(errno, name))


def trouble_that_may_pass(path: Path) -> str | None:
    """Tell whether the storage is to blame for a slide that failed, by reading a sample of its bytes.

    Parameters
    ----------
    path
        The slide's file. The files that belong to it are looked at too.

    Returns
    -------
    str or None
        One line for a technician; None where the storage gives the file, or where waiting changes nothing:
        it is not there, or may not be read.
    """
    try:
        try:
            for part in (path, *_parts(path)[:MOST_PARTS]):
                _read_sample(part)
        except FileNotFoundError:
            return _what_has_vanished(path.absolute())
    except OSError as error:
        if error.errno in PASSING:
            return _words(path, error)
    return None


def blame_storage(path: Path, error: BaseException) -> None:
    """Raise where the storage is to blame for what reading a slide ended with; where not, do nothing.

    Parameters
    ----------
    path
        The slide's file.
    error
        What reading ended with. What it was raised from is looked at too; where nothing tells what the system
        said, as after OpenSlide, a sample of the slide is read.

    Raises
    ------
    StorageError
        If reading may succeed in a while.
    """
    told = next((_words(path, one) for one in _system_errors(error) if one.errno in PASSING), None)
    told = told or trouble_that_may_pass(path)
    if told is not None:
        raise StorageError(told) from error


def comes_from_system(error: BaseException) -> bool:
    """Tell whether the system raised an error, or what it was raised from: a full disk, a drive that is away.

    A copy that has come from another process may have lost that.
    """
    return any(True for _ in _system_errors(error))


def bytes_of(path: Path) -> int | None:
    """Size of a slide in bytes, with the files that belong to it; None where it is not there to be asked.

    Of a DICOM slide all that lies beside it is counted: which of it is of its series, only the files tell.
    """
    try:
        return sum(part.stat().st_size for part in (path, *_parts(path)))
    except (OSError, ValueError):  # ValueError: no file can have such a name
        return None


def read_ahead(path: Path) -> None:
    """Ask the system to fetch a slide into memory while something else is done.

    Nothing is waited for, and nothing is raised: whoever opens the slide will be told.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    left = AHEAD_BYTES
    try:
        for part in (path, *_parts(path)[:MOST_PARTS]):
            left -= _fetch(part, left)
    except OSError:
        return


def _fetch(path: Path, most_bytes: int) -> int:
    with path.open("rb", buffering=0) as file:
        size = min(os.fstat(file.fileno()).st_size, max(most_bytes, 0))
        for first in range(0, size, STEP_BYTES):
            os.posix_fadvise(file.fileno(), first, STEP_BYTES, os.POSIX_FADV_WILLNEED)
    return size


def _parts(path: Path) -> tuple[Path, ...]:
    """Files beside the slide that belong to it: the folder of an MRXS, the other levels of a DICOM series."""
    suffix = path.suffix.lower()
    if suffix not in {".mrxs", ".dcm"}:
        return ()
    folder = path.with_suffix("") if suffix == ".mrxs" else path.parent
    files = sorted(
        one for one in folder.iterdir() if one != path and (suffix == ".mrxs" or one.suffix.lower() == suffix)
    )
    return tuple(files)


def _read_sample(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        last = max(0, os.fstat(file.fileno()).st_size - CHUNK_BYTES)
        for place in range(N_CHUNKS + 2):
            file.seek(last * place // (N_CHUNKS + 1))
            file.read(CHUNK_BYTES)


def _what_has_vanished(path: Path) -> str | None:
    """Tell a drive that is gone from a name that is wrong.

    A mistyped path ends at a folder with other things in it, one level up at most. A drive that is gone
    leaves nothing, or the empty folder that it was mounted on.
    """
    n_missing = next(n for n, folder in enumerate(path.parents) if folder.exists())
    there = path.parents[n_missing]
    if n_missing > 1 or not any(there.iterdir()):
        gone = path.parents[n_missing - 1] if n_missing else there
        return f"{gone} is gone or empty; check that its drive is connected"
    return None


def _words(path: Path, error: OSError) -> str:
    return f"{path} cannot be read now ({error.strerror}); check the drive and the network"


def _system_errors(error: BaseException) -> Iterator[OSError]:
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) and link.errno is not None:
            yield link
        link = link.__cause__
