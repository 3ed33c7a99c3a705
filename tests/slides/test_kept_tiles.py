"""The last tiles stay, the first ones go, and nobody sees another's tile."""

import numpy as np
import pytest

from her2path.arrays import Rgb8
from her2path.slides import kept_tiles
from her2path.slides.kept_tiles import KeptTiles, Place


def tile(value: int, n_px: int = 100) -> Rgb8:
    return np.full((n_px, 1, 3), value, np.uint8)


def test_a_tile_is_given_as_it_was_kept_first() -> None:
    kept, first = KeptTiles(), tile(1)
    assert kept.get(Place(0, 0)) is None
    kept.keep(Place(0, 0), first)
    kept.keep(Place(0, 0), tile(1))
    assert kept.get(Place(0, 0)) is first
    assert kept.get(Place(0, 1)) is None


def test_the_first_ones_go_where_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_tiles, "KEPT_BYTES", 1000)
    kept = KeptTiles()
    for row in range(5):
        kept.keep(Place(row, 0), tile(row))
        kept.keep(Place(0, 0), tile(0))  # which is there, or is let in again
    assert [row for row in range(5) if kept.get(Place(row, 0)) is not None] == [0, 3, 4]


def test_a_tile_without_room_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_tiles, "KEPT_BYTES", 1000)
    kept = KeptTiles()
    kept.keep(Place(0, 0), tile(0, n_px=400))
    kept.keep(Place(0, 1), tile(1))
    assert kept.get(Place(0, 0)) is None
    assert kept.get(Place(0, 1)) is not None
