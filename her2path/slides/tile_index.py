"""Where the JPEG tiles of a TIFF lie, and how they are coded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from her2path.errors import SlideError
from her2path.slides.image import DECODING_ERRORS

COLOURS: dict[int, Literal["RGB", "YCBCR"]] = {
    tifffile.PHOTOMETRIC.RGB: "RGB",
    tifffile.PHOTOMETRIC.YCBCR: "YCBCR",
}
"""The TIFF's word on what the three JPEG components are. Like OpenSlide we believe it and not the JPEG:
Aperio scanners store RGB without the marker that would say so."""


@dataclass(frozen=True, eq=False)
class TileIndex:
    """The tiles of one level, in reading order."""

    height_px: int
    width_px: int
    """Of the level; tiles at its right and lower edge reach beyond."""

    tile_height_px: int
    tile_width_px: int
    offsets: NDArray[np.int64]
    """``(row, column)`` byte in the file at which the tile begins."""

    sizes: NDArray[np.int64]
    """``(row, column)`` bytes; 0 where the scanner left the tile out."""

    tables: bytes | None
    """Quantisation and Huffman tables that the tiles share, as a JPEG of tables alone; None where every tile
    brings its own."""

    colours: Literal["RGB", "YCBCR"]


def jpeg_tile_indexes(path: Path) -> tuple[TileIndex, ...]:
    """Read the index of every level of a TIFF that has plain JPEG tiles, three channels of 8 bits, all there.

    A size that two tiled images of the file share is left out: nobody could say which of them is the level.

    Parameters
    ----------
    path
        A TIFF or BigTIFF.

    Raises
    ------
    SlideError
        If it is none, or its directories cannot be read.
    """
    try:
        with tifffile.TiffFile(path) as file:
            pages = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]
            tiled = [page for page in pages if page.is_tiled]
            sizes = [(page.imagelength, page.imagewidth) for page in tiled]
            return tuple(
                _index(page)
                for page, size in zip(tiled, sizes, strict=True)
                if sizes.count(size) == 1 and _has_jpeg_tiles(page, path.stat().st_size)
            )
    except (*DECODING_ERRORS, ArithmeticError) as error:  # ArithmeticError: a tag with 0, or beyond 2**63
        raise SlideError(f"{path.name}: the index of its tiles cannot be read ({error})") from error


def _has_jpeg_tiles(page: tifffile.TiffPage, file_bytes: int) -> bool:
    rows, columns = -(-page.imagelength // page.tilelength), -(-page.imagewidth // page.tilewidth)
    return (
        page.compression == tifffile.COMPRESSION.JPEG
        and page.photometric in COLOURS
        and page.planarconfig == tifffile.PLANARCONFIG.CONTIG
        and (page.samplesperpixel, page.bitspersample) == (3, 8)
        and len(page.dataoffsets) == len(page.databytecounts) == rows * columns
        and max(at + n for at, n in zip(page.dataoffsets, page.databytecounts, strict=True)) <= file_bytes
    )


def _index(page: tifffile.TiffPage) -> TileIndex:
    columns = -(-page.imagewidth // page.tilewidth)
    return TileIndex(
        height_px=page.imagelength,
        width_px=page.imagewidth,
        tile_height_px=page.tilelength,
        tile_width_px=page.tilewidth,
        offsets=np.array(page.dataoffsets, np.int64).reshape(-1, columns),
        sizes=np.array(page.databytecounts, np.int64).reshape(-1, columns),
        tables=page.jpegtables,
        colours=COLOURS[page.photometric],
    )
