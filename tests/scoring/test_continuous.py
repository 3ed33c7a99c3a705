"""Scores without classes, against numbers worked out by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.cells.table import CellTable
from her2path.scoring.continuous import (
    QCS_GRID_OD,
    connectivity,
    continuous_scores,
    h_score,
    h_score_weighted,
    od_percentiles,
    positivity,
    proximity,
)
from her2path.scoring.settings import Calibration, Grading, Statistics

LINE_UM = np.stack([np.zeros(6), [0.0, 10.0, 20.0, 100.0, 110.0, 300.0]], axis=1)
"""Six cells in a row: three side by side, two, and one alone."""

SHIFTED = Calibration(
    assay="HER2 IHC",
    clone="4B5",
    scanner="A",
    date="2026-01-31",
    levels=("0", "1+", "3+"),
    measured_od=(0.0, 0.1, 0.5),
    expected_od=(0.0, 0.2, 1.0),
    n_controls=3,
    residual_od=0.0,
)


def test_the_h_score_of_the_reference() -> None:
    assert h_score(np.repeat([0, 1, 2, 3], [40, 30, 20, 10])) == 100
    assert h_score(np.array([3, 3])) == 300
    assert h_score(np.array([1, -1])) is None


def test_completeness_weighs_each_cell() -> None:
    grade, half = np.repeat([0, 1, 2, 3], [40, 30, 20, 10]), np.full(100, 0.5, np.float32)
    assert h_score_weighted(grade, half) == pytest.approx(50)
    assert h_score_weighted(grade, np.ones(100, np.float32)) == pytest.approx(100)
    assert h_score_weighted(grade, np.full(100, np.nan, np.float32)) is None


def test_qcs_counts_a_value_equal_to_theta_and_no_missing_one() -> None:
    qcs = positivity(np.array([0.1, 0.2, 0.3, np.nan], np.float32), 0.2)
    assert qcs.fraction == 0.5
    curve = dict(zip(qcs.curve_od, qcs.curve_fraction, strict=True))
    assert (curve[0.0], curve[0.2], curve[0.22], curve[0.3], curve[0.32]) == (0.75, 0.5, 0.25, 0.25, 0)


@given(st.lists(st.floats(0, 2, width=32), min_size=1, max_size=50))
def test_the_qcs_curve_falls(values: list[float]) -> None:
    qcs = positivity(np.array(values, np.float32), 0.2)
    assert qcs.curve_fraction[0] == 1
    assert list(qcs.curve_fraction) == sorted(qcs.curve_fraction, reverse=True)
    assert qcs.fraction == qcs.curve_fraction[QCS_GRID_OD.index(0.2)]


def test_a_neighbour_within_the_radius_counts_with_its_positive_cell() -> None:
    positive = np.array([True, False, False, False, False, False])
    assert proximity(positive, LINE_UM, 5.0) == pytest.approx(1 / 6)
    assert proximity(positive, LINE_UM, 10.0) == pytest.approx(2 / 6)  # inclusive
    assert proximity(positive, LINE_UM, 100.0) == pytest.approx(4 / 6)
    assert proximity(np.zeros(6, bool), LINE_UM, 100.0) == 0


@given(st.integers(0, 2**32 - 1), st.floats(1, 60), st.floats(0.01, 0.5))
def test_proximity_is_that_of_all_pairs(seed: int, radius_um: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    yx_um, positive = rng.integers(0, 200, (60, 2)).astype(float), rng.random(60) < share
    distance = np.hypot(*(yx_um[:, None] - yx_um[None]).transpose(2, 0, 1))
    near = ((distance <= radius_um) & positive[None]).any(axis=1)
    assert proximity(positive, yx_um, radius_um) == near.mean()


def test_connected_groups_count_from_their_smallest_size() -> None:
    stained = np.array([True, True, True, True, True, True])
    for min_cells, share in ((2, 5 / 6), (3, 3 / 6), (4, 0)):
        found = connectivity(stained, LINE_UM, 15.0, min_cells=min_cells)
        assert found.fraction == pytest.approx(share)
        assert found.largest_fraction == pytest.approx(3 / 6)
    apart = connectivity(~np.array([False, True, False, False, False, False]), LINE_UM, 15.0, min_cells=2)
    assert apart.fraction == pytest.approx(2 / 5), "an unstained cell links nothing"
    nothing = connectivity(np.zeros(6, bool), LINE_UM, 15.0, min_cells=2)
    assert (nothing.fraction, nothing.largest_fraction) == (None, None)


def test_percentiles_are_over_measured_cells() -> None:
    od = np.append(np.linspace(0, 1, 101), np.nan).astype(np.float32)
    assert od_percentiles(od) == pytest.approx(
        {"p5": 0.05, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95}
    )
    assert od_percentiles(np.array([np.nan], np.float32)) is None


def test_a_slide_is_read_on_its_counted_cells(table_of_counts: Callable[..., CellTable]) -> None:
    table = table_of_counts({"N": 40, "FI": 30, "WC": 20, "SC": 10})
    yx_um = 0.25 * np.stack([table.y_px, table.x_px], axis=1).astype(float)
    left_out = replace(table, counted=np.arange(100) >= 0, pattern=table.pattern)
    found = continuous_scores(left_out, grading=Grading(), statistics=Statistics(), yx_um=yx_um)
    assert found.h_score == 100
    assert found.qcs is not None
    assert found.qcs.fraction == pytest.approx(0.30)
    assert found.proximity is not None
    assert found.proximity.fraction > found.qcs.fraction
    assert found.connectivity is not None
    assert not found.calibrated
    strong = replace(table, counted=table.pattern == 8)
    assert continuous_scores(strong, grading=Grading(), statistics=Statistics(), yx_um=yx_um).h_score == 300


def test_nothing_spatial_without_a_pixel_size(table_of_counts: Callable[..., CellTable]) -> None:
    table = table_of_counts({"N": 40, "SC": 10})
    found = continuous_scores(table, grading=Grading(), statistics=Statistics(), yx_um=None)
    assert (found.proximity, found.connectivity) == (None, None)
    assert found.h_score == 60


def test_a_stained_cell_without_density_leaves_qcs_unknown(table_of_counts: Callable[..., CellTable]) -> None:
    table = table_of_counts({"N": 40, "SC": 10})
    blind = replace(table, membrane_od=np.full(50, np.nan, np.float32))
    found = continuous_scores(blind, grading=Grading(), statistics=Statistics(), yx_um=None)
    assert (found.qcs, found.od_percentiles) == (None, None)


def test_densities_are_those_of_the_reference(table_of_counts: Callable[..., CellTable]) -> None:
    table = table_of_counts({"N": 10, "FI": 10})  # 0.12 OD as measured, 0.24 in the reference
    grading = Grading(calibration=SHIFTED)
    found = continuous_scores(table, grading=grading, statistics=Statistics(), yx_um=None)
    assert found.calibrated
    assert found.qcs is not None
    assert found.qcs.fraction == 0.5
