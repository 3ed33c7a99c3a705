"""JPEG tiles of a TIFF, decoded straight from the file: the pixels of OpenSlide, sooner."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from imagecodecs import Jpeg8Error, jpeg8_decode

from her2path.arrays import Rgb8
from her2path.errors import ReadError, SlideError
from her2path.image.geometry import PixelSize, Region
from her2path.slides.crop import WHITE, output_shape
from her2path.slides.kept_tiles import KeptTiles, Place
from her2path.slides.openslide import OpenSlideSlide
from her2path.slides.protocol import Level, PixelSizeSource
from her2path.slides.storage import blame_storage
from her2path.slides.tile_index import TileIndex, jpeg_tile_indexes

VENDORS = ("aperio", "generic-tiff", "philips")
"""Formats, by OpenSlide's names, whose tiles lie side by side; others overlap them, shift or scale them."""

END_OF_IMAGE = b"\xff\xd9"
PADDING_BYTES = 16
"""The JPEG marker that ends a tile; some writers pad a tile to whole words after it."""

LOST = (bytes(64), b"\xff" * 64)
"""What a disk or a copy leaves where it lost a sector. In the code of a picture with any texture there are no
such runs; flat glass can have them, and then costs time only."""

MIDDLE = 128
"""What libjpeg leaves in blocks of 8 × 8 px that it had no data for."""

SHARED_TILES = 2
"""Tiles at the end of a box that the next one takes too: it begins two margins before, 448 px at 0.25 µm."""

CANDIDATES = 4
"""Tiles that are tried for the comparison with OpenSlide: one of them can be damaged, not all."""


class JpegTileSlide:
    """A slide of OpenSlide's whose JPEG tiles are decoded without it; pickles as that slide.

    Everything but the pixels is OpenSlide's, and so is every tile that does not decode without a flaw: it
    alone knows whether that is an error. When the slide is opened, a tile of every level is compared with it,
    bit for bit.

    Parameters
    ----------
    slide
        The same slide, open.

    Raises
    ------
    SlideError
        If level 0 has no such tiles, or they do not come out as OpenSlide reads them.
    StorageError
        If the drive fails.
    """

    def __init__(self, slide: OpenSlideSlide) -> None:
        self._slide = slide
        self._file: _File | None = None
        self._kept = KeptTiles()
        self._levels = self._direct_levels()
        for level in self._levels:
            self._compare(level)

    def __reduce__(self) -> tuple[object, ...]:
        return JpegTileSlide, (self._slide,)

    def __repr__(self) -> str:
        return f"JpegTileSlide({self._slide.path.name!r})"

    @property
    def levels(self) -> tuple[Level, ...]:
        """Finest first, as OpenSlide maps them."""
        return self._slide.levels

    @property
    def pixel_size(self) -> PixelSize:
        """Of level 0, both axes."""
        return self._slide.pixel_size

    @property
    def pixel_size_source(self) -> PixelSizeSource:
        """Where the pixel size came from."""
        return self._slide.pixel_size_source

    @property
    def objective(self) -> float | None:
        """Nominal magnification where the file states it."""
        return self._slide.objective

    @property
    def reader(self) -> str:
        """Tile by tile, straight from the file."""
        return "JPEG tiles"

    def read(self, region: Region, level: int = 0) -> Rgb8:
        """Read pixels, as ``Slide.read`` says."""
        index, step = self._levels.get(level), round(self.levels[level].downsample)
        if index is None or region.y_px % step or region.x_px % step:
            return self._slide.read(region, level)
        height, width = output_shape(region, self.levels[level])
        pieces = tuple(_pieces(index, region.y_px // step, region.x_px // step, height, width))
        rgb: Rgb8 = np.empty((height, width, 3), np.uint8)
        if sum(piece.n_px for piece in pieces) < height * width:
            rgb.fill(WHITE)
        kept, scratch = self._kept, _empty_tile(index)
        for piece in pieces:
            # Only at level 0 are boxes read whose margins overlap.
            tile = kept.get(piece.place) if level == 0 else None
            if tile is None:
                is_shared = level == 0 and piece.is_near_end
                tile = _empty_tile(index) if is_shared else scratch
                if not self._decode(index, piece.place, tile):
                    tile = self._slide.read(self._tile_region(level, piece.place), level)
                if is_shared:
                    kept.keep(piece.place, tile)
            rgb[piece.to] = tile[piece.within]
        return rgb

    def relax(self) -> None:
        """Let go of the decoded tiles, as ``Slide.relax`` says."""
        self._kept = KeptTiles()
        self._slide.relax()

    def close(self) -> None:
        """Close the file and OpenSlide's handles; a read in flight keeps its own until it is done.

        The next read opens and decodes all again.
        """
        self._file = None
        self._kept = KeptTiles()
        self._slide.close()

    def _direct_levels(self) -> dict[int, TileIndex]:
        """Levels that can be read here: level 0, and others whose pixels lie on whole pixels of it."""
        name = self._slide.path.name
        if self._slide.vendor not in VENDORS:
            raise SlideError(f"{name}: {self._slide.vendor} files have no tiles that just lie side by side")
        by_size = {(one.height_px, one.width_px): one for one in jpeg_tile_indexes(self._slide.path)}
        found = {
            number: by_size[level.height_px, level.width_px]
            for number, level in enumerate(self.levels)
            if level.downsample.is_integer() and (level.height_px, level.width_px) in by_size
        }
        if 0 not in found:
            raise SlideError(f"{name}: level 0 has no JPEG tiles that are plain and all there")
        # OpenSlide draws what is left out of a coarse level from the finer one, and what lies over a gap too.
        whole = all(index.sizes.all() for index in by_size.values())
        return found if whole else {0: found[0]}

    def _compare(self, level: int) -> None:
        """Raise unless the fullest tile, which shows the most, comes out as OpenSlide reads it."""
        index, name = self._levels[level], self._slide.path.name
        tile = _empty_tile(index)
        by_size = np.argsort(index.sizes, axis=None, kind="stable")
        for number in by_size[: -1 - CANDIDATES : -1].tolist():
            place = Place(*divmod(number, index.sizes.shape[1]))
            region = self._tile_region(level, place)
            try:
                expected = self._slide.read(region, level)
            except ReadError:
                continue
            if self._decode(index, place, tile) and np.array_equal(self.read(region, level), expected):
                return
            raise SlideError(f"{name}: JPEG tiles of level {level} come out otherwise than OpenSlide's")
        raise SlideError(f"{name}: OpenSlide cannot read the fullest tiles of level {level}")

    def _tile_region(self, level: int, place: Place) -> Region:
        index, step = self._levels[level], round(self.levels[level].downsample)
        height_px, width_px = index.tile_height_px * step, index.tile_width_px * step
        return Region(place.row * height_px, place.column * width_px, height_px, width_px)

    def _decode(self, index: TileIndex, place: Place, out: Rgb8) -> bool:
        """Decode a tile into ``out``; False where it has, or may have, a flaw."""
        file, size = self._file, int(index.sizes[place])
        try:
            if file is None:
                self._file = file = _File(os.open(self._slide.path, os.O_RDONLY))
            data = os.pread(file.descriptor, size, int(index.offsets[place]))
        except OSError as error:
            blame_storage(self._slide.path, error)
            return False
        if len(data) < size or END_OF_IMAGE not in data[-2 - PADDING_BYTES :]:
            return False
        if any(run in data for run in LOST):
            return False
        try:
            jpeg8_decode(data, tables=index.tables, colorspace=index.colours, outcolorspace="RGB", out=out)
        except (Jpeg8Error, ValueError):  # ValueError: not the size of a tile
            return False
        return not _ran_out(out)


@dataclass(frozen=True, slots=True)
class _File:
    """An open file that all threads read from; closed when the last of them lets go of it."""

    descriptor: int

    def __del__(self) -> None:
        os.close(self.descriptor)


class _Piece(NamedTuple):
    """What a box takes from one tile."""

    place: Place
    within: tuple[slice, slice]
    """Rows and columns of the tile."""

    to: tuple[slice, slice]
    """Rows and columns of the box."""

    is_near_end: bool
    """Whether the tile is one of the last in its row or column of the box: the next box begins there."""

    @property
    def n_px(self) -> int:
        rows, columns = self.to
        return int((rows.stop - rows.start) * (columns.stop - columns.start))


def _pieces(index: TileIndex, y: int, x: int, height: int, width: int) -> Iterator[_Piece]:
    """Cut a box of a level along the tiles, in file order, without what lies outside or was left out."""
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + height, index.height_px), min(x + width, index.width_px)
    if top >= bottom or left >= right:
        return
    tile_height, tile_width = index.tile_height_px, index.tile_width_px
    end_row, end_column = -(-bottom // tile_height), -(-right // tile_width)
    for row in range(top // tile_height, end_row):
        rows = _common(row * tile_height, tile_height, top, bottom)
        for column in range(left // tile_width, end_column):
            columns = _common(column * tile_width, tile_width, left, right)
            if index.sizes[row, column]:
                yield _Piece(
                    place=Place(row, column),
                    within=(_moved(rows, row * tile_height), _moved(columns, column * tile_width)),
                    to=(_moved(rows, y), _moved(columns, x)),
                    is_near_end=max(row - end_row, column - end_column) >= -SHARED_TILES,
                )


def _empty_tile(index: TileIndex) -> Rgb8:
    return np.empty((index.tile_height_px, index.tile_width_px, 3), np.uint8)


def _common(start: int, length: int, first: int, end: int) -> tuple[int, int]:
    return max(start, first), min(start + length, end)


def _moved(span: tuple[int, int], origin: int) -> slice:
    return slice(span[0] - origin, span[1] - origin)


def _ran_out(tile: Rgb8) -> bool:
    """Whether the data may have ended before the pixels: OpenSlide raises there, imagecodecs does not say.

    The outermost pixels of a block are not looked at: colour is blended into them from its neighbours.
    """
    height, width = tile.shape[0] // 8, tile.shape[1] // 8
    whole = tile[: 8 * height, : 8 * width]
    middle = whole[4::8, 4::8]
    grey = (middle[..., 0] == MIDDLE) & (middle[..., 1] == MIDDLE) & (middle[..., 2] == MIDDLE)
    if not grey.any():
        return False
    rows, columns = np.nonzero(grey)
    blocks = whole.reshape(height, 8, width, 8, 3)[rows, :, columns]
    return bool((blocks[:, 2:6, 2:6] == MIDDLE).all(axis=(1, 2, 3)).any())
