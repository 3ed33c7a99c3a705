"""The small 3+ slide, scored once, and slides that are damaged in places."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Rgb8
from her2path.cells.table import COLUMNS, N_RAYS, CellTable
from her2path.errors import ReadError
from her2path.image.geometry import PixelSize, Region
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.slide import SlideRequest, score_slide
from her2path.recipe import Recipe
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.slides.array import ArraySlide
from her2path.slides.protocol import Level, PixelSizeSource
from her2path.store.recipes import load_recipe


@dataclass(frozen=True, eq=False)
class DamagedSlide:
    """A slide on which nothing that touches ``damage`` can be read, at the levels named."""

    whole: ArraySlide
    damage: Region
    levels_damaged: tuple[int, ...]

    @property
    def levels(self) -> tuple[Level, ...]:
        return self.whole.levels

    @property
    def pixel_size(self) -> PixelSize:
        return self.whole.pixel_size

    @property
    def pixel_size_source(self) -> PixelSizeSource:
        return self.whole.pixel_size_source

    @property
    def objective(self) -> float | None:
        return None

    @property
    def reader(self) -> str:
        return "damaged array"

    def relax(self) -> None:
        pass

    def read(self, region: Region, level: int = 0) -> Rgb8:
        apart = (
            region.bottom_px <= self.damage.y_px
            or region.y_px >= self.damage.bottom_px
            or region.right_px <= self.damage.x_px
            or region.x_px >= self.damage.right_px
        )
        if level in self.levels_damaged and not apart:
            raise ReadError("these pixels cannot be read; scan the slide again")
        return self.whole.read(region, level)


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return load_recipe()


@pytest.fixture(scope="session")
def strong(strong_svs: Path, recipe: Recipe) -> ScoredSlide:
    """``STRONG``, scored."""
    return score_slide(SlideRequest("strong", strong_svs), recipe, ClassicalSegmenter(), ThreadRunner())


@pytest.fixture(scope="session")
def slide(drawn_slide: Callable[[float], ArraySlide]) -> ArraySlide:
    """``STRONG`` in memory."""
    return drawn_slide(0.25)


@pytest.fixture(scope="session")
def damaged(slide: ArraySlide) -> Callable[..., DamagedSlide]:
    """Give the slide with damage at a place, by default at level 0 alone."""

    def damage(region: Region, levels: tuple[int, ...] = (0,)) -> DamagedSlide:
        return DamagedSlide(slide, region, levels)

    return damage


@pytest.fixture(scope="session")
def table_of() -> Callable[[NDArray[np.integer], NDArray[np.integer]], CellTable]:
    """Give counted tumour cells at level-0 places, with 0 in every other column."""

    def make(y_px: NDArray[np.integer], x_px: NDArray[np.integer]) -> CellTable:
        n = len(y_px)
        columns = {
            column.name: np.zeros((n, N_RAYS) if column.name.endswith("_radii") else n, column.dtype)
            for column in COLUMNS
        }
        given = {"cell_id": np.arange(n), "y_px": y_px, "x_px": x_px, "counted": np.ones(n, bool)}
        places = {"fragment": np.full(n, -1), "region": np.full(n, -1)}
        return CellTable(**columns | given | places)

    return make
