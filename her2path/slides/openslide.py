"""Every format that OpenSlide opens."""

import itertools
import threading
from pathlib import Path

import numpy as np
import openslide

from her2path.arrays import Rgb8
from her2path.errors import ReadError, SlideError
from her2path.image.geometry import PixelSize, Region
from her2path.slides.crop import WHITE, composed_on_white, output_shape
from her2path.slides.pixel_size import chosen_pixel_size, given_size, ome_size, positive, property_size
from her2path.slides.protocol import Level, PixelSizeSource
from her2path.slides.storage import blame_storage

CACHE_BYTES = 64 * 2**20
"""Decoded tiles kept for all handles of one slide together. OpenSlide's own default is 32 MiB a handle."""


class OpenSlideSlide:
    """A slide read through OpenSlide, with one handle a thread; pickles as its path and options.

    A handle is opened at a thread's first read, and closed when the thread ends, when the slide is
    forgotten, or with ``close``. Label and macro images are never read: they may show a name.

    Parameters
    ----------
    path
        Any file that OpenSlide opens.
    mpp_um
        Pixel size ``(y, x)`` that overrides the file.

    Raises
    ------
    SlideError
        If OpenSlide cannot open the file.
    PixelSizeError
        If no usable pixel size is known.
    """

    reader: str = "OpenSlide"
    """Whoever opens the slide may add why nobody faster reads it; not pickled."""

    def __init__(self, path: Path, *, mpp_um: tuple[float, float] | None = None) -> None:
        self.path = path
        self._mpp_um = mpp_um
        self._local = threading.local()
        self._failures = itertools.count(1)
        self._cache = openslide.OpenSlideCache(CACHE_BYTES)
        try:
            handle = self._handle()
        except openslide.OpenSlideError as error:
            raise SlideError(
                f"{path.name}: OpenSlide cannot open it ({error}); copy or export it again"
            ) from error
        properties = handle.properties
        self.vendor = str(properties["openslide.vendor"])
        """Of the format, by OpenSlide's name."""

        self._levels = tuple(
            Level(height, width, downsample)
            for (width, height), downsample in zip(
                handle.level_dimensions, handle.level_downsamples, strict=True
            )
        )
        self._objective = positive(properties.get("openslide.objective-power"))
        in_file, ome = property_size(properties), ome_size(properties.get("tiff.ImageDescription"))
        if in_file is not None and in_file.source == "TIFF tags":
            in_file = ome or in_file
        self._pixel_size, self._pixel_size_source = chosen_pixel_size(
            path.name, (given_size(mpp_um), in_file, ome)
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _reopen, (self.path, self._mpp_um)

    def __repr__(self) -> str:
        return f"OpenSlideSlide({self.path.name!r})"

    @property
    def levels(self) -> tuple[Level, ...]:
        """Finest first, as OpenSlide maps them."""
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
        """Nominal magnification where the file states it."""
        return self._objective

    def read(self, region: Region, level: int = 0) -> Rgb8:
        """Read pixels, as ``Slide.read`` says."""
        height, width = output_shape(region, self._levels[level])
        if not height or not width:
            return np.full((height, width, 3), WHITE, np.uint8)
        try:
            rgba = self._handle().read_region((region.x_px, region.y_px), level, (width, height))
        except openslide.OpenSlideError as error:
            # OpenSlide refuses every later call on a handle that met an error: the next read opens a new one.
            self._local.__dict__.clear()
            if self._asks_the_drive():
                blame_storage(self.path, error)
            raise ReadError(
                f"{self.path.name}: {region.height_px} × {region.width_px} px at y {region.y_px}, "
                f"x {region.x_px} (level {level}) cannot be read ({error}); "
                "the file is damaged there: copy or scan it again"
            ) from error
        return composed_on_white(np.asarray(rgba))

    def relax(self) -> None:
        """Let go of the handles and with them of OpenSlide's cache, as ``Slide.relax`` says."""
        self.close()

    def close(self) -> None:
        """Close the handles of all threads; a read in flight keeps its own until it is done."""
        # A handle closes itself when nothing refers to it, and only the thread-local storage does.
        self._local = threading.local()

    def _asks_the_drive(self) -> bool:
        """Whether this failure is the first, second, fourth … of the slide.

        A slide with much damage must not have its drive asked at every piece; one with a little must not
        hide that the drive goes away later.
        """
        return next(self._failures).bit_count() == 1

    def _handle(self) -> openslide.OpenSlide:
        handle = getattr(self._local, "handle", None)
        if handle is None:
            handle = openslide.OpenSlide(self.path)
            handle.set_cache(self._cache)
            self._local.handle = handle
        return handle


def _reopen(path: Path, mpp_um: tuple[float, float] | None) -> OpenSlideSlide:
    return OpenSlideSlide(path, mpp_um=mpp_um)
