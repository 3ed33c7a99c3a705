"""What a slide is to the rest of the program."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from her2path.arrays import Rgb8
from her2path.image.geometry import PixelSize, Region

PixelSizeSource: TypeAlias = Literal["given", "slide property", "OME metadata", "TIFF tags"]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the pyramid."""

    height_px: int
    width_px: int
    downsample: float
    """Level-0 pixels per pixel of this level, mean of both axes; need not be whole."""


class Slide(Protocol):
    """A pyramid of pixels with a known size of each; pickles as its path and options."""

    @property
    def levels(self) -> tuple[Level, ...]:
        """Finest first; ``levels[0]`` gives the size of the slide."""
        ...

    @property
    def pixel_size(self) -> PixelSize:
        """Of level 0, both axes."""
        ...

    @property
    def pixel_size_source(self) -> PixelSizeSource:
        """Where the pixel size came from."""
        ...

    @property
    def objective(self) -> float | None:
        """Nominal magnification of the objective where the file states it; information only."""
        ...

    @property
    def reader(self) -> str:
        """Who decodes the pixels, for the record: all that can read a slide read the same."""
        ...

    def read(self, region: Region, level: int = 0) -> Rgb8:
        """Read pixels.

        Parameters
        ----------
        region
            In **level-0** pixels, whatever the level; parts outside the slide come back white.
        level
            Index into ``levels``.

        Returns
        -------
        Rgb8
            ``(round(height_px / downsample), round(width_px / downsample), 3)`` uint8; transparent pixels
            composed on white.

        Raises
        ------
        ReadError
            If these pixels cannot be read. The slide stays usable.
        StorageError
            If its drive fails: nothing is known of these pixels.
        """
        ...

    def relax(self) -> None:
        """Let go of what is kept only because a read near the last ones may follow.

        Every later read gives what it would have given.
        """
        ...
