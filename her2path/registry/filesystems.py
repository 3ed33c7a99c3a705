"""Which journal SQLite may keep on which file system."""

import re
from pathlib import Path
from typing import Literal, TypeAlias

JournalMode: TypeAlias = Literal["WAL", "DELETE"]

NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "smb", "ncpfs", "afs", "coda", "davfs", "9p", "virtiofs"),
        *("lustre", "gpfs", "beegfs", "ceph", "glusterfs", "panfs", "pvfs2", "orangefs", "wekafs"),
        *("gfs2", "ocfs2"),
    }
)
"""Of servers, of clusters, on shared disks: what several machines can have mounted."""

LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs"})
"""The root of a container without privileges; what else comes through FUSE (sshfs, rclone) may be remote."""

MOUNTS = Path("/proc/mounts")


def journal_mode(file: Path, mounts: str) -> JournalMode:
    """Choose the journal: a write-ahead log needs memory that all its users share, so one machine [1]_.

    Parameters
    ----------
    file
        The database, absolute.
    mounts
        Content of ``/proc/mounts``; empty where the system has none.

    References
    ----------
    .. [1] SQLite, "Write-Ahead Logging", https://sqlite.org/wal.html, Overview, point 2.
    """
    around = []
    for number, line in enumerate(mounts.splitlines()):
        point, kind = line.split(" ")[1:3]
        if file.is_relative_to(_unescape(point)):
            around.append((len(Path(_unescape(point)).parts), number, kind))
    # Of a mount inside another the inner one holds; of mounts over one another, the last.
    kind = max(around)[2] if around else ""
    remote = kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)
    return "DELETE" if remote else "WAL"


def read_mounts() -> str:
    """Content of ``/proc/mounts``; empty where there is none."""
    return MOUNTS.read_text(encoding="utf-8", errors="surrogateescape") if MOUNTS.exists() else ""


def _unescape(name: str) -> str:
    """Give a name as it is: a space in it is written as an octal number."""
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), name)
