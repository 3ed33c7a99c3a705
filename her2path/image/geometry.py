"""Where things are: pixel sizes, regions and tiles, all in level-0 pixels, ``(y, x)``."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from her2path.arrays import Bools, Ints
from her2path.errors import PixelSizeError

MIN_MPP_UM = 0.08
MAX_MPP_UM = 1.1
"""Outside these no brightfield slide scanner works (100x oil to 10x); 352.8 µm/px is a 72-dpi TIFF tag."""

MEMBRANE_MPP_UM = 0.32
"""A 1+ membrane is 0.64 µm wide (PMC5848460); by Nyquist it needs 0.32 µm/px or finer."""

NUCLEUS_MPP_UM = 0.5
"""Nuclei are found near this pixel size, the requested pixel size of QuPath's cell detection."""


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Micrometres per level-0 pixel along each axis."""

    y_um: float
    x_um: float

    def __post_init__(self) -> None:
        for axis, value in (("y", self.y_um), ("x", self.x_um)):
            if not MIN_MPP_UM <= value <= MAX_MPP_UM:
                raise PixelSizeError(
                    f"pixel size {value:g} µm/px ({axis}) is outside {MIN_MPP_UM}–{MAX_MPP_UM}; "
                    "give the scanner's true value with --mpp"
                )

    @property
    def mean_um(self) -> float:
        """Geometric mean of both axes, in µm per pixel."""
        return self.y_um if self.y_um == self.x_um else math.sqrt(self.y_um * self.x_um)

    @property
    def area_um2(self) -> float:
        """Area of one level-0 pixel in µm²."""
        return self.y_um * self.x_um


@dataclass(frozen=True, slots=True)
class Region:
    """A box of level-0 pixels; may reach outside the slide."""

    y_px: int
    x_px: int
    height_px: int
    width_px: int

    @property
    def bottom_px(self) -> int:
        """First row below the region."""
        return self.y_px + self.height_px

    @property
    def right_px(self) -> int:
        """First column right of the region."""
        return self.x_px + self.width_px

    def within(self, box: "Region") -> tuple[slice, slice]:
        """Rows and columns of this region in the level-0 pixels of a box around it."""
        y, x = self.y_px - box.y_px, self.x_px - box.x_px
        return slice(y, y + self.height_px), slice(x, x + self.width_px)

    def grown(self, margin_px: int) -> "Region":
        """Add a margin on every side."""
        return Region(
            self.y_px - margin_px,
            self.x_px - margin_px,
            self.height_px + 2 * margin_px,
            self.width_px + 2 * margin_px,
        )


@dataclass(frozen=True, slots=True)
class Tile:
    """A piece of work: the cells whose anchor lies in ``core`` are found in the pixels of ``read``."""

    core: Region
    read: Region

    def owns(self, y_px: Ints, x_px: Ints) -> Bools:
        """Whether each place lies in the core: the cells anchored there are this tile's."""
        core = self.core
        owned: Bools = (
            (y_px >= core.y_px) & (y_px < core.bottom_px) & (x_px >= core.x_px) & (x_px < core.right_px)
        )
        return owned


@dataclass(frozen=True, slots=True)
class Scales:
    """Integer factors from level 0 to the two working grids.

    Whole factors keep every tile on the same grid, whatever its origin: a cell is seen through the same
    pixels from every tile that holds it.
    """

    membrane: int
    """Level-0 pixels per pixel of the membrane grid: as fine as the slide, never finer than needed."""

    nucleus: int
    """Level-0 pixels per pixel of the nucleus grid; a multiple of ``membrane``."""


def scales_for(pixel_size: PixelSize) -> Scales:
    """Choose the working grids of a slide.

    Parameters
    ----------
    pixel_size
        Of level 0.

    Returns
    -------
    Scales
        Membranes at the coarsest whole factor that is still ≤ ``MEMBRANE_MPP_UM`` (factor 1 on a coarser
        slide), nuclei at the whole multiple of it that is nearest to ``NUCLEUS_MPP_UM``.
    """
    mpp_um = pixel_size.mean_um
    membrane = max(1, math.floor(MEMBRANE_MPP_UM / mpp_um))
    return Scales(membrane=membrane, nucleus=membrane * max(1, round(NUCLEUS_MPP_UM / (membrane * mpp_um))))


def plan_tiles(
    height_px: int,
    width_px: int,
    *,
    tile_px: int,
    halo_px: int,
    stride_px: int,
    origin_yx_px: tuple[int, int] = (0, 0),
) -> Iterator[Tile]:
    """Cut a slide into tiles, in reading order; every level-0 pixel lies in exactly one core.

    Parameters
    ----------
    height_px, width_px
        Size of the slide at level 0.
    tile_px
        Edge of a core.
    halo_px
        Margin read around a core: at least the largest cell plus the reach of the filters.
    stride_px
        Origins, cores and halos are rounded up to multiples of this, the coarsest working grid.
    origin_yx_px
        Shift of the tile grid, for the test that it changes nothing; rounded down to the stride.
    """
    core_px = _round_up(tile_px, stride_px)
    margin_px = _round_up(halo_px, stride_px)
    first_y, first_x = (-(-(origin // stride_px * stride_px) % core_px) for origin in origin_yx_px)
    for y in range(first_y, height_px, core_px):
        for x in range(first_x, width_px, core_px):
            core = Region(y, x, core_px, core_px)
            yield Tile(core=core, read=core.grown(margin_px))


def _round_up(value_px: int, stride_px: int) -> int:
    return -(-value_px // stride_px) * stride_px
