"""The C library is asked, says what it did, and is asked again in the end."""

import ctypes
import platform
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from her2path.runners.memory import freed_memory_kept, give_back


def test_glibc_agrees_and_arrays_are_what_they_were() -> None:
    with freed_memory_kept() as kept:
        assert kept == (platform.libc_ver()[0] == "glibc")
        for _ in range(3):
            assert (np.zeros(3_000_000) == 0).all()
    assert (np.zeros(3_000_000) == 0).all()


def test_it_gives_back_whatever_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Library:
        def mallopt(self, which: int, n_bytes: int) -> int:
            asked.append(n_bytes)
            return 1

        def malloc_trim(self, pad: int) -> None:
            asked.append(-1)

    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2"))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library())
    with pytest.raises(ValueError, match="a tile"), freed_memory_kept():
        raise ValueError("a tile")
    assert asked[:4] == [-1, 1 << 30, 1 << 30, 64 << 20]
    assert asked[4:] == [128 << 10, 128 << 10, 128 << 10, -1]


def test_another_library_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(ctypes, "CDLL", None)
    with freed_memory_kept() as kept:
        assert not kept
    give_back()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_what_is_free_between_blocks_in_use_is_given_back() -> None:
    def resident_kb() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    with freed_memory_kept():
        blocks = [np.ones(1 << 17) for _ in range(100)]  # 1 MiB each
        del blocks[::2]
        before = resident_kb()
        give_back()
        assert resident_kb() < before - 30_000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_what_a_thread_has_freed_is_there_for_its_next_arrays() -> None:
    both_there = threading.Barrier(2)

    def pages_taken() -> list[int]:
        both_there.wait()  # so that one of them has a heap of its own
        taken = []
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
            first, second = np.ones(40 << 20, np.uint8), np.ones(40 << 20, np.uint8)
            del first, second
            taken.append(resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)
        return taken

    with freed_memory_kept(), ThreadPoolExecutor(2) as pool:
        for first_time, *later in pool.map(lambda _: pages_taken(), range(2)):
            assert max(later) < first_time / 10
