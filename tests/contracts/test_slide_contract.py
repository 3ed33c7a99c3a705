"""What every reader must do alike; without it a score could depend on the reader that was chosen."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from her2path.arrays import Rgb8
from her2path.image.geometry import PixelSize, Region
from her2path.slides.array import ArraySlide
from her2path.slides.image import ImageSlide
from her2path.slides.jpeg_tiles import JpegTileSlide
from her2path.slides.openslide import OpenSlideSlide
from her2path.slides.protocol import Slide

HEIGHT, WIDTH = 1536, 1280
MPP_UM = (0.25, 0.5)


@pytest.fixture(scope="module")
def rgb() -> Rgb8:
    """Colour that differs along y and x, so that a shift, swap or turn shows.

    It changes every 8 px only: such blocks come out of a JPEG of the best quality as they went in.
    """
    y, x = np.mgrid[:HEIGHT, :WIDTH] // 8 * 8
    planes = (np.sin(y / 90) * 60 + 128, np.sin(x / 70) * 60 + 128, (y / HEIGHT + x / WIDTH) * 100)
    return np.stack(planes, axis=-1).astype(np.uint8)


def in_memory(rgb: Rgb8, folder: Path) -> Slide:
    return ArraySlide(rgb, PixelSize(*MPP_UM))


def png(rgb: Rgb8, folder: Path) -> Slide:
    Image.fromarray(rgb).save(folder / "field.png")
    return ImageSlide(folder / "field.png", mpp_um=MPP_UM)


def plain_tiff(rgb: Rgb8, folder: Path) -> Slide:
    tifffile.imwrite(folder / "plain.tif", rgb)
    return ImageSlide(folder / "plain.tif", mpp_um=MPP_UM)


def tiled_pyramid(rgb: Rgb8, folder: Path) -> Slide:
    write_pyramid(folder / "pyramid.tif", rgb, compression="deflate")
    return OpenSlideSlide(folder / "pyramid.tif", mpp_um=MPP_UM)


def jpeg_tiles(rgb: Rgb8, folder: Path) -> Slide:
    coding = {"compression": "jpeg", "compressionargs": {"level": 100, "outcolorspace": "RGB"}}
    write_pyramid(folder / "jpeg.tif", rgb, **coding)
    return JpegTileSlide(OpenSlideSlide(folder / "jpeg.tif", mpp_um=MPP_UM))


def write_pyramid(path: Path, rgb: Rgb8, **coding: Any) -> None:
    with tifffile.TiffWriter(path) as file:
        for step in (1, 4):
            blocks = rgb.reshape(HEIGHT // step, step, WIDTH // step, step, 3).mean(axis=(1, 3))
            file.write(
                np.rint(blocks).astype(np.uint8),
                tile=(256, 256),
                photometric="rgb",
                subfiletype=int(step > 1),
                metadata=None,
                **coding,
            )


@pytest.fixture(scope="module", params=[in_memory, png, plain_tiff, tiled_pyramid, jpeg_tiles])
def slide(request: pytest.FixtureRequest, rgb: Rgb8, tmp_path_factory: pytest.TempPathFactory) -> Slide:
    make: Callable[[Rgb8, Path], Slide] = request.param
    return make(rgb, tmp_path_factory.mktemp("slide"))


def test_size_is_known_before_reading(slide: Slide) -> None:
    assert (slide.levels[0].height_px, slide.levels[0].width_px, slide.levels[0].downsample) == (
        HEIGHT,
        WIDTH,
        1,
    )
    assert slide.pixel_size == PixelSize(*MPP_UM)
    assert slide.pixel_size_source == "given"


def test_levels_get_coarser_and_cover_the_slide(slide: Slide) -> None:
    assert len(slide.levels) > 1
    for finer, coarser in zip(slide.levels, slide.levels[1:], strict=False):
        assert finer.downsample < coarser.downsample
        assert coarser.height_px * coarser.downsample == pytest.approx(HEIGHT, abs=coarser.downsample)
        assert coarser.width_px * coarser.downsample == pytest.approx(WIDTH, abs=coarser.downsample)


@pytest.mark.parametrize("box", [(0, 0, 64, 48), (300, 700, 129, 255), (HEIGHT - 5, WIDTH - 7, 5, 7)])
def test_level_0_is_the_pixels(slide: Slide, rgb: Rgb8, box: tuple[int, int, int, int]) -> None:
    y, x, height, width = box
    np.testing.assert_array_equal(slide.read(Region(*box)), rgb[y : y + height, x : x + width])


@pytest.mark.parametrize("box", [(-10, -20, 40, 50), (HEIGHT - 30, WIDTH - 25, 60, 70)])
def test_outside_is_white(slide: Slide, rgb: Rgb8, box: tuple[int, int, int, int]) -> None:
    margin = 128
    padded = np.pad(rgb, ((margin, margin), (margin, margin), (0, 0)), constant_values=255)
    y, x, height, width = box
    expected = padded[y + margin : y + margin + height, x + margin : x + margin + width]
    np.testing.assert_array_equal(slide.read(Region(*box)), expected)


@pytest.mark.parametrize("level", [0, 1])
def test_far_outside_is_white_at_every_level(slide: Slide, level: int) -> None:
    far = slide.read(Region(-5000, 9 * WIDTH, 400, 200), level)
    assert far.shape == (
        round(400 / slide.levels[level].downsample),
        round(200 / slide.levels[level].downsample),
        3,
    )
    assert (far == 255).all()


def test_a_coarse_level_is_the_average_at_the_same_place(slide: Slide) -> None:
    step = round(slide.levels[1].downsample)
    region = Region(64 * step, 32 * step, 128 * step, 100 * step)
    fine = slide.read(region).reshape(128, step, 100, step, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(slide.read(region, 1), fine, atol=1)


def test_after_a_rest_it_reads_the_same(slide: Slide, rgb: Rgb8) -> None:
    region = Region(200, 500, 400, 300)
    slide.read(region)
    slide.relax()
    np.testing.assert_array_equal(slide.read(region), rgb[200:600, 500:800])


def test_an_empty_region_is_empty(slide: Slide) -> None:
    assert slide.read(Region(0, 0, 0, 10)).shape == (0, 10, 3)


def test_pickled_slide_reads_the_same(slide: Slide) -> None:
    copy: Slide = pickle.loads(pickle.dumps(slide))
    region = Region(100, 50, 200, 300)
    assert copy.levels == slide.levels
    assert copy.pixel_size == slide.pixel_size
    np.testing.assert_array_equal(copy.read(region), slide.read(region))


def test_threads_read_what_one_thread_reads(slide: Slide) -> None:
    regions = [Region(y, x, 200, 170) for y in range(-50, HEIGHT, 190) for x in range(-50, WIDTH, 160)]
    alone = [slide.read(region) for region in regions]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(slide.read, regions))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_what_is_read_may_be_written_to(slide: Slide) -> None:
    region = Region(10, 10, 4, 4)
    first = slide.read(region)
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(slide.read(region), kept)
