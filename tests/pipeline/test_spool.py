"""What went to disk comes back, column by column, and the file leaves no trace."""

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Floats, Ints
from her2path.cells.columns import Columns
from her2path.errors import SlideError
from her2path.pipeline.spool import Spool


@dataclass(frozen=True, eq=False)
class Two(Columns):
    place: Ints
    radii: Floats

    @classmethod
    def empty(cls) -> "Two":
        return cls(np.zeros(0, np.int32), np.zeros((0, 4), np.float32))


def part(n: int, seed: int) -> Two:
    rng = np.random.default_rng(seed)
    return Two(rng.integers(0, 99, n).astype(np.int32), rng.random((n, 4)).astype(np.float32))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 7), max_size=6), st.integers(0, 2**16))
def test_what_is_appended_comes_back_in_any_order(sizes: list[int], seed: int) -> None:
    parts = [part(n, seed + k) for k, n in enumerate(sizes)]
    whole = Two.concat([Two.empty(), *parts])
    order = np.random.default_rng(seed).permutation(len(whole))
    with closing(Spool(Two.empty())) as spool:
        for one in parts:
            spool.append(one)
        assert (spool.column("place") == whole.place).all()
        rows = spool.rows(order)
    assert (rows.place == whole.place[order]).all()
    assert (rows.radii == whole.radii[order]).all()
    assert rows.radii.shape == (len(whole), 4)


def test_columns_that_do_not_lie_in_a_row_come_back_as_well() -> None:
    wide = np.arange(24, dtype=np.float32).reshape(4, 6).T
    with closing(Spool(Two.empty())) as spool:
        spool.append(Two(np.arange(12, dtype=np.int32)[::2], wide))
        assert (spool.column("radii") == wide).all()
        assert (spool.column("place") == [0, 2, 4, 6, 8, 10]).all()


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with closing(Spool(Two.empty())) as spool:
        spool.append(part(3, 1))
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_of_the_slide(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def tell(self) -> int:
            return 0

        def write(self, data: object) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda prefix: Full())
    with closing(Spool(Two.empty())) as spool, pytest.raises(SlideError, match=r"No space left.*TMPDIR"):
        spool.append(part(3, 1))
