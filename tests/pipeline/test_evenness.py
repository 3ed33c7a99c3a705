"""A slide stained alike everywhere has nothing to tell; one whose border is stained does."""

from dataclasses import replace

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.image.fragments import label_fragments
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas
from her2path.pipeline.evenness import look_at_evenness

SIZE = PixelSize(0.25, 0.25)
DOWNSAMPLE = 16
EDGE_PX = 6144


@pytest.fixture
def areas() -> Areas:
    tissue = np.zeros((EDGE_PX // DOWNSAMPLE,) * 2, bool)
    tissue[10:-10, 10:-10] = True
    nothing = np.zeros_like(tissue)
    return Areas(tissue, tissue, {}, nothing, label_fragments(tissue, 1e-4))


def cells(seed: int, edge_od: float) -> CellTable:
    """Tumour cells all over, faint by chance, and more so within 60 µm of the border."""
    rng = np.random.default_rng(seed)
    n = 12_000
    y, x = (rng.integers(10 * DOWNSAMPLE, EDGE_PX - 10 * DOWNSAMPLE, n).astype(np.int32) for _ in "yx")
    depth_px = np.min([y, x, EDGE_PX - y, EDGE_PX - x], axis=0) - 10 * DOWNSAMPLE
    od = rng.gamma(4, 0.03, n) + edge_od * (depth_px * 0.25 < 60)
    empty = CellTable.empty()
    columns = {
        name: np.repeat(np.zeros(1, column.dtype), n)
        for name, column in vars(empty).items()
        if column.ndim == 1
    }
    return replace(
        empty,
        **columns
        | {
            "y_px": y,
            "x_px": x,
            "cell_id": np.arange(n),
            "counted": np.ones(n, bool),
            "membrane_od": od.astype(np.float32),
            "completeness": np.full(n, 0.5, np.float32),
            "pattern": (od > 0.15).astype(np.int8),
            "nucleus_radii": np.full((n, 32), 40, np.uint8),
            "cell_radii": np.full((n, 32), 60, np.uint8),
        },
    )


def test_an_even_slide_has_nothing_to_tell(areas: Areas) -> None:
    found = look_at_evenness(cells(1, 0.0), areas, DOWNSAMPLE, SIZE, is_core=False)
    assert found.flags == ()
    assert found.edge is not None
    assert found.edge["n_edge"] + found.edge["n_inside"] == 12_000


def test_a_stained_border_is_told(areas: Areas) -> None:
    found = look_at_evenness(cells(1, 0.2), areas, DOWNSAMPLE, SIZE, is_core=False)
    assert "EDGE_EFFECT" in {flag.code for flag in found.flags}


def test_too_few_cells_tell_nothing(areas: Areas) -> None:
    found = look_at_evenness(cells(1, 0.2).take(np.arange(20)), areas, DOWNSAMPLE, SIZE, is_core=False)
    assert (found.edge, found.trends, found.flags) == (None, (), ())
