"""What every segmenter must do alike: own its core, keep its promises on shapes, hold no state."""

import pickle
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from her2path.cells.maps import CellMaps
from her2path.cells.table import N_RAYS
from her2path.cells.vocabulary import KINDS, TUMOUR
from her2path.image.geometry import Region, Tile, scales_for
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.nets.network import CellNet
from her2path.nets.weights import TrainingFacts, save_network
from her2path.segment.classical import ClassicalSegmenter
from her2path.segment.neural import neural_segmenter
from her2path.segment.protocol import Segmenter
from her2path.slides.array import ArraySlide

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 240.0, 240.0), "published")
CORE = Region(256, 256, 256, 256)


@pytest.fixture(scope="module", params=["classical", "cnn"])
def segmenter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    if request.param == "classical":
        return ClassicalSegmenter()
    return untrained(tmp_path_factory.mktemp("untrained"))


def untrained(folder: Path) -> Segmenter:
    """Random weights that call a nucleus what stands out from glass."""
    torch.manual_seed(3)
    network = CellNet().eval()
    bias = network.dense.bias
    assert bias is not None
    with torch.inference_mode():
        glass = torch.ones(1, 3, 256, 256)
        network.dense.weight *= -200
        bias -= network.maps(network.features(glass))[0, :, 32, 32] + 1
    facts = TrainingFacts(config_digest="", software="test", steps=0)
    save_network(network, folder, name="untrained", version="0", trained_with=facts)
    return neural_segmenter(folder, "cpu")


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
    assert len(maps.evidence) == n
    said = (getattr(maps.evidence, field.name) for field in fields(maps.evidence))
    for values in (maps.nucleus_radii_um, maps.cell_radii_um, *said):
        assert len(values) == n
        assert np.isfinite(values).all()
    for values in (maps.nucleus_radii_um, maps.cell_radii_um, maps.network_od, maps.network_completeness):
        assert len(values) == n
        assert values.dtype == np.float32
    assert np.isnan(maps.network_od).all() == (segmenter.weights is None)
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
    for value, other in (
        (first, again),
        (first.evidence, again.evidence),
        (first.coarse, again.coarse),
    ):
        for field in fields(value):
            if field.name not in ("evidence", "coarse"):
                mine, theirs = getattr(value, field.name), getattr(other, field.name)
                assert np.array_equal(mine, theirs, equal_nan=np.asarray(mine).dtype.kind == "f")


def test_it_settles_what_it_said(segmenter: Segmenter, slide: ArraySlide) -> None:
    maps = run(segmenter, slide)
    at_um = np.stack([maps.y_px, maps.x_px], axis=1).astype(np.float64) * slide.pixel_size.mean_um
    kind, probability = segmenter.settle(at_um, maps.evidence)
    assert kind.dtype == np.int8
    assert set(kind.tolist()) <= set(range(len(KINDS)))
    assert probability.dtype == np.float32
    assert ((probability >= 0) & (probability <= 1)).all()
    assert (probability[kind == TUMOUR] >= 0.5).all()


def test_glass_holds_no_cell(segmenter: Segmenter, slide: ArraySlide) -> None:
    glass = ArraySlide(np.full_like(slide.rgb, 240), slide.pixel_size)
    maps = run(segmenter, glass)
    assert len(maps.y_px) == 0
    assert maps.cell_radii_um.shape == (0, N_RAYS)
