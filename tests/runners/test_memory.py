"""The C library is asked once, and says what it did."""

import ctypes
import platform

import numpy as np
import pytest

from her2path.runners.memory import give_back_freed_memory, keep_freed_memory


def test_glibc_agrees_and_arrays_are_what_they_were() -> None:
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")
    assert (np.zeros(3_000_000) == 0).all()
    assert give_back_freed_memory() == keep_freed_memory()


def test_another_library_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(ctypes, "CDLL", None)
    assert keep_freed_memory() is give_back_freed_memory() is False
