"""The index names the tiles that can be decoded as they lie, and no others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from her2path.arrays import Rgb8
from her2path.errors import SlideError
from her2path.slides.tile_index import jpeg_tile_indexes

Write = Callable[..., Path]


def test_every_level_with_where_its_tiles_are(tmp_path: Path, write_tiles: Write, textured: Rgb8) -> None:
    path = write_tiles(tmp_path / "slide.tif", textured, tile=(128, 256), steps=(1, 4), missing={(0, 2)})
    full, coarse = jpeg_tile_indexes(path)
    assert (full.height_px, full.width_px, full.tile_height_px, full.tile_width_px) == (700, 900, 128, 256)
    assert full.offsets.shape == full.sizes.shape == (6, 4)
    assert np.argwhere(full.sizes == 0).tolist() == [[0, 2]]
    assert coarse.sizes.shape == (2, 1)
    content = path.read_bytes()
    for index in (full, coarse):
        for offset, size in zip(index.offsets.flat, index.sizes.flat, strict=True):
            if size:
                assert content[offset : offset + 2] == b"\xff\xd8"
                assert content[offset + size - 2 : offset + size] == b"\xff\xd9"


@pytest.mark.parametrize("colours", ["RGB", "YCBCR"])
def test_colours_and_tables_are_what_the_tiff_says(
    tmp_path: Path, write_tiles: Write, textured: Rgb8, colours: str
) -> None:
    (bare,) = jpeg_tile_indexes(write_tiles(tmp_path / "bare.tif", textured, colours=colours))
    (shared,) = jpeg_tile_indexes(
        write_tiles(tmp_path / "shared.tif", textured, colours=colours, shared_tables=True)
    )
    assert bare.colours == shared.colours == colours
    assert bare.tables is None
    assert shared.tables is not None
    assert shared.sizes.max() < bare.sizes.max()


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "deflate", "photometric": "rgb", "tile": (256, 256)},
        {"compression": "jpeg", "photometric": "rgb", "rowsperstrip": 64},
        {"compression": "jpeg", "photometric": "rgb", "tile": (256, 256), "planarconfig": "separate"},
    ],
    ids=["no JPEG", "no tiles", "a plane for each colour"],
)
def test_other_tiles_are_none_of_ours(tmp_path: Path, textured: Rgb8, options: dict[str, Any]) -> None:
    path = tmp_path / "slide.tif"
    pixels = np.moveaxis(textured, -1, 0) if "planarconfig" in options else textured
    tifffile.imwrite(path, pixels, metadata=None, **options)
    assert jpeg_tile_indexes(path) == ()


def test_grey_is_none_of_ours(tmp_path: Path, textured: Rgb8) -> None:
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, textured[..., 0], tile=(256, 256), compression="jpeg", metadata=None)
    assert jpeg_tile_indexes(path) == ()


def test_two_images_of_one_size_are_left_alone(tmp_path: Path, textured: Rgb8) -> None:
    path = tmp_path / "slide.tif"
    with tifffile.TiffWriter(path) as file:
        for rgb in (textured, textured[::-1], textured[:512]):
            file.write(rgb, tile=(256, 256), photometric="rgb", compression="jpeg", metadata=None)
    (index,) = jpeg_tile_indexes(path)
    assert index.height_px == 512


def test_tiles_beyond_the_end_of_the_file(tmp_path: Path, write_tiles: Write, textured: Rgb8) -> None:
    path = write_tiles(tmp_path / "slide.tif", textured)
    with tifffile.TiffFile(path, mode="r+") as file:
        tag = file.pages.first.tags["TileOffsets"]
        tag.overwrite((*tag.value[:-1], 2**31))
    assert jpeg_tile_indexes(path) == ()


def test_no_tiff(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    path.write_bytes(b"II*\0")
    with pytest.raises(SlideError, match=r"slide\.tif: the index of its tiles cannot be read"):
        jpeg_tile_indexes(path)
