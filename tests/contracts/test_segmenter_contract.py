"""What every segmenter must do alike: own its core, keep its promises on shapes, hold no state."""

import pickle
from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from her2path.cells.maps import CellMaps
from her2path.cells.table import N_RAYS
from her2path.cells.vocabulary import KINDS
from her2path.image.geometry import Region, Tile, scales_for
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.segment.classical import ClassicalSegmenter
from her2path.segment.protocol import Segmenter
from her2path.slides.array import ArraySlide

SEGMENTERS = [ClassicalSegmenter()]
STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "published")
CORE = Region(256, 256, 256, 256)


@pytest.fixture(params=SEGMENTERS, ids=lambda segmenter: segmenter.name)
def segmenter(request: pytest.FixtureRequest) -> Segmenter:
    found: Segmenter = request.param
    return found


@pytest.fixture
def slide(drawn_slide: Callable[[float], ArraySlide]) -> ArraySlide:
    return drawn_slide(0.25)


def run(segmenter: Segmenter, slide: ArraySlide, core: Region = CORE) -> CellMaps:
    stride = scales_for(slide.pixel_size).nucleus
    halo_px = -(-int(np.ceil(segmenter.halo_um / slide.pixel_size.mean_um)) // stride) * stride
    tile = Tile(core=core, read=core.grown(halo_px))
    return segmenter(slide.read(tile.read), tile, slide.pixel_size, STAINS)


def test_every_anchor_lies_in_the_core(segmenter: Segmenter, slide: ArraySlide) -> None:
    maps = run(segmenter, slide)
    assert len(maps.y_px) > 5
    assert ((maps.y_px >= CORE.y_px) & (maps.y_px < CORE.bottom_px)).all()
    assert ((maps.x_px >= CORE.x_px) & (maps.x_px < CORE.right_px)).all()


def test_columns_have_their_types_and_one_row_a_cell(segmenter: Segmenter, slide: ArraySlide) -> None:
    maps = run(segmenter, slide)
    n = len(maps.y_px)
    assert maps.y_px.dtype == maps.x_px.dtype == np.int32
    assert maps.nucleus_radii_um.shape == maps.cell_radii_um.shape == (n, N_RAYS)
    evidence = maps.evidence
    logits = (evidence.shape_logit, evidence.nucleus_od, evidence.contrast_od, evidence.gap_od)
    for values in (maps.nucleus_radii_um, maps.cell_radii_um, *logits):
        assert len(values) == n
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert evidence.otherwise.dtype == np.int8
    assert set(evidence.otherwise.tolist()) <= set(range(1, len(KINDS)))
    assert (maps.nucleus_radii_um > 0).all()
    assert (maps.cell_radii_um > 0).all()


def test_the_plane_covers_what_was_read(segmenter: Segmenter, slide: ArraySlide) -> None:
    maps = run(segmenter, slide)
    assert maps.dab.dtype == np.uint16
    assert maps.scale == scales_for(slide.pixel_size).membrane
    rows, columns = (maps.y_px - maps.y0_px) // maps.scale, (maps.x_px - maps.x0_px) // maps.scale
    assert rows.min() >= 0
    assert columns.min() >= 0
    assert rows.max() < maps.dab.shape[0]
    assert columns.max() < maps.dab.shape[1]


def test_the_same_pixels_give_the_same_cells_also_after_pickling(
    segmenter: Segmenter, slide: ArraySlide
) -> None:
    first = run(segmenter, slide)
    run(segmenter, slide, Region(0, 0, 256, 256))
    again = run(pickle.loads(pickle.dumps(segmenter)), slide)
    for value, other in ((first, again), (first.evidence, again.evidence)):
        for field in fields(value):
            if field.name != "evidence":
                assert np.array_equal(getattr(value, field.name), getattr(other, field.name))


def test_glass_holds_no_cell(segmenter: Segmenter, slide: ArraySlide) -> None:
    glass = ArraySlide(np.full_like(slide.rgb, 240), slide.pixel_size)
    maps = run(segmenter, glass)
    assert len(maps.y_px) == 0
    assert maps.cell_radii_um.shape == (0, N_RAYS)
