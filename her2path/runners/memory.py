"""While tiles run, memory that a thread frees is kept for the next tile.

glibc gives every large block back to the system as soon as it is freed, and takes a new one, zeroed page by
page, for the next array of the same size. On tiles of many MB that costs an eighth of all time
(docs/decisions/0019-tiles-on-threads.md). Once the tiles are done it would only be in the way: what one
thread has freed, another cannot use.
"""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Of ``malloc.h``."""

KEPT_BYTES = 1 << 30
"""A block of this size is still kept: larger than any array of a tile."""

PIECE_BYTES = 64 << 20
"""A thread's own heap is made of pieces of this size, and an empty one is given back whatever the thresholds,
unless that much is to be spare. Nothing is taken before it is used."""

USUAL_BYTES = 128 << 10
"""All three, where nobody has asked otherwise (mallopt(3))."""


@contextmanager
def freed_memory_kept() -> Iterator[bool]:
    """Have the C library keep what is freed from now on, and give all of it back in the end.

    Nothing but time changes. Only glibc can be asked; the value is whether it could.
    """
    if not _is_glibc():
        yield False
        return
    c_library = ctypes.CDLL(None)

    def ask_for(kept_bytes: int, spare_bytes: int) -> bool:
        # Set by hand, the thresholds stop adapting themselves.
        wishes = ((M_MMAP_THRESHOLD, kept_bytes), (M_TRIM_THRESHOLD, kept_bytes), (M_TOP_PAD, spare_bytes))
        return all(c_library.mallopt(which, n_bytes) for which, n_bytes in wishes)

    give_back()  # what the survey of a large slide left is in pieces that fit no array of a tile
    kept = ask_for(KEPT_BYTES, PIECE_BYTES)
    try:
        yield kept
    finally:
        ask_for(USUAL_BYTES, USUAL_BYTES)
        give_back()


def give_back() -> None:
    """Have the C library give back to the system what is free now, also between blocks that are in use.

    What is kept grows over hours: blocks of many sizes leave gaps that fit none of the next.
    """
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
