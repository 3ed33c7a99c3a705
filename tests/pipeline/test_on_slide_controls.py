"""What is measured beside the score names its region, and is judged by its own cells."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas
from her2path.pipeline.on_slide_controls import measure_controls
from her2path.recipe import ControlWindow, Recipe
from her2path.scoring.grade import grades_of
from her2path.store.regions import Outline

DOWNSAMPLE, PIXEL_SIZE = 16, PixelSize(0.25, 0.25)


def shape(name: str, title: str = "") -> Outline:
    return Outline(shapely.box(0, 0, 1, 1), name, title)


@pytest.fixture
def areas() -> Areas:
    """Tumour on the left, two controls in the middle, a normal duct on the right."""
    tissue = np.ones((20, 40), bool)
    controls, normal = np.zeros((20, 40), np.uint8), np.zeros((20, 40), np.uint8)
    controls[:10, 10:20], controls[10:, 10:20], normal[:, 30:] = 1, 2, 1
    return Areas(
        tissue=tissue,
        requested=tissue,
        excluded={"control": controls > 0, "normal": normal > 0},
        unreadable=np.zeros_like(tissue),
        fragments=tissue.astype(np.uint8),
        controls=controls,
        control_shapes=(shape("Control: 3+"), shape("Control", "1+")),
        normal=normal,
        normal_shapes=(shape("Normal", "duct A"),),
    )


@pytest.fixture
def cells(table_of: Callable[..., CellTable], recipe: Recipe) -> CellTable:
    """120 strong cells in the first control, 120 faint ones in the second, 120 unstained in the duct."""
    y_px = np.repeat([80, 240, 80], 120).astype(np.int32)
    x_px = np.repeat([240, 240, 560], 120).astype(np.int32)
    pattern = np.repeat([PATTERNS.index(name) for name in ("SC", "FI", "N")], 120).astype(np.int8)
    od = np.repeat([0.8, 0.12, 0.02], 120).astype(np.float32)
    return replace(
        table_of(y_px, x_px), pattern=pattern, grade=grades_of(pattern, recipe.grading), membrane_od=od
    )


def test_each_control_is_judged_by_its_own_cells(areas: Areas, cells: CellTable, recipe: Recipe) -> None:
    found = measure_controls(cells, areas, recipe, downsample=DOWNSAMPLE, pixel_size=PIXEL_SIZE)
    assert [(one["name"], one["expected"], one["reached"], one["passed"]) for one in found.controls] == [
        ("Control: 3+", "3+", "3+", True),
        ("1+", "1+", "1+", True),
    ]
    assert found.controls[0]["reading"]["n_cells"] == 120
    assert found.controls[0]["area_mm2"] == pytest.approx(100 * 16 * 1e-6)
    assert found.normal is not None
    assert (found.normal["reading"]["n_cells"], found.normal["passed"]) == (120, True)
    assert (found.normal["n_regions"], found.normal["area_mm2"]) == (1, pytest.approx(200 * 16 * 1e-6))
    assert [flag.code for flag in found.flags] == ["CONTROL_PASS"] * 3


def test_the_window_of_a_level_holds_for_that_level(areas: Areas, cells: CellTable, recipe: Recipe) -> None:
    window = ControlWindow(level="3+", low_od=0.9, high_od=1.2)
    strict = recipe.model_copy(update={"control_windows": (window,)})
    found = measure_controls(cells, areas, strict, downsample=DOWNSAMPLE, pixel_size=PIXEL_SIZE)
    assert [one["passed"] for one in found.controls] == [False, True]
    assert found.flags[0].severity == "warning"
    assert "Control: 3+" in found.flags[0].detail


def test_a_control_without_cells_is_told(areas: Areas, recipe: Recipe) -> None:
    found = measure_controls(CellTable.empty(), areas, recipe, downsample=DOWNSAMPLE, pixel_size=PIXEL_SIZE)
    assert [one["reading"]["membrane_od"] for one in found.controls] == [None, None]
    assert {flag.code for flag in found.flags} == {"CONTROL_NOT_JUDGED"}


def test_nothing_is_told_where_nothing_was_drawn(areas: Areas, cells: CellTable, recipe: Recipe) -> None:
    plain = replace(areas, controls=None, control_shapes=(), normal=None, normal_shapes=())
    found = measure_controls(cells, plain, recipe, downsample=DOWNSAMPLE, pixel_size=PIXEL_SIZE)
    assert (found.controls, found.normal, found.flags) == ([], None, ())
