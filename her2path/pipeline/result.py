"""What scoring one slide gives: values that the report draws and the store writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from her2path.arrays import Mask, Rgb8
from her2path.cells.table import CellTable
from her2path.scoring.heterogeneity import HeterogeneityMap


@dataclass(frozen=True, eq=False)
class Overview:
    """The slide at a glance, for pictures."""

    rgb: Rgb8
    """``(y, x, 3)``, longest edge about 1600 px."""

    downsample: float
    """Level-0 pixels per overview pixel."""

    tissue: Mask
    """``(y, x)`` at the overview's size: the tissue that was analysed."""

    excluded: Mapping[str, Mask]
    """Reason -> ``(y, x)`` mask at the overview's size."""


@dataclass(frozen=True, eq=False)
class Example:
    """A crop around one cell, for the reader to judge."""

    rgb: Rgb8
    """``(y, x, 3)`` at level 0, the cell in the middle."""

    y_px: int
    x_px: int
    """Level-0 position of the crop's first pixel."""

    row: int
    """Row of the cell in the table."""


@dataclass(frozen=True, eq=False)
class ScoredSlide:
    """Everything known about one slide after scoring; files are written from this value alone."""

    slide_id: str
    score: Mapping[str, Any]
    """The content of score.json, every key of the contract present."""

    run: Mapping[str, Any]
    """The content of run.json."""

    mpp_yx_um: tuple[float, float] | None
    """Pixel size of level 0; None where the slide could not be opened."""

    size_px: tuple[int, int] | None
    """``(height, width)`` of level 0; None where it is not known."""

    cells: CellTable
    heterogeneity: HeterogeneityMap | None
    """None where nothing was scored."""

    overview: Overview | None
    """None where the slide could not be read."""

    examples: tuple[Example, ...]
