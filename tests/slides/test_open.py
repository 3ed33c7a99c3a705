"""Every file that is no slide ends in one line that a technician can act on, never in a traceback."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from her2path.errors import PixelSizeError, ReadError, SlideError, StorageError
from her2path.image.geometry import Region
from her2path.slides.image import ImageSlide
from her2path.slides.jpeg_tiles import JpegTileSlide
from her2path.slides.open import open_slide
from her2path.slides.openslide import OpenSlideSlide

REALDATA = Path(__file__).parents[3] / "shared" / "realdata"
MPP_UM = (0.25, 0.25)
RGB = np.zeros((512, 512, 3), np.uint8)


def as_folder(path: Path) -> None:
    path.mkdir()


def as_html(path: Path) -> None:
    path.write_text("\n<!DOCTYPE html><html><body>404</body></html>")


def as_empty(path: Path) -> None:
    path.touch()


def as_text(path: Path) -> None:
    path.write_text("slide_id,score\n")


def as_noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(2000))


def as_truncated(path: Path) -> None:
    tifffile.imwrite(path, RGB, tile=(256, 256), photometric="rgb", compression="jpeg")
    path.write_bytes(path.read_bytes()[:100])


def as_nothing(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (as_nothing, "does not exist; check the path"),
        (as_folder, "is a folder; name the slide"),
        (as_html, "is a web page, not a slide: the download failed; download it again"),
        (as_empty, r"is empty \(0 bytes\); copy or download it again"),
        (as_text, "is a text file, not a slide"),
        (as_noise, "is not a slide of a known kind"),
        (as_truncated, "copy or"),
    ],
)
def test_each_unusable_file_says_why_and_what_to_do(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / "slide.svs"
    make(path)
    with pytest.raises(SlideError, match=message) as caught:
        open_slide(path)
    assert "\n" not in str(caught.value)
    assert "slide.svs" in str(caught.value)


def test_tiled_tiff_goes_to_openslide(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, RGB, tile=(256, 256), photometric="rgb")
    slide = open_slide(path, mpp_um=MPP_UM)
    assert isinstance(slide, OpenSlideSlide)
    assert slide.reader == "OpenSlide (slide.tif: level 0 has no JPEG tiles that are plain and all there)"
    with pytest.raises(SlideError, match="no JPEG tiles"):
        open_slide(path, mpp_um=MPP_UM, reader="JPEG tiles")


def test_jpeg_tiles_are_decoded_directly_unless_openslide_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, RGB, tile=(256, 256), photometric="rgb", compression="jpeg")
    assert isinstance(open_slide(path, mpp_um=MPP_UM), JpegTileSlide)
    assert isinstance(open_slide(path, mpp_um=MPP_UM, reader="JPEG tiles"), JpegTileSlide)
    slide = open_slide(path, mpp_um=MPP_UM, reader="OpenSlide")
    assert isinstance(slide, OpenSlideSlide)
    assert slide.reader == "OpenSlide"


def test_tiff_that_openslide_refuses_is_decoded_whole(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, RGB, tile=(256, 256), photometric="rgb", compression="png")
    slide = open_slide(path, mpp_um=MPP_UM)
    assert isinstance(slide, ImageSlide)
    assert not slide.read(Region(0, 0, 512, 512)).any()


def test_png(tmp_path: Path) -> None:
    path = tmp_path / "field.png"
    Image.fromarray(RGB).save(path)
    assert isinstance(open_slide(path, mpp_um=MPP_UM), ImageSlide)


def test_a_missing_pixel_size_is_not_hidden_by_another_reader(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, RGB, tile=(256, 256), photometric="rgb")
    with pytest.raises(PixelSizeError, match="--mpp"):
        open_slide(path)


@pytest.mark.parametrize(
    ("code", "passes"), [(errno.EIO, True), (errno.EHOSTDOWN, True), (errno.EACCES, False)]
)
def test_a_drive_that_is_away_is_told_from_a_file_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, passes: bool
) -> None:
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, RGB, tile=(256, 256), photometric="rgb")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(SlideError, match=os.strerror(code)) as caught:
        open_slide(path, mpp_um=MPP_UM)
    assert isinstance(caught.value, StorageError) == passes


def real(kind: str) -> list[Path]:
    return sorted((REALDATA / kind).glob("*"))


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="needs ../shared/realdata")
@pytest.mark.parametrize("path", real("broken"), ids=lambda path: path.name)
def test_real_broken_files(path: Path) -> None:
    with pytest.raises(SlideError, match=path.name) as caught:
        open_slide(path, mpp_um=MPP_UM).read(Region(0, 0, 16, 16))
    assert "again" in str(caught.value)


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="needs ../shared/realdata")
@pytest.mark.parametrize("path", real("slides"), ids=lambda path: path.name)
def test_real_slides(path: Path) -> None:
    slide = open_slide(path, mpp_um=MPP_UM)
    size = slide.levels[0]
    overview = slide.read(Region(0, 0, size.height_px, size.width_px), len(slide.levels) - 1)
    assert 100 < overview.mean() < 255


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="needs ../shared/realdata")
@pytest.mark.parametrize("name", ["cmu_small_region.svs", "tumor_001aaf.tif", "small.svs"])
def test_real_jpeg_tiles_are_decoded_directly(name: str) -> None:
    path = REALDATA / "slides" / name
    direct = open_slide(path, mpp_um=MPP_UM, reader="JPEG tiles")
    slide = open_slide(path, mpp_um=MPP_UM, reader="OpenSlide")
    size = direct.levels[0]
    region = Region(-10, size.width_px // 2, min(size.height_px, 1500), 1000)
    np.testing.assert_array_equal(direct.read(region), slide.read(region))


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="needs ../shared/realdata")
def test_real_pixel_sizes() -> None:
    slide = open_slide(REALDATA / "slides" / "cmu_small_region.svs")
    assert slide.pixel_size.mean_um == pytest.approx(0.499)
    assert slide.pixel_size_source == "slide property"
    for name in ("tcga-cr-7395-01a-01-ts1.svs", "boxes.tiff", "tumor_001aaf.tif"):
        with pytest.raises(PixelSizeError, match="--mpp"):
            open_slide(REALDATA / "slides" / name)


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="needs ../shared/realdata")
def test_a_real_damaged_tile_is_found_at_reading() -> None:
    slide = open_slide(REALDATA / "broken" / "unreadable.svs")
    with pytest.raises(ReadError):
        slide.read(Region(0, 0, 16, 16))
