from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.image.geometry import PixelSize
from her2path.scoring.heterogeneity import heterogeneity
from her2path.scoring.settings import Statistics

FINE = PixelSize(0.25, 0.25)
STATISTICS = Statistics(permutations=99)
SIDE = 160  # 1.6 mm of cells


@pytest.fixture
def half(table_of_patterns: Callable[..., CellTable]) -> CellTable:
    """Strong on the left, unstained on the right."""
    column = np.arange(SIDE**2) % SIDE
    return table_of_patterns(np.where(column < 56, PATTERNS.index("SC"), 0))


def test_two_populations(half: CellTable) -> None:
    result = heterogeneity(half, pixel_size=FINE, statistics=STATISTICS)
    indices = result.indices
    p = 56 / SIDE
    assert indices.rao == pytest.approx(2 * 3 * p * (1 - p))
    assert indices.simpson == pytest.approx(2 * p * (1 - p))
    assert indices.pattern == "clustered"
    assert indices.moran_i is not None
    assert indices.moran_i > 0.7
    assert indices.moran_p == pytest.approx(0.01)
    assert result.hot.any()
    assert result.x_um[result.hot].max() < 56 * 10 + 250  # hot hexagons lie on the strong side
    assert indices.hotspot_fraction == pytest.approx(result.n_cells[result.hot].sum() / len(half))


def test_every_counted_cell_is_in_one_row(half: CellTable) -> None:
    counted = half.counted.copy()
    counted[::7] = False
    result = heterogeneity(replace(half, counted=counted), pixel_size=FINE, statistics=STATISTICS)
    assert result.n_cells.sum() == counted.sum()
    assert (np.diff(result.bin) > 0).all()
    np.testing.assert_allclose(result.fractions.sum(axis=1), 1, atol=1e-6)
    strong = (result.fractions[:, PATTERNS.index("SC")] * result.n_cells).sum()
    assert strong == pytest.approx((counted & (half.pattern == PATTERNS.index("SC"))).sum(), rel=1e-5)


def test_sparse_hexagons_are_unknown_and_take_no_part(half: CellTable) -> None:
    few = Statistics(permutations=99, bin_min_cells=400)
    result = heterogeneity(half, pixel_size=FINE, statistics=few)
    sparse = result.n_cells < 400
    assert sparse.any()
    for values in (result.h_score, result.membrane_od, result.gi_z, result.gi_q):
        assert np.isnan(values[sparse]).all()
    assert np.isfinite(result.h_score[~sparse]).all()
    assert not result.hot[sparse].any()


def test_even_staining_has_no_autocorrelation_to_speak_of(
    table_of_patterns: Callable[..., CellTable],
) -> None:
    table = table_of_patterns(np.full(SIDE**2, PATTERNS.index("WC")))
    result = heterogeneity(table, pixel_size=FINE, statistics=STATISTICS)
    indices = result.indices
    assert (indices.shannon, indices.simpson, indices.rao) == (0, 0, 0)
    assert (indices.moran_i, indices.moran_p, indices.hotspot_fraction) == (None, None, None)
    assert indices.pattern == "homogeneous"
    known = result.n_cells >= STATISTICS.bin_min_cells
    np.testing.assert_allclose(result.membrane_od[known], 0.3, rtol=1e-6)
    assert not result.hot.any()


def test_without_a_pixel_size_only_indices_without_distances_remain(half: CellTable) -> None:
    known = heterogeneity(half, pixel_size=FINE, statistics=STATISTICS).indices
    result = heterogeneity(half, pixel_size=None, statistics=STATISTICS)
    assert len(result.bin) == 0
    assert result.indices == replace(known, moran_i=None, moran_p=None, hotspot_fraction=None, pattern=None)


@pytest.mark.parametrize("pixel_size", [FINE, None])
def test_no_cells_are_an_empty_map_and_no_numbers(pixel_size: PixelSize | None) -> None:
    result = heterogeneity(CellTable.empty(), pixel_size=pixel_size, statistics=STATISTICS)
    assert len(result.bin) == 0
    assert result.fractions.shape == (0, 9)
    assert set(asdict(result.indices).values()) == {None}


def test_the_order_of_the_rows_changes_nothing(half: CellTable) -> None:
    first = heterogeneity(half, pixel_size=FINE, statistics=STATISTICS)
    rows = np.random.default_rng(0).permutation(len(half))
    second = heterogeneity(half.take(rows), pixel_size=FINE, statistics=STATISTICS)
    assert first.indices == second.indices
    assert np.array_equal(first.gi_z, second.gi_z, equal_nan=True)
