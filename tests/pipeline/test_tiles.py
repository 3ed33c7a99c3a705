"""Tiles are read where there is tissue, end with the slide, and lose the same pieces whoever reads them."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from her2path.image.geometry import PixelSize, Region
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.pipeline.tiles import (
    PIECE_PX,
    TileCells,
    cells_in_slide,
    cells_in_tile,
    gather,
    tiles_with_tissue,
)
from her2path.quality.blocks import plan_blocks
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.slides.array import ArraySlide
from her2path.slides.protocol import Level, Slide

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "published")
SEGMENTER = ClassicalSegmenter()
DOWNSAMPLE = 16
EVERYWHERE = np.ones((64, 64), bool)


def cells(slide: Slide, *, tile_px: int = 512, origin_yx_px: tuple[int, int] = (0, 0)) -> TileCells:
    tiles = tiles_with_tissue(
        slide, EVERYWHERE, DOWNSAMPLE, SEGMENTER, tile_px=tile_px, origin_yx_px=origin_yx_px
    )
    blocks = plan_blocks(slide.pixel_size, DOWNSAMPLE, EVERYWHERE, STAINS)
    parts = cells_in_slide(slide, tiles, STAINS, SEGMENTER, ThreadRunner(), blocks=blocks, stained_od=0.08)
    return gather(parts)


@pytest.mark.parametrize("origin_yx_px", [(0, 0), (100, 40)])
def test_cores_cover_the_slide_once_and_end_with_it(slide: ArraySlide, origin_yx_px: tuple[int, int]) -> None:
    owners = np.zeros((1024, 1024), int)
    for tile in tiles_with_tissue(
        slide, EVERYWHERE, DOWNSAMPLE, SEGMENTER, tile_px=300, origin_yx_px=origin_yx_px
    ):
        core = tile.core
        assert min(core.y_px, core.x_px) >= 0
        assert max(core.bottom_px, core.right_px) <= 1024
        owners[core.y_px : core.bottom_px, core.x_px : core.right_px] += 1
    assert (owners == 1).all()


def test_only_tiles_with_tissue_are_read(slide: ArraySlide) -> None:
    tissue = np.zeros((64, 64), bool)
    tissue[40, 3] = True
    tiles = tiles_with_tissue(slide, tissue, DOWNSAMPLE, SEGMENTER, tile_px=256)
    assert [tile.core for tile in tiles] == [Region(40 * DOWNSAMPLE, 3 * DOWNSAMPLE, DOWNSAMPLE, DOWNSAMPLE)]
    assert tiles_with_tissue(slide, np.zeros((64, 64), bool), DOWNSAMPLE, SEGMENTER) == ()


@pytest.mark.parametrize(("edge_px", "largest_px"), [(4096, 2048), (10_240, 2560), (16_384, 3584)])
def test_more_tissue_is_cut_into_larger_tiles(edge_px: int, largest_px: int) -> None:
    slide = cast(
        Slide, SimpleNamespace(levels=[Level(edge_px, edge_px, 1.0)], pixel_size=PixelSize(0.25, 0.25))
    )
    tissue = np.ones((edge_px // DOWNSAMPLE, edge_px // DOWNSAMPLE), bool)
    tiles = tiles_with_tissue(slide, tissue, DOWNSAMPLE, SEGMENTER)
    assert max(tile.core.height_px for tile in tiles) == largest_px
    assert sum(tile.core.height_px * tile.core.width_px for tile in tiles) == edge_px**2


def test_cells_come_in_reading_order_with_what_was_measured(slide: ArraySlide) -> None:
    found = cells(slide)
    table = found.table
    assert len(table) > 100
    assert (np.diff(table.cell_id) > 0).all()
    assert (table.cell_id == table.y_px.astype(np.int64) * 1024 + table.x_px).all()
    assert found.unreadable == ()
    assert found.n_px > 1024 * 1024
    assert len(found.evidence) == len(table)
    assert (table.nucleus_area_um2 > 0).all()
    # A contour of 32 chords is a little smaller than what it stands for; the stored one is rounded.
    radii_um = table.nucleus_radii.astype(float) / 10
    assert np.sqrt(table.nucleus_area_um2 / np.pi) == pytest.approx(
        np.sqrt(np.mean(radii_um**2, axis=1)), rel=0.1
    )


def test_no_tiles_no_cells() -> None:
    nothing = gather([])
    assert len(nothing.table) == len(nothing.evidence) == 0


def test_damage_costs_its_own_pieces_and_no_other(damaged: Callable[..., Slide], slide: ArraySlide) -> None:
    place = Region(300, 560, 20, 20)
    found = cells(damaged(place))
    assert set(found.unreadable) == {Region(256, 512, PIECE_PX, PIECE_PX)}
    whole, kept = cells(slide).table, found.table
    far = (np.abs(whole.y_px - 384) > 128 + 256) | (np.abs(whole.x_px - 640) > 128 + 256)
    assert 20 < far.sum() < len(whole)
    still_there = np.isin(kept.cell_id, whole.cell_id[far])
    assert kept.take(still_there).equals(whole.take(far))
    lost = (kept.y_px > 272) & (kept.y_px < 496) & (kept.x_px > 528) & (kept.x_px < 752)
    assert not lost.any()


def test_damage_costs_the_same_whatever_the_tiles(damaged: Callable[..., Slide]) -> None:
    broken = damaged(Region(300, 560, 20, 20))
    plain = cells(broken, tile_px=4096)
    for tile_px, origin_yx_px in ((256, (0, 0)), (391, (77, 130))):
        other = cells(broken, tile_px=tile_px, origin_yx_px=origin_yx_px)
        assert other.table.equals(plain.table)
        assert set(other.unreadable) == set(plain.unreadable)


def test_the_last_piece_ends_with_the_slide(damaged: Callable[..., Slide]) -> None:
    found = cells(damaged(Region(1020, 1020, 4, 4)))
    assert set(found.unreadable) == {Region(768, 768, 256, 256)}


def test_a_tile_takes_time_and_says_so(slide: ArraySlide) -> None:
    (tile,) = tiles_with_tissue(slide, EVERYWHERE, DOWNSAMPLE, SEGMENTER, tile_px=1024)
    blocks = plan_blocks(slide.pixel_size, DOWNSAMPLE, EVERYWHERE, STAINS)
    found = cells_in_tile(
        tile, slide=slide, stains=STAINS, segmenter=SEGMENTER, blocks=blocks, stained_od=0.08
    )
    assert all(seconds > 0 for seconds in found.seconds)
    assert found.n_px == tile.read.height_px * tile.read.width_px
