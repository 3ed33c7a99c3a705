"""PNG, JPEG and the TIFFs that OpenSlide does not open: decoded whole, once."""

import logging
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import JpegImagePlugin, PngImagePlugin

from her2path.arrays import Rgb8
from her2path.errors import ReadError, SlideError
from her2path.image.geometry import PixelSize, Region
from her2path.slides.array import ArraySlide
from her2path.slides.crop import composed_on_white, pyramid_levels
from her2path.slides.pixel_size import Stated, chosen_pixel_size, given_size, ome_size, resolution_size
from her2path.slides.protocol import Level, PixelSizeSource
from her2path.slides.storage import blame_storage

# What tifffile logs about a damaged file is told in the reason; a program that wants the log still gets it.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

MAX_PIXELS = 2**29
"""Largest image that is decoded whole (23 000 px square, 1.6 GB); a small file can claim any size."""

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG_MAGIC = b"\xff\xd8\xff"
TIFF_MAGICS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
"""Classic and BigTIFF, both byte orders."""

DECODING_ERRORS = (ValueError, RuntimeError, LookupError, TypeError, OSError, SyntaxError, struct.error)
"""What Pillow, tifffile and imagecodecs raise on a damaged file or an unknown compression."""

EIGHT_BIT_MODES = ("RGB", "RGBA", "L", "LA", "P", "PA", "CMYK", "YCbCr")
"""Pillow's names of the 8-bit modes; anything else is not a picture of a stained slide."""


class Header(NamedTuple):
    """What an image file says before it is decoded."""

    height_px: int
    width_px: int
    pixel_sizes: tuple[Stated | None, ...]
    decode: Callable[[], Rgb8]


class ImageSlide:
    """A single image as a slide, with a pyramid averaged from it; pickles as its path and options.

    The pixels are decoded at the first read and kept; ``close`` forgets them.

    Parameters
    ----------
    path
        PNG, JPEG or TIFF with 8 bits a channel, in colour or grey.
    mpp_um
        Pixel size ``(y, x)`` that overrides the file. PNG and JPEG always need it: what their density
        fields say is meant for printers.

    Raises
    ------
    SlideError
        If this is no such image, or too large to be decoded whole.
    PixelSizeError
        If no usable pixel size is known.
    """

    def __init__(self, path: Path, *, mpp_um: tuple[float, float] | None = None) -> None:
        self.path = path
        self._mpp_um = mpp_um
        self._lock = threading.Lock()
        self._pixels: ArraySlide | None = None
        self._failure: ReadError | None = None
        try:
            self._header = _header(path)
        except SlideError:
            raise
        except DECODING_ERRORS as error:
            raise SlideError(f"{path.name} is damaged ({error}); copy or download it again") from error
        height_px, width_px = self._header.height_px, self._header.width_px
        if height_px * width_px > MAX_PIXELS:
            raise SlideError(
                f"{path.name}: {height_px} × {width_px} px is too large for an image without tiles; "
                "convert it to a tiled pyramid (TIFF) that OpenSlide opens"
            )
        self._levels = pyramid_levels(height_px, width_px)
        self._pixel_size, self._pixel_size_source = chosen_pixel_size(
            path.name, (given_size(mpp_um), *self._header.pixel_sizes)
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _reopen, (self.path, self._mpp_um)

    def __repr__(self) -> str:
        return f"ImageSlide({self.path.name!r})"

    @property
    def levels(self) -> tuple[Level, ...]:
        """Finest first; the coarser ones are area averages."""
        return self._levels

    @property
    def pixel_size(self) -> PixelSize:
        """Of level 0, both axes."""
        return self._pixel_size

    @property
    def pixel_size_source(self) -> PixelSizeSource:
        """Where the pixel size came from."""
        return self._pixel_size_source

    @property
    def objective(self) -> float | None:
        """Plain images do not state it."""
        return None

    @property
    def reader(self) -> str:
        """Decoded whole."""
        return "whole image"

    def read(self, region: Region, level: int = 0) -> Rgb8:
        """Read pixels, as ``Slide.read`` says."""
        return self._decoded().read(region, level)

    def relax(self) -> None:
        """Keep the pixels: they are the slide, and decoding them again takes seconds."""

    def close(self) -> None:
        """Forget the decoded pixels; the next read decodes again."""
        self._pixels = None

    def _decoded(self) -> ArraySlide:
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._pixels is None:
                try:
                    rgb = self._header.decode()
                except DECODING_ERRORS as error:
                    blame_storage(self.path, error)
                    self._failure = ReadError(
                        f"{self.path.name} cannot be decoded ({error}); the file is damaged: copy it again"
                    )
                    raise self._failure from error
                self._pixels = ArraySlide(rgb, self._pixel_size, self._pixel_size_source)
            return self._pixels


def _reopen(path: Path, mpp_um: tuple[float, float] | None) -> ImageSlide:
    return ImageSlide(path, mpp_um=mpp_um)


def _header(path: Path) -> Header:
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith((PNG_MAGIC, JPEG_MAGIC)):
        return _picture_header(path)
    if magic[:4] in TIFF_MAGICS:
        return _tiff_header(path)
    raise SlideError(f"{path.name} is not a PNG, JPEG or TIFF image")


def _open_picture(path: Path) -> PngImagePlugin.PngImageFile | JpegImagePlugin.JpegImageFile:
    # Not Image.open: its size limit is a global setting; ours is MAX_PIXELS.
    with path.open("rb") as file:
        is_png = file.read(8) == PNG_MAGIC
    return PngImagePlugin.PngImageFile(path) if is_png else JpegImagePlugin.JpegImageFile(path)


def _picture_header(path: Path) -> Header:
    with _open_picture(path) as image:
        if image.mode not in EIGHT_BIT_MODES:
            raise SlideError(f"{path.name} has mode {image.mode}; save it as RGB with 8 bits a channel")
        width_px, height_px = image.size

    def decode() -> Rgb8:
        with _open_picture(path) as image:
            if image.has_transparency_data:
                return composed_on_white(np.asarray(image.convert("RGBA")))
            return np.asarray(image.convert("RGB"))

    return Header(height_px, width_px, (), decode)


def _tiff_header(path: Path) -> Header:
    with tifffile.TiffFile(path) as file:
        if not file.series:
            raise SlideError(f"{path.name} holds no image; copy or download it again")
        series = file.series[0]
        page = series.keyframe
        if not isinstance(page.compression, tifffile.COMPRESSION):
            raise SlideError(
                f"{path.name}: TIFF compression {page.compression} is unknown; export it with JPEG"
            )
        ends = (at + n for at, n in zip(page.dataoffsets, page.databytecounts, strict=False))
        if max(ends, default=0) > path.stat().st_size:
            raise SlideError(
                f"{path.name} is damaged (its pixels go on after its end); copy or download it again"
            )
        if _next_directory(file) >= path.stat().st_size:
            raise SlideError(
                f"{path.name} is damaged (it ends before its last image); copy or download it again"
            )
        axes, shape = series.axes, series.shape
        colour = page.photometric in (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR)
        grey = page.photometric == tifffile.PHOTOMETRIC.MINISBLACK
        channels = {"YX": 1, "YXS": shape[-1], "SYX": shape[0], "CYX": shape[0]}.get(axes, 0)
        brightfield = (channels in (3, 4) and (colour or grey)) or (channels == 1 and grey)
        if series.dtype != np.uint8 or not brightfield:
            raise SlideError(
                f"{path.name}: axes {axes}, shape {shape}, {series.dtype} is not a brightfield image; "
                "save it as RGB with 8 bits a channel"
            )
        height_px, width_px = (shape[axes.index(axis)] for axis in "YX")
        x_per_unit, y_per_unit = page.get_resolution()
        unit = tifffile.RESUNIT(page.resolutionunit).name
        sizes = (ome_size(file.ome_metadata), resolution_size((y_per_unit, x_per_unit), unit))

    def decode() -> Rgb8:
        pixels: NDArray[np.uint8] = tifffile.imread(path, series=0, level=0)
        return _as_rgb(pixels, axes)

    return Header(height_px, width_px, sizes, decode)


def _next_directory(file: tifffile.TiffFile) -> int:
    """Where the last directory that can be read says that the next one lies; 0 where it is the last."""
    len(file.pages)  # reads them all
    end = file.pages.next_page_offset
    if end is None:
        return 0
    file.filehandle.seek(end)
    (offset,) = struct.unpack(file.tiff.offsetformat, file.filehandle.read(file.tiff.offsetsize))
    return int(offset)


def _as_rgb(pixels: NDArray[np.uint8], axes: str) -> Rgb8:
    """``YX``, ``YXS``, ``SYX`` or ``CYX`` to ``(y, x, 3)``."""
    if axes == "YX":
        return np.repeat(pixels[..., None], 3, axis=2)
    if axes in ("SYX", "CYX"):
        pixels = np.moveaxis(pixels, 0, -1)
    return composed_on_white(pixels) if pixels.shape[2] == 4 else np.ascontiguousarray(pixels)
