"""Steps of the network's answer and pixels of the slide: from one to the other and back."""

import numpy as np
import pytest

from her2path.image.geometry import PixelSize, Region, Tile
from her2path.segment.view import Piece, View, view_tile


def view(mpp_um: float, region: Region) -> View:
    rgb = np.zeros((region.height_px, region.width_px, 3), np.uint8)
    return view_tile(rgb, Tile(core=region, read=region), PixelSize(mpp_um, mpp_um))


@pytest.mark.parametrize("mpp_um", [0.11, 0.125, 0.2208, 0.25, 0.5, 1.0])
def test_every_step_has_its_own_pixel_within_half_a_step(mpp_um: float) -> None:
    seen = view(mpp_um, Region(0, 0, 64, 64))
    steps = np.arange(40, dtype=np.int32)
    y_px, x_px = seen.middles_px(steps, steps)
    assert (y_px == x_px).all()
    assert (np.diff(y_px) > 0).all()
    assert np.abs((y_px + 0.5) * mpp_um - (steps + 0.5)).max() <= mpp_um / 2 + 0.01 * 40


@pytest.mark.parametrize("mpp_um", [0.125, 0.2208, 0.25, 0.5])
def test_a_piece_holds_every_step_whose_middle_lies_in_the_region(mpp_um: float) -> None:
    region = Region(96, 200, 128, 304)
    seen = view(mpp_um, region)
    piece = seen.piece(region)
    steps = np.arange(1000, dtype=np.int32)
    y_px, x_px = seen.middles_px(steps, steps)
    rows = steps[(y_px >= region.y_px) & (y_px < region.bottom_px)]
    columns = steps[(x_px >= region.x_px) & (x_px < region.right_px)]
    assert set(rows.tolist()) <= set(piece.rows)
    assert set(columns.tolist()) <= set(piece.columns)
    assert len(piece.rows) <= len(rows) + 2
    assert len(piece.columns) <= len(columns) + 2


def test_a_window_shows_the_slide_where_it_lies() -> None:
    region = Region(100, 40, 8, 8)
    rgb = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    seen = view_tile(rgb, Tile(core=region, read=region), PixelSize(0.25, 0.25))
    assert np.array_equal(seen.window(slice(102, 105), slice(41, 47)), rgb[2:5, 1:7])
    beyond = seen.window(slice(99, 105), slice(44, 49))
    assert np.array_equal(beyond[1:, :-1], rgb[:5, 4:])
    assert (beyond[0] == 255).all()
    assert (beyond[:, -1] == 255).all()


@pytest.mark.parametrize(("height", "width"), [(7, 4), (4, 7), (5, 5)])
def test_halves_hold_every_step_once(height: int, width: int) -> None:
    piece = Piece(range(-2, height - 2), range(3, width + 3))
    held = [(y, x) for half in piece.halves() for y in half.rows for x in half.columns]
    assert sorted(held) == [(y, x) for y in piece.rows for x in piece.columns]
    assert len(set(held)) == len(held)
    assert max(len(half.rows) * len(half.columns) for half in piece.halves()) < height * width
