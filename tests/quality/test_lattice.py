"""A grid is found whatever its turn and shear, and no core gets its neighbour's place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import Doubles, Ints
from her2path.errors import NotEvaluableError
from her2path.quality.lattice import Frame, Lattice, fit_lattice, frame_of, match

PITCH = 60.0


def turned(rotation_deg: float, shear_deg: float = 0.0, ratio: float = 1.0) -> Doubles:
    """Steps to the next row and the next column of a grid that is turned clockwise."""
    across, down = np.radians(rotation_deg), np.radians(rotation_deg + shear_deg)
    along = PITCH * np.array([np.sin(across), np.cos(across)])
    below = ratio * PITCH * np.array([np.cos(down), -np.sin(down)])
    return np.array([below, along])


def grid(n_rows: int, n_columns: int) -> Ints:
    return np.array([(row, column) for row in range(n_rows) for column in range(n_columns)], np.int32)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-10, 10),
    st.floats(-3, 3),
    st.floats(0.8, 1.25),
    st.integers(3, 9),
    st.integers(3, 9),
    st.integers(0, 1000),
)
def test_every_core_gets_its_own_place(
    rotation: float, shear: float, ratio: float, n_rows: int, n_columns: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    places, steps = grid(n_rows, n_columns), turned(rotation, shear, ratio)
    kept = rng.random(len(places)) > 0.2
    for row in range(n_rows):  # the outer rows and columns keep a core: nothing else tells that they are
        kept[row * n_columns] = kept[row * n_columns + n_columns - 1] = True
    kept[:n_columns] = kept[-n_columns:] = True
    yx = 300 + places @ steps + rng.uniform(-0.07, 0.07, (len(places), 2)) * PITCH
    yx = rng.permutation(yx[kept])
    lattice = fit_lattice(yx)
    assert lattice is not None
    frame = frame_of(lattice, yx, yx, None)
    assert (frame.n_rows, frame.n_columns) == (n_rows, n_columns)
    core_of = match(frame, yx)
    np.testing.assert_array_equal(core_of >= 0, kept)
    away = np.linalg.norm(yx[core_of[kept]] - (300 + places @ steps)[kept], axis=1)
    assert away.max() < 0.2 * PITCH
    assert lattice.rotation_deg == pytest.approx(rotation, abs=2.5)


def test_whole_rows_and_columns_that_are_missing_keep_their_place() -> None:
    places = grid(6, 7)
    kept = (places[:, 0] != 3) & (places[:, 1] != 2)
    yx = 200 + places @ turned(-6)
    lattice = fit_lattice(yx[kept])
    assert lattice is not None
    frame = frame_of(lattice, yx[kept], yx[kept], None)
    assert (frame.n_rows, frame.n_columns) == (6, 7)
    np.testing.assert_array_equal(match(frame, yx[kept]) >= 0, kept)


def test_a_core_half_a_pitch_off_takes_the_place_that_is_free() -> None:
    places = grid(4, 5)
    yx = 200 + places @ turned(0)
    yx[7] += (0, 0.5 * PITCH)  # row 1, column 2; its right neighbour is in place
    lattice = fit_lattice(yx)
    assert lattice is not None
    np.testing.assert_array_equal(match(frame_of(lattice, yx, yx, None), yx), np.arange(20))


@pytest.mark.parametrize("n", [0, 2, 12])
def test_few_or_scattered_cores_stand_on_no_grid(n: int) -> None:
    assert fit_lattice(np.random.default_rng(3).uniform(0, 600, (n, 2))) is None


def test_a_single_row_is_a_grid() -> None:
    lattice = fit_lattice(200 + grid(1, 4) @ turned(2))
    assert lattice is not None
    assert lattice.pitch_px == pytest.approx((PITCH, PITCH))


def test_rotation_and_shear_are_those_of_the_steps() -> None:
    lattice = Lattice(np.zeros(2), turned(7, 2))
    assert lattice.rotation_deg == pytest.approx(7)
    assert lattice.shear_deg == pytest.approx(2)
    assert lattice.shifted(np.array([1, 2])).places_px(np.array([[0, 0]])) == pytest.approx(
        lattice.places_px(np.array([[1, 2]]))
    )


def framed(kept: np.ndarray, shape: tuple[int, int], crumbs: Doubles | None = None) -> Frame:
    yx = 300 + grid(5, 4) @ turned(0)
    tissue = yx[kept] if crumbs is None else np.vstack([yx[kept], crumbs])
    lattice = fit_lattice(yx[kept])
    assert lattice is not None
    return frame_of(lattice, yx[kept], tissue, shape)


def test_crumbs_tell_at_which_edge_a_row_is_missing_and_it_stays_a_doubt() -> None:
    places = grid(5, 4)
    without_top = framed(places[:, 0] > 0, (5, 4), np.array([(301.0, 361.0)]))
    assert without_top.lattice.origin_px == pytest.approx((300, 300))
    without_bottom = framed(places[:, 0] < 4, (5, 4), np.array([(541.0, 361.0)]))
    assert without_bottom.lattice.origin_px == pytest.approx((300, 300))
    (top,), (bottom,) = without_top.doubts, without_bottom.doubts
    assert "at the top, and may be at the bottom" in top
    assert "at the bottom, and may be at the top" in bottom


def test_a_core_beside_the_grid_is_left_out_and_another_grid_is_refused() -> None:
    beside = np.vstack([300 + grid(4, 4) @ turned(0), (300 - PITCH, 300)])
    lattice = fit_lattice(beside)
    assert lattice is not None
    frame = frame_of(lattice, beside, beside, (4, 4))
    assert frame.lattice.origin_px == pytest.approx((300, 300), abs=1)
    assert frame.doubts == ()
    with pytest.raises(NotEvaluableError, match="5 rows and 4 columns, and --grid says 3x4"):
        framed(np.ones(20, bool), (3, 4))
