"""The first plug point: who finds the cells."""

from dataclasses import dataclass
from typing import Protocol

from her2path.arrays import Codes, Doubles, Floats, Rgb8
from her2path.cells.columns import Columns
from her2path.cells.maps import CellMaps
from her2path.image.geometry import PixelSize, Tile
from her2path.image.stains import StainMatrix


@dataclass(frozen=True, slots=True)
class Weights:
    """Which network was asked."""

    name: str
    sha256: str


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

    @property
    def device(self) -> str:
        """Where it computes, as recorded in score.json."""
        ...

    @property
    def weights(self) -> Weights | None:
        """The network that it asks; None where it asks none."""
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

    def settle(self, at_um: Doubles, evidence: Columns) -> tuple[Codes, Floats]:
        """Settle the kind of every cell of a slide, from what it itself said of each.

        Parameters
        ----------
        at_um
            ``(n, 2)`` positions, in the order of the table.
        evidence
            ``n`` rows of ``CellMaps.evidence``, joined over the tiles.

        Returns
        -------
        tuple of (Codes, Floats)
            ``(n,)`` kind, and ``(n,)`` probability of tumour.
        """
        ...
