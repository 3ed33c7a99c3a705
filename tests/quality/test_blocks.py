from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.arrays import OD_STEP, Rgb8
from her2path.image.geometry import PixelSize, Region, Tile, plan_tiles
from her2path.image.masks import is_light
from her2path.image.resample import shrink
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, stain_planes
from her2path.quality.blocks import BlockPlan, BlockSums, measure_blocks, plan_blocks
from her2path.quality.grid import merge_blocks

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "published")
PIXEL = PixelSize(0.25, 0.25)
HALO_PX = 64


def slide(height: int = 400, width: int = 520) -> Rgb8:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (height, width, 3)).astype(np.float32)
    return np.clip(170 + 500 * cv2.GaussianBlur(noise, (0, 0), 4), 0, 255).astype(np.uint8)


RGB = slide()
TISSUE = np.zeros((25, 33), bool)
TISSUE[2:22, 3:31] = True
TISSUE[9:12, 8:20] = False
PLAN = plan_blocks(PIXEL, 16, TISSUE, STAINS)


def measured(tile: Tile, rgb: Rgb8 = RGB, plan: BlockPlan = PLAN) -> BlockSums:
    small = shrink(pixels(rgb, tile.read), plan.step_px)
    return measure_blocks(small, *stain_planes(small, plan.stains), tile, plan)


def pixels(rgb: Rgb8, box: Region) -> Rgb8:
    """White beyond the slide."""
    cut = np.full((box.height_px, box.width_px, 3), 255, np.uint8)
    top, left = max(box.y_px, 0), max(box.x_px, 0)
    inside = rgb[top : max(box.bottom_px, 0), left : max(box.right_px, 0)]
    y, x = top - box.y_px, left - box.x_px
    cut[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return cut


def on_slide(core: Region) -> Region:
    top, left = max(core.y_px, 0), max(core.x_px, 0)
    return Region(top, left, min(core.bottom_px, RGB.shape[0]) - top, min(core.right_px, RGB.shape[1]) - left)


def whole() -> Tile:
    core = Region(0, 0, *RGB.shape[:2])
    return Tile(core, core.grown(HALO_PX))


def test_blocks_fit_both_grids() -> None:
    for mpp_um in (0.12, 0.2, 0.23, 0.25, 0.2527, 0.46, 0.5, 1.0):
        pixel = PixelSize(mpp_um, mpp_um)
        plan = plan_blocks(pixel, round(4 / mpp_um), TISSUE, STAINS)
        assert plan.edge_px % plan.step_px == 0
        assert plan.edge_px % plan.downsample == 0
        assert 20 <= plan.edge_px * mpp_um <= 48


@settings(max_examples=12, deadline=None)
@given(
    tile_px=st.integers(60, 700),
    origin=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    seed=st.integers(0, 9),
)
def test_any_tile_plan_in_any_order_gives_the_same(tile_px: int, origin: tuple[int, int], seed: int) -> None:
    height, width = RGB.shape[:2]
    planned = plan_tiles(
        height, width, tile_px=tile_px, halo_px=HALO_PX, stride_px=PLAN.step_px, origin_yx_px=origin
    )
    tiles = [replace(tile, core=on_slide(tile.core)) for tile in planned]
    parts = [measured(tiles[k]) for k in np.random.default_rng(seed).permutation(len(tiles))]
    got, expected = merge_blocks(parts, PLAN), merge_blocks([measured(whole())], PLAN)
    for field in fields(got):
        if field.name != "plan":
            assert np.array_equal(getattr(got, field.name), getattr(expected, field.name), equal_nan=True), (
                field.name
            )


def test_sums_are_those_of_a_plain_computation() -> None:
    grid = merge_blocks([measured(whole())], PLAN)
    small = shrink(RGB, 2)
    haematoxylin, dab = stain_planes(small, STAINS)
    seen = np.repeat(np.repeat(TISSUE, 8, 0), 8, 1)[: small.shape[0], : small.shape[1]]
    edge = PLAN.edge_px // 2
    rows, columns = PLAN.shape
    for row in range(rows):
        for column in range(columns):
            box = (slice(row * edge, (row + 1) * edge), slice(column * edge, (column + 1) * edge))
            inside = seen[box]
            assert grid.pixels[row, column] == inside.sum()
            if not inside.any():
                assert np.isnan(grid.dab[row, column])
                continue
            assert grid.dab[row, column] == pytest.approx(dab[box][inside].mean() * OD_STEP)
            assert grid.haematoxylin[row, column] == pytest.approx(haematoxylin[box][inside].mean() * OD_STEP)
            assert grid.stained[row, column] == pytest.approx((dab[box][inside] >= 410).mean())


def test_a_tile_without_tissue_gives_no_block() -> None:
    plan = replace(PLAN, tissue=np.zeros_like(TISSUE))
    assert len(measured(whole(), plan=plan)) == 0
    assert np.isnan(merge_blocks([], plan).tissue).all()


def test_a_mask_of_blocks_spreads_over_the_survey() -> None:
    blocks = np.zeros(PLAN.shape, bool)
    blocks[1, 2] = True
    spread = PLAN.on_survey(blocks)
    assert spread.shape == TISSUE.shape
    rows, columns = np.nonzero(spread)
    edge = PLAN.edge_px // PLAN.downsample
    assert (rows.min(), rows.max() + 1) == (edge, 2 * edge)
    assert (columns.min(), columns.max() + 1) == (2 * edge, 3 * edge)
    nothing = PLAN.on_survey(np.zeros_like(blocks))
    assert nothing.shape == TISSUE.shape
    assert not nothing.any()
    assert is_light(nothing)
