"""Cell tables and block grids with what a check of quality reads."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from her2path.arrays import Doubles, Mask
from her2path.cells.table import COLUMNS, N_RAYS, CellTable
from her2path.cells.vocabulary import PATTERNS, TUMOUR
from her2path.image.geometry import PixelSize, Region, Tile
from her2path.image.resample import shrink
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, stain_planes
from her2path.phantom import SlideSpec
from her2path.phantom.layout import lay_out_cells
from her2path.phantom.paint import Painter
from her2path.phantom.tissue import draw_tissue
from her2path.pipeline.survey import survey_slide
from her2path.quality.blocks import measure_blocks, plan_blocks
from her2path.quality.cuts import Cuts
from her2path.quality.grid import BlockGrid, merge_blocks
from her2path.quality.windows import tumour_blocks
from her2path.scoring.settings import Grading
from her2path.slides.array import ArraySlide

TableAt = Callable[..., CellTable]
GridOf = Callable[..., BlockGrid]
DrawnGrid = Callable[..., tuple[BlockGrid, Mask]]
TableOf = Callable[[Mapping[str, int]], CellTable]
CutUp = Callable[..., Cuts]
BlockSum = Callable[[NDArray[Any], Cuts], NDArray[np.int64]]


def _table_at(y_px: ArrayLike, x_px: ArrayLike, **given: ArrayLike) -> CellTable:
    """Counted tumour cells at level-0 places; 0 in every column that is not given."""
    n = len(np.asarray(y_px))
    columns = {
        column.name: np.zeros((n, N_RAYS) if column.name.endswith("_radii") else n, column.dtype)
        for column in COLUMNS
    }
    places = {"cell_id": np.arange(n), "y_px": y_px, "x_px": x_px, "counted": np.ones(n, bool)}
    values = {name: np.asarray(value) for name, value in (places | given).items()}
    return CellTable(**columns | values)


def _table_of(counts: Mapping[str, int]) -> CellTable:
    """Cells of these patterns, with the densities that the patterns stand for."""
    pattern = np.repeat([PATTERNS.index(name) for name in counts], list(counts.values())).astype(np.int8)
    return _table_at(
        np.zeros(len(pattern), np.int32),
        np.arange(len(pattern), dtype=np.int32),
        pattern=pattern,
        grade=np.array(Grading().grades, np.int8)[pattern],
        membrane_od=np.array([0.02, 0.12, 0.3, 0.5, 0.8], np.float32)[(pattern + 1) // 2],
    )


def _cut_up(shape: tuple[int, int], *, margin_px: int, seed: int) -> Cuts:
    """Cut the inside of a picture into blocks of any size, with and without holes in what is looked at."""
    rng = np.random.default_rng(seed)
    height, width = (n - 2 * margin_px for n in shape)
    rows, columns = (
        np.unique([0, *rng.integers(1, n, rng.integers(0, 4)), n]) if n > 1 else np.array([0, n])
        for n in (height, width)
    )
    seen = (rng.random((height, width)) < rng.choice([0.0, 0.7, 1.0])).astype(np.uint8)
    return Cuts(margin_px, margin_px, rows, columns, seen)


def _block_sum(plane: NDArray[Any], cuts: Cuts) -> NDArray[np.int64]:
    """Sums of blocks, plainly: ``(rows, columns)``."""
    height, width = cuts.seen.shape
    inside = plane[cuts.top : cuts.top + height, cuts.left : cuts.left + width].astype(np.int64) * cuts.seen
    by_row = np.add.reduceat(inside, cuts.rows[:-1], axis=0)
    return np.asarray(np.add.reduceat(by_row, cuts.columns[:-1], axis=1), np.int64)


@pytest.fixture(scope="session")
def cut_up() -> CutUp:
    return _cut_up


@pytest.fixture(scope="session")
def block_sum() -> BlockSum:
    return _block_sum


@pytest.fixture(scope="session")
def table_at() -> TableAt:
    return _table_at


@pytest.fixture(scope="session")
def table_of() -> TableOf:
    return _table_of


@pytest.fixture(scope="session")
def section() -> Doubles:
    """Haematoxylin, DAB and residual of a round 2+ section on glass: ``(3, 256, 256)`` at 4 µm/px."""
    rng = np.random.default_rng(11)
    y, x = np.indices((256, 256))
    tissue = np.hypot(y - 128, x - 128) <= 100
    nuclei = cv2.GaussianBlur((rng.random((256, 256)) < 0.12).astype(float), (0, 0), 0.8)
    haematoxylin = tissue * (0.03 + 0.5 * nuclei)
    dab = tissue * np.clip(0.10 + 0.03 * rng.normal(size=(256, 256)), 0, None)
    return np.stack([haematoxylin, dab, np.zeros((256, 256))])


def _grid_of(shape: tuple[int, int], **given: ArrayLike) -> BlockGrid:
    """Whole blocks of a slide at 0.25 µm/px; 0 in every measurement that is not given."""
    stains = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "published")
    tissue = np.ones((8 * shape[0], 8 * shape[1]), bool)
    plan = plan_blocks(PixelSize(0.25, 0.25), 16, tissue, stains)
    measured = {field.name: np.zeros(shape) for field in fields(BlockGrid) if field.name != "plan"}
    measured["pixels"] += (plan.edge_px // plan.step_px) ** 2
    for name, values in given.items():
        measured[name] = measured[name] + np.asarray(values)
    return BlockGrid(plan=plan, **measured)


@pytest.fixture(scope="session")
def grid_of() -> GridOf:
    return _grid_of


@pytest.fixture(scope="session")
def drawn_grid() -> DrawnGrid:
    """Draw a slide; give its blocks, and those that hold living tumour."""
    return _drawn_grid


def _drawn_grid(size_px: int, **spec: object) -> tuple[BlockGrid, Mask]:
    fixed = {"name": "drawn", "size_px": (size_px, size_px), "seed": 5, "tissue": {"shape": "full"}}
    slide_spec = SlideSpec.model_validate({**fixed, **spec})
    rng = np.random.default_rng(slide_spec.seed)
    tissue = draw_tissue(slide_spec, rng)
    cells = lay_out_cells(slide_spec, tissue, rng)
    painter = Painter(slide_spec, tissue, cells, rng, stained_od=0.08)
    steps = range(0, size_px, 512)
    rgb = np.vstack([np.hstack([painter.paint(y, x, 512, 512) for x in steps]) for y in steps])

    slide = ArraySlide(rgb, PixelSize(0.25, 0.25))
    survey = survey_slide(slide, None)
    plan = plan_blocks(slide.pixel_size, survey.downsample, survey.tissue.tissue, survey.stains)
    core = Region(0, 0, size_px, size_px)
    tile = Tile(core, core.grown(64))
    small = shrink(slide.read(tile.read), plan.step_px)
    grid = merge_blocks([measure_blocks(small, *stain_planes(small, survey.stains), tile, plan)], plan)
    alive = (cells.kind == TUMOUR) & (cells.nucleus_long_um > 0)
    y_px, x_px = (
        np.clip(um[alive] / 0.25, 0, size_px - 1).astype(np.int32) for um in (cells.y_um, cells.x_um)
    )
    return grid, tumour_blocks(y_px, x_px, plan)
