import numpy as np
import pytest

from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, TUMOUR
from her2path.nets.sample import STRIDE
from her2path.training.targets import EMPTY_BELOW, Truth, targets_of

SIDE_PX, MPP_UM = 128, 0.25
WHITE = (240.0, 240.0, 240.0)


def _disc(y_um: float, x_um: float, radius_um: float, side_px: int) -> np.ndarray:
    y, x = (np.mgrid[:side_px, :side_px] + 0.5) * MPP_UM
    return np.asarray(np.hypot(y - y_um, x - x_um) < radius_um)


def _truth(*, stained: float = 0.5, margin_px: int = 0, kind: int = TUMOUR) -> Truth:
    """One round cell 10.5 µm down and 16.5 µm right of the field's corner, the right part of it stained."""
    side_px = SIDE_PX + 2 * margin_px
    at = (10.5 + margin_px * MPP_UM, 16.5 + margin_px * MPP_UM)
    cell, nucleus = _disc(*at, 6.0, side_px), _disc(*at, 3.0, side_px)
    edge = np.flatnonzero(cell & ~_disc(*at, 5.6, side_px))
    y, x = np.divmod(edge, side_px)
    angle = np.abs(np.arctan2(y * MPP_UM - at[0], x * MPP_UM - at[1]))
    return Truth(
        cell_at=np.where(cell, 0, -1).astype(np.int32),
        nucleus_at=np.where(nucleus, 0, -1).astype(np.int32),
        edge=edge,
        crest_od=np.where(angle < np.pi * stained, 0.5, 0.02).astype(np.float32),
        kind=np.array([kind], np.int8),
        measured=np.array([kind == TUMOUR]),
        unknown=np.zeros((side_px, side_px), bool),
        mpp_um=MPP_UM,
    )


def _field() -> np.ndarray:
    return np.full((SIDE_PX, SIDE_PX, 3), 200, np.uint8)


def test_one_cell_gives_one_hill_at_its_nucleus() -> None:
    sample = targets_of(_truth(), _field(), WHITE, stained_od=0.08)
    assert sample.centre.shape == (SIDE_PX // STRIDE, SIDE_PX // STRIDE)
    assert np.argwhere(sample.centre == 1).tolist() == [[10, 16]]
    assert sample.centre.sum() == pytest.approx(2 * np.pi * 1.2**2, rel=0.02)


def test_a_cell_is_described_near_its_centre() -> None:
    sample = targets_of(_truth(stained=0.25), _field(), WHITE, stained_od=0.08)
    own = sample.kind == TUMOUR
    assert own.sum() >= 4
    assert np.abs(sample.y[own] - 10).max() <= 1
    assert sample.completeness[own] == pytest.approx(0.25, abs=0.02)
    assert sample.membrane_od[own] == pytest.approx(0.5)
    centre = own & (sample.y == 10) & (sample.x == 16)
    assert sample.nucleus_radii_um[centre] == pytest.approx(3.0, abs=0.35)
    assert sample.cell_radii_um[centre] == pytest.approx(6.0, abs=0.35)


def test_the_first_ray_points_along_x() -> None:
    sample = targets_of(_truth(), _field(), WHITE, stained_od=0.08)
    left = (sample.kind == TUMOUR) & (sample.x < 16)
    assert left.any()
    assert (sample.cell_radii_um[left, 0] > sample.cell_radii_um[left, 16]).all()


def test_an_unstained_cell_has_no_density_but_a_completeness() -> None:
    sample = targets_of(_truth(stained=0.0), _field(), WHITE, stained_od=0.08)
    own = sample.kind == TUMOUR
    assert np.isnan(sample.membrane_od[own]).all()
    assert (sample.completeness[own] == 0).all()
    assert sample.membrane.sum() == 0


def test_nothing_is_learnt_of_the_membrane_of_other_kinds() -> None:
    sample = targets_of(_truth(kind=LYMPHOCYTE), _field(), WHITE, stained_od=0.08)
    own = sample.kind == LYMPHOCYTE
    assert own.any()
    assert np.isnan(sample.completeness[own]).all()


def test_the_stained_arc_is_marked_where_it_runs() -> None:
    sample = targets_of(_truth(stained=0.25), _field(), WHITE, stained_od=0.08)
    y, x = np.nonzero(sample.membrane)
    assert x.min() >= 16
    assert 8 < len(x) < 20
    assert np.abs(np.hypot(y + 0.5 - 10.5, x + 0.5 - 16.5) - 5.8).max() < 1.0


def test_empty_places_lie_in_no_nucleus() -> None:
    sample = targets_of(_truth(), _field(), WHITE, stained_od=0.08)
    empty = sample.kind == OTHER
    assert empty.sum() >= 5
    assert (sample.centre[sample.y[empty], sample.x[empty]] < EMPTY_BELOW).all()
    assert np.isnan(sample.cell_radii_um[empty]).all()


def test_a_field_cut_from_a_wider_window_sees_the_same() -> None:
    alone = targets_of(_truth(), _field(), WHITE, stained_od=0.08)
    cut = targets_of(
        _truth(margin_px=40), _field(), WHITE, stained_od=0.08, origin_yx_um=(40 * MPP_UM, 40 * MPP_UM)
    )
    for name in ("centre", "membrane", "y", "x", "completeness", "cell_radii_um"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(cut, name))


def test_where_nobody_knows_nothing_is_asked() -> None:
    truth = _truth()
    truth.unknown[:] = True
    sample = targets_of(truth, _field(), WHITE, stained_od=0.08)
    assert not sample.centre_known.any()
    assert len(sample.y) == 0
