"""What is drawn is what is read: density, completeness, gap and cytoplasm of membranes of known size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Bools, Doubles, Floats
from her2path.cells.columns import Columns
from her2path.cells.maps import CellMaps, CoarseTile
from her2path.cells.measure import (
    BLUSH_WEIGHT,
    CREST_UM,
    CYTOPLASM_AT,
    GRAIN_RAYS,
    PROMINENCE_OD,
    RULED_OUT,
    SEEN,
    SIDE_UM,
    UNDENIABLE_OD,
    Membranes,
    measure_membranes,
)
from her2path.cells.rays import sample_rays
from her2path.cells.table import N_RAYS

MPP_UM = 0.25
SIZE_PX = 240
NUCLEUS_UM, CELL_UM = 4.0, 7.0
STAINED_OD = 0.08
NOT_LOOKED_AT = CoarseTile(
    np.zeros((0, 0, 3), np.uint8), np.zeros((0, 0), np.uint16), np.zeros((0, 0), np.uint16)
)


def polar(y_um: float, x_um: float) -> tuple[Doubles, Doubles]:
    """Distance in µm and turn (0–1, anticlockwise from +x) of every pixel from a point."""
    y, x = np.indices((SIZE_PX, SIZE_PX)) * MPP_UM
    turn = (np.arctan2(y_um - y, x - x_um) / (2 * np.pi)) % 1
    return np.asarray(np.hypot(y - y_um, x - x_um)), np.asarray(turn)


def ring(od: float, *, share: float = 1.0, at_um: tuple[float, float] = (30.0, 30.0)) -> Doubles:
    """DAB of a membrane 1.2 µm wide over a share of the contour."""
    distance_um, turn = polar(*at_um)
    return np.where((np.abs(distance_um - CELL_UM) <= 0.6) & (turn < share), od, 0.0)


def read(
    dab_od: Doubles, *at_um: tuple[float, float], background_od: float = 0.0, seen: float = np.nan
) -> Membranes:
    """Measure cells with circular contours at the points given, by default one in the middle.

    ``seen`` is the probability of a membrane that a network gives all along.
    """
    centres = np.asarray(at_um or [(30.0, 30.0)])
    n = len(centres)
    y_px, x_px = (np.rint(centres[:, axis] / MPP_UM).astype(np.int32) for axis in (0, 1))
    maps = CellMaps(
        y_px=y_px + 1000,
        x_px=x_px + 2000,
        nucleus_radii_um=circle(n, NUCLEUS_UM),
        cell_radii_um=circle(n, CELL_UM),
        membrane_seen=np.full((n, N_RAYS), seen, np.float32),
        network_od=np.full(n, np.nan, np.float32),
        network_completeness=np.full(n, np.nan, np.float32),
        evidence=Columns(),
        coarse=NOT_LOOKED_AT,
        dab=np.rint((dab_od + background_od) / OD_STEP).astype(np.uint16),
        y0_px=1000,
        x0_px=2000,
        scale=1,
    )
    return measure_membranes(maps, (MPP_UM, MPP_UM), stained_od=STAINED_OD)


def circle(n: int, radius_um: float) -> Floats:
    return np.full((n, N_RAYS), radius_um, np.float32)


@pytest.mark.parametrize("od", [0.12, 0.3, 0.5, 0.9])
def test_a_closed_ring_is_complete_and_as_dense_as_it_was_drawn(od: float) -> None:
    found = read(ring(od))
    assert found.completeness[0] == 1
    assert found.longest_gap[0] == 0
    assert found.membrane_od[0] == pytest.approx(od, abs=2 * OD_STEP)


def test_a_network_rules_lines_out_and_sees_what_does_not_stand_out() -> None:
    assert read(ring(0.3), seen=0.05).completeness[0] == 0
    assert read(ring(0.5), seen=0.05).completeness[0] == 1  # too dark to be ruled out
    assert read(ring(0.5), seen=0.3).completeness[0] == 1
    blush = np.full((SIZE_PX, SIZE_PX), 0.15)
    assert read(blush, seen=0.3).completeness[0] == 0
    assert read(blush, seen=0.9).completeness[0] == 1
    assert read(np.zeros((SIZE_PX, SIZE_PX)), seen=0.9).completeness[0] == 0


@pytest.mark.parametrize("radius_um", [np.nan, np.inf])
def test_a_contour_that_leads_nowhere_is_refused(radius_um: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "CELL_UM", radius_um)
    with pytest.raises(ValueError, match="must be finite"):
        read(np.zeros((SIZE_PX, SIZE_PX)))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_part_of_a_ring_leaves_the_rest_as_one_gap(share: float) -> None:
    found = read(ring(0.5, share=share))
    assert found.completeness[0] == pytest.approx(share, abs=0.07)
    assert found.longest_gap[0] == pytest.approx(1 - share, abs=0.07)
    # The density is that of the stained part, not of the whole contour.
    assert found.membrane_od[0] > 0.35


def test_two_gaps_are_not_one() -> None:
    _, turn = polar(30.0, 30.0)
    dab = ring(0.5) * ((turn * 4).astype(int) % 2 == 0)
    found = read(dab)
    assert found.completeness[0] == pytest.approx(0.5, abs=0.13)
    assert found.longest_gap[0] == pytest.approx(0.25, abs=0.08)


def test_a_gap_over_the_first_ray_is_one_gap() -> None:
    _, turn = polar(30.0, 30.0)
    found = read(ring(0.5) * ((turn > 0.2) & (turn < 0.8)))
    assert found.longest_gap[0] == pytest.approx(0.4, abs=0.07)


def test_blush_without_a_line_is_no_membrane() -> None:
    distance_um, _ = polar(30.0, 30.0)
    found = read(np.where(distance_um < 9.5, 0.4, 0.0))
    assert found.completeness[0] < 0.1
    assert found.cytoplasm_od[0] == pytest.approx(0.4, abs=0.01)


def test_an_unstained_cell_has_no_membrane_and_one_gap() -> None:
    found = read(np.zeros((SIZE_PX, SIZE_PX)))
    assert (found.completeness[0], found.longest_gap[0], found.membrane_od[0]) == (0, 1, 0)


def test_a_membrane_on_background_is_still_a_membrane() -> None:
    found = read(ring(0.4), background_od=0.05)
    assert found.completeness[0] == 1
    assert found.cytoplasm_od[0] == pytest.approx(0.05, abs=0.01)


def test_a_shared_membrane_counts_for_both_cells() -> None:
    left, right = (30.0, 23.0), (30.0, 37.0)
    shared = np.zeros((SIZE_PX, SIZE_PX))
    shared[round(24 / MPP_UM) : round(36 / MPP_UM), round(29.4 / MPP_UM) : round(30.6 / MPP_UM) + 1] = 0.6
    alone = read(shared, left)
    both = read(shared, left, right)
    assert both.completeness[0] == alone.completeness[0] > 0.1
    assert both.completeness[1] == pytest.approx(float(both.completeness[0]), abs=0.04)
    assert both.membrane_od[1] == pytest.approx(float(both.membrane_od[0]), abs=0.05)


def test_no_cell_depends_on_its_company() -> None:
    at = [(20.0, 20.0), (30.0, 30.0), (40.0, 22.0)]
    dab = ring(0.5, share=0.7, at_um=at[0]) + ring(0.3, at_um=at[1])
    together = read(dab, *at)
    for row, place in enumerate(at):
        alone = read(dab, place)
        for name in ("membrane_od", "completeness", "longest_gap", "cytoplasm_od"):
            assert getattr(alone, name)[0] == getattr(together, name)[row]


def test_no_cells_are_no_rows() -> None:
    maps = CellMaps(
        *(np.zeros(0, np.int32),) * 2,
        *(np.zeros((0, N_RAYS), np.float32),) * 3,
        *(np.zeros(0, np.float32),) * 2,
        Columns(),
        NOT_LOOKED_AT,
        dab=np.zeros((8, 8), np.uint16),
        y0_px=0,
        x0_px=0,
        scale=1,
    )
    found = measure_membranes(maps, (MPP_UM, MPP_UM), stained_od=STAINED_OD)
    assert len(found.completeness) == len(found.membrane_od) == 0


@settings(deadline=None, max_examples=30)
@given(st.floats(0.0, 1.2), st.floats(0.0, 1.0))
def test_fractions_stay_fractions(od: float, share: float) -> None:
    found = read(ring(od, share=share))
    assert 0 <= found.completeness[0] <= 1
    assert 0 <= found.longest_gap[0] <= 1
    assert found.completeness[0] + found.longest_gap[0] <= 1 + 1e-6
    assert np.isfinite(found.membrane_od[0])


def plain_membranes(maps: CellMaps, mpp_yx_um: tuple[float, float]) -> Membranes:
    """``measure_membranes`` in NumPy, all cells at once."""
    grid_mpp = (mpp_yx_um[0] * maps.scale, mpp_yx_um[1] * maps.scale)
    y = (maps.y_px - maps.y0_px) // maps.scale
    x = (maps.x_px - maps.x0_px) // maps.scale
    step_um = max(grid_mpp)
    near, far = (max(1, round(side / step_um)) for side in SIDE_UM)
    crest_reach = round(CREST_UM / step_um)
    middle = crest_reach + far
    across_um = np.arange(-middle, middle + 1) * step_um
    radii_um = np.maximum(maps.cell_radii_um[:, :, None].astype(np.float64) + across_um, 0.0)
    across = sample_rays(maps.dab, y, x, radii_um, grid_mpp)
    at = middle - crest_reach + np.argmax(across[:, middle - crest_reach : middle + crest_reach + 1], axis=1)
    at = at[:, None]
    away = np.arange(near, far + 1)[:, None]
    sides = np.maximum(
        *(np.take_along_axis(across, at + side * away, axis=1).min(axis=1) for side in (-1, 1))
    )
    crest = np.take_along_axis(across, at, axis=1)[:, 0]
    crest_od, rise_od = (smoothed(values) * OD_STEP for values in (crest, np.maximum(crest, sides) - sides))
    within = np.asarray(CYTOPLASM_AT)
    outermost_um = np.maximum(maps.cell_radii_um - SIDE_UM[0], maps.nucleus_radii_um)[:, :, None]
    radii_um = maps.nucleus_radii_um[:, :, None] * (1 - within) + outermost_um * within
    cytoplasm = sample_rays(maps.dab, y, x, radii_um, grid_mpp).reshape(N_RAYS * len(within), len(y))
    cytoplasm_od = np.median(cytoplasm, axis=0) * OD_STEP
    line = rise_od >= np.clip(BLUSH_WEIGHT * cytoplasm_od, *PROMINENCE_OD)[:, None]
    asked, seen = ~np.isnan(maps.membrane_seen), np.nan_to_num(maps.membrane_seen)
    doubtful = asked & (seen < RULED_OUT) & (crest_od < UNDENIABLE_OD)
    stained = without_grain((crest_od >= STAINED_OD) & ((line & ~doubtful) | (seen >= SEEN)))
    length = arc_length(maps.cell_radii_um)
    whole = np.cumsum(length, axis=1)[:, -1]
    stained_length = np.sum(length * stained, axis=1)
    read = np.where(stained_length[:, None] > 0, length * stained, length)
    longest, run = np.zeros(len(y)), np.zeros(len(y))
    for ray in (*range(N_RAYS), *range(N_RAYS)):
        run = np.where(stained[:, ray], 0.0, run + length[:, ray])
        longest = np.maximum(longest, run)
    return Membranes(
        membrane_od=(np.sum(crest_od * read, axis=1) / np.sum(read, axis=1)).astype(np.float32),
        completeness=(stained_length / whole).astype(np.float32),
        longest_gap=(np.minimum(longest, whole) / whole).astype(np.float32),
        cytoplasm_od=cytoplasm_od.astype(np.float32),
    )


def smoothed(values: NDArray[np.uint16]) -> Doubles:
    """Along the closed contour, ``(rays, n)`` to ``(n, rays)``."""
    steps = values.astype(np.int32)
    smooth = (np.roll(steps, 1, axis=0) + 2 * steps + np.roll(steps, -1, axis=0)) / 4.0
    return np.ascontiguousarray(smooth.T)


def without_grain(dark: Bools) -> Bools:
    arcs = spread(~spread(~dark))
    return ~spread(~spread(arcs))


def spread(rays: Bools) -> Bools:
    wide: Bools = np.logical_or.reduce([np.roll(rays, s, axis=1) for s in range(-GRAIN_RAYS, GRAIN_RAYS + 1)])
    return wide


def arc_length(radii_um: Floats) -> Doubles:
    radii = radii_um.astype(np.float64)
    following = np.roll(radii, -1, axis=1)
    cosine = np.cos(2 * np.pi / N_RAYS)
    chord = np.sqrt(radii * radii + following * following - 2 * cosine * radii * following)
    length: Doubles = (chord + np.roll(chord, 1, axis=1)) / 2
    return length


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([0, 1, 2, 30]),
    grid=st.sampled_from([(0.25, 0.25, 1), (0.1104, 0.1369, 2), (0.46, 0.46, 1), (1.0, 0.9, 1)]),
    asked=st.booleans(),
)
def test_membranes_are_those_of_the_plain_form(
    seed: int, n: int, grid: tuple[float, float, int], asked: bool
) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(20, 200, 2)
    dab = np.cumsum(rng.integers(-200, 201, (height, width)), axis=1).clip(0, 2000).astype(np.uint16)
    nucleus_um = rng.uniform(1, 6, (n, 1)).astype(np.float32) * np.ones(N_RAYS, np.float32)
    maps = CellMaps(
        # Some at the very edge of the plane, some far within.
        y_px=rng.integers(0, height * grid[2], n).astype(np.int32) + np.int32(1000),
        x_px=rng.integers(0, width * grid[2], n).astype(np.int32) + np.int32(2000),
        nucleus_radii_um=nucleus_um,
        # In some places within the nucleus.
        cell_radii_um=nucleus_um + rng.uniform(-1, 4, (n, N_RAYS)).astype(np.float32),
        membrane_seen=np.where(asked, rng.random((n, N_RAYS)), np.nan).astype(np.float32),
        network_od=np.full(n, np.nan, np.float32),
        network_completeness=np.full(n, np.nan, np.float32),
        evidence=Columns(),
        coarse=NOT_LOOKED_AT,
        dab=dab,
        y0_px=1000,
        x0_px=2000,
        scale=grid[2],
    )
    found, plain = measure_membranes(maps, grid[:2], stained_od=STAINED_OD), plain_membranes(maps, grid[:2])
    for name in ("membrane_od", "completeness", "longest_gap", "cytoplasm_od"):
        assert getattr(found, name).dtype == np.float32
        assert (getattr(found, name) == getattr(plain, name)).all(), name


def test_a_line_rises_over_its_darker_side() -> None:
    """What is beyond a membrane, a stained neighbour, takes as much from it as its own cytoplasm."""
    distance_um, _ = polar(30.0, 30.0)
    beyond = np.where(distance_um > CELL_UM, 0.25, 0.0)
    # 0.08 above the side where 0.02 are needed, then 0.01.
    assert read(np.maximum(ring(0.33), beyond)).completeness[0] == 1
    assert read(np.maximum(ring(0.26), beyond)).completeness[0] == 0
