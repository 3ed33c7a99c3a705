"""Memory that a thread frees is kept for the next tile.

glibc gives every large block back to the system as soon as it is freed, and takes a new one, zeroed page by
page, for the next array of the same size. On tiles of many MB that costs an eighth of all time
(docs/decisions/0019-tiles-on-threads.md).
"""

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of ``malloc.h``."""

KEPT_BYTES = 1 << 30
"""A block of this size is still kept: larger than any array of a tile."""


def give_back_freed_memory() -> bool:
    """Give the system what is kept and not in use, of all threads; whether the C library can.

    What a thread has freed, another cannot use: once the tiles are done it would only be in the way.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    ctypes.CDLL(None).malloc_trim(0)
    return True


def keep_freed_memory() -> bool:
    """Ask the C library to keep what is freed; whether it could be asked.

    Nothing but time changes. Only glibc has the question.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    c_library = ctypes.CDLL(None)
    # Set by hand, both thresholds stop adapting themselves.
    return all(c_library.mallopt(which, KEPT_BYTES) for which in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD))
