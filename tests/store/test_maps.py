"""The picture must lie on the slide: a map shifted by a hexagon sends the reader to the wrong field."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tifffile

from her2path.arrays import Floats
from her2path.scoring.heterogeneity import HeterogeneityIndices, HeterogeneityMap
from her2path.scoring.hexagons import hex_bins, hex_centres
from her2path.store.maps import picture_channels, write_map_picture, write_map_table

BIN_UM = 250.0
MPP_UM = (0.25, 0.5)
SHAPE_PX = (9000, 20_011)


@pytest.fixture
def heterogeneity() -> HeterogeneityMap:
    corner_um = SHAPE_PX[0] * MPP_UM[0], SHAPE_PX[1] * MPP_UM[1]
    rng = np.random.default_rng(0)
    bins = np.unique(hex_bins(rng.uniform(0, corner_um[0], 60), rng.uniform(0, corner_um[1], 60), BIN_UM))
    n = len(bins)

    def some(*shape: int) -> Floats:
        return rng.random((n, *shape)).astype(np.float32)

    h_score = 300 * some()
    h_score[3] = np.nan
    y_um, x_um = hex_centres(bins, BIN_UM)
    return HeterogeneityMap(
        bin_um=BIN_UM,
        bin=bins,
        y_um=y_um.astype(np.float32),
        x_um=x_um.astype(np.float32),
        n_cells=np.arange(1, n + 1, dtype=np.int32),
        fractions=some(9),
        h_score=h_score,
        membrane_od=some(),
        gi_z=some(),
        gi_q=some(),
        hot=np.arange(n) % 2 == 0,
        indices=HeterogeneityIndices(None, None, None, None, None, None, None),
    )


def test_the_table_holds_the_map_with_units(tmp_path: Path, heterogeneity: HeterogeneityMap) -> None:
    path = tmp_path / "heterogeneity.parquet"
    write_map_table(heterogeneity, path)
    table = pq.read_table(path)
    assert table["bin"].to_pylist() == heterogeneity.bin.tolist()
    assert table["fraction_SC"].to_pylist() == heterogeneity.fractions[:, 8].tolist()
    assert table["h_score"].null_count == 1
    assert (table.schema.field("y_um").metadata or {})[b"unit"] == "µm".encode()
    assert (table.schema.metadata or {})[b"bin_um"] == b"250.0"


def test_every_pixel_shows_the_hexagon_it_lies_in(tmp_path: Path, heterogeneity: HeterogeneityMap) -> None:
    path = tmp_path / "heterogeneity.ome.tif"
    write_map_picture(heterogeneity, path, shape_px=SHAPE_PX, mpp_yx_um=MPP_UM)
    picture = tifffile.imread(path)
    step = round(16 / np.sqrt(MPP_UM[0] * MPP_UM[1]))
    assert picture.shape == (5, -(-SHAPE_PX[0] // step), -(-SHAPE_PX[1] // step))
    y, x = np.mgrid[: picture.shape[1], : picture.shape[2]]
    bins = hex_bins(
        ((y + 0.5) * step * MPP_UM[0]).ravel(), ((x + 0.5) * step * MPP_UM[1]).ravel(), BIN_UM
    ).reshape(y.shape)
    for channel, values in zip(picture, picture_channels(heterogeneity).values(), strict=True):
        lookup = dict(zip(heterogeneity.bin.tolist(), values.tolist(), strict=True))
        expected = np.array([lookup.get(number, np.nan) for number in bins.ravel().tolist()], np.float32)
        np.testing.assert_array_equal(channel, expected.reshape(y.shape))


def test_viewers_find_size_names_and_pyramid(tmp_path: Path, heterogeneity: HeterogeneityMap) -> None:
    path = tmp_path / "heterogeneity.ome.tif"
    write_map_picture(heterogeneity, path, shape_px=SHAPE_PX, mpp_yx_um=MPP_UM)
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        header = tifffile.xml2dict(file.ome_metadata or "")["OME"]["Image"]["Pixels"]
        (series,) = file.series
        shapes = [level.shape for level in series.levels]
        assert series.dtype == np.float32
        assert series.keyframe.is_tiled
    assert header["PhysicalSizeY"] == pytest.approx(45 * 0.25)
    assert header["PhysicalSizeX"] == pytest.approx(45 * 0.5)
    assert [channel["Name"] for channel in header["Channel"]] == list(picture_channels(heterogeneity))
    assert len(shapes) > 1
    assert max(shapes[-1]) <= 256
    for finer, coarser in pairwise(shapes):
        assert coarser[1:] == (-(-finer[1] // 2), -(-finer[2] // 2))


def test_hexagons_with_too_few_cells_are_unknown_in_every_share(heterogeneity: HeterogeneityMap) -> None:
    assert np.isnan(picture_channels(heterogeneity)["Complete intense fraction"]).sum() == 1
