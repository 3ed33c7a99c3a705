"""A write-ahead log where one machine writes, none where several may."""

from pathlib import Path

import pytest

from her2path.registry.filesystems import journal_mode, read_mounts

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
server:/export /data nfs4 rw,vers=4.2 0 0
/dev/sdb1 /data/local\\040disk xfs rw 0 0
//nas/share /shares/nas cifs rw 0 0
systemd-1 /auto autofs rw 0 0
server:/auto /auto nfs rw 0 0
me@host:/ /ssh fuse.sshfs rw 0 0
overlay /container fuse.fuse-overlayfs rw 0 0
/dev/sdc1 /ntfs fuseblk rw 0 0
"""


@pytest.mark.parametrize(
    ("file", "mode"),
    [
        ("/var/out/registry.sqlite", "WAL"),
        ("/data/out/registry.sqlite", "DELETE"),
        ("/database/registry.sqlite", "WAL"),
        ("/data/local disk/registry.sqlite", "WAL"),
        ("/shares/nas/registry.sqlite", "DELETE"),
        ("/auto/registry.sqlite", "DELETE"),
        ("/ssh/registry.sqlite", "DELETE"),
        ("/container/registry.sqlite", "WAL"),
        ("/ntfs/registry.sqlite", "WAL"),
    ],
)
def test_the_mount_that_holds_a_file_decides(file: str, mode: str) -> None:
    assert journal_mode(Path(file), MOUNTS) == mode


def test_a_system_without_that_table_is_taken_for_local(tmp_path: Path) -> None:
    assert journal_mode(tmp_path, "") == "WAL"


def test_the_table_of_this_system_can_be_read(tmp_path: Path) -> None:
    assert journal_mode(tmp_path, read_mounts()) in {"WAL", "DELETE"}
