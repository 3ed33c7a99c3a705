"""A fade across the section is told, and a tumour of clones is not called one."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from her2path.arrays import Doubles, Floats
from her2path.cells.table import CellTable
from her2path.image.geometry import PixelSize
from her2path.quality.trend import Trend, staining_trends

PIXEL = PixelSize(0.25, 0.25)
TableAt = Callable[..., CellTable]


def cells_with(table_at: TableAt, od: Doubles, *, spacing_um: float = 30.0) -> CellTable:
    """Cells on a square lattice with a map of densities, each cell with a scatter of its own."""
    rng = np.random.default_rng(0)
    y, x = (axis.ravel() * spacing_um / 0.25 for axis in np.indices(od.shape))
    seen = np.clip(od.ravel() + rng.normal(0, 0.1, od.size), 0, None)
    return table_at(
        y.astype(np.int32), x.astype(np.int32), membrane_od=seen, pattern=np.where(seen >= 0.08, 3, 0)
    )


def trends_of(
    table_at: TableAt, od: Doubles, *, depth_um: Doubles | None = None, counterstain: Doubles | None = None
) -> tuple[Trend, ...]:
    def column(values: Doubles | None) -> Floats | None:
        return None if values is None else values.ravel().astype(np.float32)

    cells = cells_with(table_at, od)
    return staining_trends(cells, column(depth_um), PIXEL, counterstain_od=column(counterstain))


def ramp(low: float, high: float, n: int = 80) -> Doubles:
    return np.broadcast_to(np.linspace(low, high, n), (n, n)).copy()


def depth_in_disc(n: int = 80, spacing_um: float = 30.0) -> Doubles:
    y, x = np.indices((n, n)) - (n - 1) / 2
    depth: Doubles = np.maximum((n / 2 - np.hypot(y, x)) * spacing_um, 0)
    return depth


@pytest.mark.parametrize(("turn", "degrees"), [(0, 0), (1, 270), (2, 180), (3, 90)])
def test_a_one_sided_fade_is_told_with_direction_and_size(
    table_at: TableAt, turn: int, degrees: float
) -> None:
    (trend,) = trends_of(table_at, np.rot90(ramp(0.2, 0.6), turn))
    assert trend.is_gradient
    assert trend.direction_deg == pytest.approx(degrees, abs=8) or trend.direction_deg == pytest.approx(
        360, abs=8
    )
    assert trend.low_od == pytest.approx(0.25, abs=0.1)
    assert trend.high_od == pytest.approx(0.6, abs=0.1)
    assert list(trend.profile_od) == sorted(trend.profile_od)


def test_a_pale_middle_is_zonal(table_at: TableAt) -> None:
    depth = depth_in_disc()
    od = 0.7 - 0.4 * depth / depth.max()
    across, zonal = trends_of(table_at, od, depth_um=depth)
    assert (across.is_gradient, zonal.is_gradient) == (False, True)
    assert zonal.deeper_is_darker is False


def clones(n: int, *, wide: float, seed: int) -> Doubles:
    """Two populations with clones about so wide, as a share of the tissue."""
    field = gaussian_filter(np.random.default_rng(seed).normal(size=(n, n)), wide * n / 4, mode="reflect")
    return np.where(field > np.median(field), 0.8, 0.03)


def test_two_clones_side_by_side_are_no_gradient(table_at: TableAt) -> None:
    half = np.where(ramp(0, 1) > 0.5, 0.8, 0.03)
    (trend,) = trends_of(table_at, half)
    assert trend.explained >= 0.5
    assert trend.between == 0
    assert not trend.is_gradient


@pytest.mark.parametrize("wide", [0.1, 0.3, 0.6])
def test_tumours_of_clones_are_hardly_ever_called_one(table_at: TableAt, wide: float) -> None:
    depth = depth_in_disc(60)
    called = [
        any(
            trend.is_gradient
            for trend in trends_of(table_at, clones(60, wide=wide, seed=seed), depth_um=depth)
        )
        for seed in range(20)
    ]
    assert sum(called) <= 1


@settings(max_examples=25, deadline=None)
@given(st.floats(0.02, 0.9), st.integers(0, 50))
def test_even_staining_is_no_gradient(table_at: TableAt, level: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.05, (40, 40))
    found = trends_of(table_at, np.clip(level + noise, 0, None))
    assert not any(trend.is_gradient for trend in found)


@pytest.mark.parametrize(("low", "high"), [(0.25, 0.32), (0.75, 0.90)])
def test_a_fade_that_moves_no_score_is_none(table_at: TableAt, low: float, high: float) -> None:
    (trend,) = trends_of(table_at, ramp(low, high))
    assert trend.p <= 0.01
    assert not trend.is_gradient


def test_few_cells_tell_nothing(table_at: TableAt) -> None:
    assert trends_of(table_at, ramp(0.1, 0.9, 10)) == ()
    assert staining_trends(CellTable.empty(), None, PIXEL) == ()


def test_where_no_border_is_seen_there_is_no_way_from_it(table_at: TableAt) -> None:
    found = trends_of(table_at, ramp(0.2, 0.6), depth_um=np.full((80, 80), np.inf))
    assert [trend.course for trend in found] == ["across"]


def test_the_same_cells_give_the_same_trend(table_at: TableAt) -> None:
    assert trends_of(table_at, ramp(0.2, 0.6)) == trends_of(table_at, ramp(0.2, 0.6))


@pytest.mark.parametrize(
    ("low", "high", "follows"), [(0.1, 0.2, True), (0.15, 0.15, False), (0.2, 0.1, False)]
)
def test_the_counterstain_is_compared(table_at: TableAt, low: float, high: float, follows: bool) -> None:
    (trend,) = trends_of(table_at, ramp(0.2, 0.6), counterstain=ramp(low, high))
    assert trend.counterstain_follows is follows
    (unknown,) = trends_of(table_at, ramp(0.2, 0.6))
    assert unknown.counterstain_follows is None
