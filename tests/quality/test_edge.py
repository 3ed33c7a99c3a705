"""The border of the tissue: where it lies, and when it is called stained unlike the rest."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.arrays import Doubles, Floats, Mask
from her2path.cells.table import COLUMNS, N_RAYS, CellTable
from her2path.image.geometry import PixelSize
from her2path.quality.edge import (
    BAND_UM,
    EdgeEffect,
    edge_depth_um,
    edge_effect,
    edge_flags,
)

MPP_UM = 4.0
PIXEL = PixelSize(0.25, 0.25)


def _disc(size: int, radius_px: float) -> Mask:
    y, x = np.indices((size, size)) - size / 2
    inside: Mask = np.hypot(y, x) < radius_px
    return inside


def _band(tissue: Mask, width_um: float = BAND_UM) -> Mask:
    """Tissue no deeper than the width."""
    band: Mask = tissue & (edge_depth_um(tissue, MPP_UM) <= width_um)
    return band


def test_a_band_is_as_wide_as_asked_and_reaches_inwards() -> None:
    tissue = _disc(400, 150)
    band = _band(tissue, 100.0)
    y, x = np.indices(tissue.shape) - 200
    radius_um = np.hypot(y, x) * MPP_UM
    assert not band[~tissue].any()
    assert band[tissue & (radius_um > 600 - 90)].all()
    assert not band[radius_um < 600 - 110].any()


def test_a_lumen_has_no_border_and_a_tear_has() -> None:
    tissue = np.ones((600, 600), bool)
    lumen, tear = _disc(600, 40), np.zeros_like(tissue)
    tear[450:510, 100:500] = True
    assert not _band(tissue & ~lumen).any()
    band = _band(tissue & ~lumen & ~tear, 80.0)
    rows = np.flatnonzero(band.any(axis=1))
    assert (rows[0], rows[-1]) == (430, 529)


def test_where_the_picture_ends_is_no_border() -> None:
    tissue = np.ones((50, 80), bool)
    assert not _band(tissue).any()
    assert np.isinf(edge_depth_um(tissue, MPP_UM)).all()
    tissue[:10] = False
    depth_um = edge_depth_um(tissue, MPP_UM)
    assert (depth_um[:10] == 0).all()
    assert np.allclose(depth_um[-1], 40 * MPP_UM, rtol=0.02)


@given(st.integers(0, 1000), st.floats(20, 150), st.floats(20, 150))
def test_a_wider_band_holds_the_narrower(seed: int, a_um: float, b_um: float) -> None:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((60, 70)), (0, 0), 5)
    tissue: Mask = noise > 0.48
    narrow, wide = (_band(tissue, width_um) for width_um in sorted((a_um, b_um)))
    assert not (narrow & ~wide).any()
    assert not (wide & ~tissue).any()


def _cells(y_um: Doubles, x_um: Doubles, od: Doubles, background_od: Doubles) -> CellTable:
    """Counted tumour cells, stained from 0.08 on; 0 in every column that is not read."""
    n = len(y_um)
    columns: dict[str, Any] = {
        column.name: np.zeros((n, N_RAYS) if column.name.endswith("_radii") else n, column.dtype)
        for column in COLUMNS
    }
    columns |= {
        "cell_id": np.arange(n),
        "y_px": y_um / PIXEL.y_um,
        "x_px": x_um / PIXEL.x_um,
        "counted": np.ones(n, bool),
        "membrane_od": od,
        "cytoplasm_od": background_od,
        "pattern": np.where(od > 0.08, 1, 0),
    }
    return CellTable(**columns)


def _section(
    seed: int, *, patches_um: float = 100.0, at_edge_od: float = 0.0, background_od: float = 0.0
) -> tuple[CellTable, Floats]:
    """Cells of a square section of 2.4 mm that stains in patches, and how deep they lie."""
    rng = np.random.default_rng(seed)
    y_um, x_um = (np.indices((160, 160)) * 15.0 + rng.uniform(0, 10, (2, 160, 160))).reshape(2, -1)
    slow = cv2.GaussianBlur(rng.standard_normal((160, 160)), (0, 0), patches_um / 15)
    od = 0.10 + 0.04 * (slow / slow.std()).ravel() + rng.normal(0, 0.02, y_um.size)
    depth_um = np.minimum.reduce([y_um, x_um, 2410 - y_um, 2410 - x_um]).astype(np.float32)
    near = np.exp(-depth_um / 30)
    background = np.abs(rng.normal(0.01, 0.01, y_um.size)) + background_od * near
    return _cells(y_um, x_um, np.clip(od + at_edge_od * near, 0, None), background), depth_um


def _effect(cells: CellTable, depth_um: Floats) -> EdgeEffect:
    effect = edge_effect(cells, depth_um, PIXEL)
    assert effect is not None
    return effect


@pytest.mark.parametrize("patches_um", [30.0, 100.0, 400.0])
def test_patches_of_staining_are_no_edge_effect(patches_um: float) -> None:
    warned = [edge_flags(_effect(*_section(seed, patches_um=patches_um))) for seed in range(20)]
    assert sum(map(bool, warned)) <= 1


@pytest.mark.parametrize("at_edge_od", [0.25, -0.25])
def test_a_border_that_stains_more_or_less_is_flagged(at_edge_od: float) -> None:
    effect = _effect(*_section(1, at_edge_od=at_edge_od))
    assert effect.matters
    assert effect.od_excess.estimate * at_edge_od > 0
    assert effect.share_excess.estimate * at_edge_od > 0
    (flag,) = edge_flags(effect)
    assert (flag.code, flag.severity) == ("EDGE_EFFECT", "warning")
    assert f"{effect.n_edge:,} tumour cells" in flag.detail


def test_a_brown_rim_is_told_by_its_background() -> None:
    effect = _effect(*_section(2, background_od=0.15))
    assert effect.width_um < BAND_UM
    assert effect.background_excess.low > 0
    assert edge_flags(effect)


def test_an_edge_too_weak_to_move_a_score_is_not_flagged() -> None:
    effect = _effect(*_section(3, at_edge_od=0.02))
    assert not effect.matters


def test_the_interval_is_wider_where_neighbouring_blocks_are_alike() -> None:
    small, large = (_effect(*_section(4, patches_um=um)).od_excess for um in (5.0, 150.0))
    assert large.high - large.low > 1.5 * (small.high - small.low)


def test_only_measured_counted_cells_take_part() -> None:
    cells, depth_um = _section(5)
    strange = np.arange(len(cells)) % 3 == 0
    odd = replace(cells, membrane_od=np.where(strange, 9.0, cells.membrane_od), counted=~strange)
    kept = cells.take(~strange)
    assert edge_effect(odd, depth_um, PIXEL) == edge_effect(kept, depth_um[~strange], PIXEL)
    blind = replace(cells, membrane_od=np.where(strange, np.nan, cells.membrane_od))
    assert edge_effect(blind, depth_um, PIXEL) == edge_effect(kept, depth_um[~strange], PIXEL)


def test_too_few_cells_or_blocks_tell_nothing() -> None:
    cells, depth_um = _section(6)
    edge = np.flatnonzero(depth_um <= BAND_UM)
    few = np.concatenate([edge[:30], np.flatnonzero(depth_um > BAND_UM)])
    assert edge_effect(cells.take(few), depth_um[few], PIXEL) is None
    corner = np.flatnonzero((cells.y_px < 1200) & (cells.x_px < 1200))
    assert edge_effect(cells.take(corner), depth_um[corner], PIXEL) is None
    assert edge_effect(CellTable.empty(), np.zeros(0, np.float32), PIXEL) is None
    assert edge_flags(None) == ()
