"""Crops of single cells, for the reader to judge the pattern that each was given."""

import numpy as np

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.errors import ReadError
from her2path.image.geometry import Region
from her2path.pipeline.result import Example
from her2path.slides.protocol import Slide

PER_PATTERN = 4
CROP_UM = 36.0


def choose_examples(slide: Slide, cells: CellTable) -> tuple[Example, ...]:
    """Typical cells of every pattern: those nearest to the middle of its densities, spread over the slide.

    Parameters
    ----------
    slide
        To read the crops from; a crop that cannot be read is left out.
    cells
        The whole table; counted cells are drawn from.
    """
    height_px = round(CROP_UM / slide.pixel_size.y_um)
    width_px = round(CROP_UM / slide.pixel_size.x_um)
    examples = []
    for row in _typical(cells):
        y_px, x_px = int(cells.y_px[row]) - height_px // 2, int(cells.x_px[row]) - width_px // 2
        try:
            rgb = slide.read(Region(y_px, x_px, height_px, width_px))
        except ReadError:
            continue
        examples.append(Example(rgb=rgb, y_px=y_px, x_px=x_px, row=row))
    return tuple(examples)


def _typical(cells: CellTable) -> list[int]:
    rows: list[int] = []
    for code in range(len(PATTERNS)):
        members = np.flatnonzero(cells.counted & (cells.pattern == code))
        od = cells.membrane_od[members]
        nearest = members[np.argsort(np.abs(od - np.median(od)), kind="stable")] if len(members) else members
        # From the typical half, evenly over the slide: not four neighbours of one nest.
        half = np.sort(nearest[: max(PER_PATTERN, len(nearest) // 2)])
        rows += (
            half[np.unique(np.linspace(0, len(half) - 1, PER_PATTERN).astype(int))].tolist()
            if len(half)
            else []
        )
    return rows
