"""The first plug point: who finds the cells."""

from typing import Protocol

from her2path.arrays import Rgb8
from her2path.cells.maps import CellMaps
from her2path.image.geometry import PixelSize, Tile
from her2path.image.stains import StainMatrix


class Segmenter(Protocol):
    """Turns the pixels of one tile into its cells; picklable, without state between tiles."""

    @property
    def name(self) -> str:
        """Name of the engine, as recorded in score.json."""
        ...

    @property
    def halo_um(self) -> float:
        """Margin that must be read around a tile so that no cell in its core depends on the tile's border."""
        ...

    def __call__(self, rgb: Rgb8, tile: Tile, pixel_size: PixelSize, stains: StainMatrix) -> CellMaps:
        """Find the cells of one tile.

        Parameters
        ----------
        rgb
            ``(y, x, 3)`` uint8, the level-0 pixels of ``tile.read``.
        tile
            Where they lie.
        pixel_size
            Of level 0.
        stains
            Of this slide.

        Returns
        -------
        CellMaps
            Only cells whose anchor lies in ``tile.core``.
        """
        ...
