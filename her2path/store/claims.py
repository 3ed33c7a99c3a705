"""Claims: who works on a slide now, told by a lock of the operating system.

A lock is gone with the process that held it, however that ended: nothing beats, and nothing times out.
"""

import errno
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
import orjson

from her2path.errors import OutputError

CLAIMS = ".claims"

NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What a file system answers that knows no locks: Lustre mounted without ``flock``, NFS without its lock
service."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that has a claim now; None is not known, where its words cannot be read."""

    host: str | None = None
    pid: int | None = None
    started: datetime | None = None
    """When it took the claim."""

    @property
    def words(self) -> str:
        """Tell a person: ``host node7, process 4242, since 21:14`` in this machine's time."""
        if self.host is None or self.started is None:
            return "another process"
        here, now = self.started.astimezone(), datetime.now().astimezone()
        since = f"{here:%H:%M}" if here.date() == now.date() else f"{here:%Y-%m-%d %H:%M}"
        return f"host {self.host}, process {self.pid}, since {since}"


@contextmanager
def claim(out: Path, slide_id: str, *, wait_s: float = 0.0, needed: bool = True) -> Iterator[Holder | None]:
    """Claim a slide of an output folder, among all processes and threads of all machines that share it.

    Parameters
    ----------
    out
        The output folder; the lock is a file in its ``.claims``, and stays there, empty.
    slide_id
        Name of a slide's folder, or of a file of the program's own.
    wait_s
        Seconds to wait for somebody else's claim.
    needed
        False for a program that does not share its folder: it goes on where there are no locks.

    Yields
    ------
    Holder or None
        None: the claim is ours until the block is left. Else who has it, and nothing may be touched.

    Raises
    ------
    OutputError
        If the file system has no locks, or the file cannot be written.
    """
    path = out / CLAIMS / f"{slide_id}.lock"
    # A soft lock would outlive a killed holder, and two hosts may both believe that they have it.
    lock = filelock.FileLock(path, thread_local=False, fallback_to_soft=False, on_acquired=_sign)
    holder = _acquire(lock, path, wait_s=wait_s, needed=needed)
    try:
        yield holder
    finally:
        if lock.is_locked:
            # A drive that is gone took the lock along; what was done under it must still be told.
            with suppress(OSError):
                os.truncate(path, 0)
            with suppress(OSError):
                lock.release()


def _acquire(lock: filelock.BaseFileLock, path: Path, *, wait_s: float, needed: bool) -> Holder | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait_s)
    except filelock.Timeout:
        return _read_holder(path)
    except OSError as error:
        if needed or error.errno not in NO_LOCKS:
            raise OutputError(_why(path, error)) from error
    return None


def _sign(opened: int) -> None:
    """Write who has the lock into its file; it is for people, and the lock holds without it."""
    holder = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with suppress(OSError):
        os.ftruncate(opened, 0)
        os.write(opened, orjson.dumps(holder, option=orjson.OPT_APPEND_NEWLINE))


def _read_holder(path: Path) -> Holder:
    try:
        words = orjson.loads(path.read_bytes())
        return _parse_holder(words)
    except (OSError, ValueError, TypeError, KeyError):
        return Holder()  # between two holders, or a lock that forbids reading


def _parse_holder(words: Mapping[str, Any]) -> Holder:
    return Holder(str(words["host"]), int(words["pid"]), datetime.fromisoformat(words["started"]))


def _why(path: Path, error: OSError) -> str:
    if error.errno in NO_LOCKS:
        return (
            f"{path.parent.parent} lies on a file system without locks ({error.strerror}), so a batch cannot "
            "know what others work on; put --out on another disk, or give every machine a part of the slides "
            "with --shard and an --out of its own"
        )
    return f"{path} cannot be locked ({error.strerror or error}); free space, or change --out"
