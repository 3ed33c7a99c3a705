"""Decoded tiles that the next box is likely to need: boxes overlap by their margins."""

import threading
from typing import NamedTuple

from her2path.arrays import Rgb8

KEPT_BYTES = 64 << 20
"""Of all threads together. On a slide of 16 384 px this holds what one row of boxes shares with the next; on
a wider one, what a box shares with the next in its row, and that is half of all."""


class Place(NamedTuple):
    """Which tile of a level."""

    row: int
    column: int


class KeptTiles:
    """The tiles last kept, up to ``KEPT_BYTES``; for all threads. Nobody may write to one."""

    def __init__(self) -> None:
        self._tiles: dict[Place, Rgb8] = {}
        self._n_bytes = 0
        self._lock = threading.Lock()

    def get(self, place: Place) -> Rgb8 | None:
        """Give a tile, or None where it is not kept, or no longer."""
        with self._lock:
            return self._tiles.get(place)

    def keep(self, place: Place, tile: Rgb8) -> None:
        """Keep a tile, and let go of those that were kept first where there is no room."""
        with self._lock:
            # Two threads that both miss a tile both decode it.
            if place in self._tiles:
                return
            self._tiles[place] = tile
            self._n_bytes += tile.nbytes
            while self._n_bytes > KEPT_BYTES:
                self._n_bytes -= self._tiles.pop(next(iter(self._tiles))).nbytes
