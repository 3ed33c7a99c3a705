"""Fields of view come in many encodings; each gives what a viewer shows, or a clear refusal."""

import errno
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from her2path.arrays import Rgb8
from her2path.errors import PixelSizeError, ReadError, SlideError, StorageError
from her2path.image.geometry import Region
from her2path.slides import image
from her2path.slides.image import ImageSlide

MPP_UM = (0.25, 0.25)


@pytest.fixture
def rgb() -> Rgb8:
    return np.random.default_rng(1).integers(0, 255, (40, 30, 3)).astype(np.uint8)


def whole(path: Path) -> Rgb8:
    return ImageSlide(path, mpp_um=MPP_UM).read(Region(0, 0, 40, 30))


def test_png_needs_a_pixel_size(tmp_path: Path, rgb: Rgb8) -> None:
    path = tmp_path / "field.png"
    Image.fromarray(rgb).save(path, dpi=(72, 72))
    with pytest.raises(PixelSizeError, match="does not say its pixel size"):
        ImageSlide(path)
    np.testing.assert_array_equal(whole(path), rgb)


def test_transparent_png_is_laid_on_white(tmp_path: Path, rgb: Rgb8) -> None:
    path = tmp_path / "field.png"
    alpha = np.full((40, 30, 1), 255, np.uint8)
    alpha[:10] = 0
    Image.fromarray(np.concatenate([rgb, alpha], axis=2)).save(path)
    assert (whole(path)[:10] == 255).all()
    np.testing.assert_array_equal(whole(path)[10:], rgb[10:])


def test_grey_becomes_three_channels(tmp_path: Path, rgb: Rgb8) -> None:
    path = tmp_path / "field.png"
    Image.fromarray(rgb[..., 0]).save(path)
    np.testing.assert_array_equal(whole(path), np.repeat(rgb[..., :1], 3, axis=2))


def test_sixteen_bit_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "field.png"
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(path)
    with pytest.raises(SlideError, match="8 bits a channel"):
        ImageSlide(path, mpp_um=MPP_UM)


def test_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "field.jpg"
    Image.new("RGB", (30, 40), (200, 150, 100)).save(path, quality=95)
    assert np.abs(whole(path).astype(int) - (200, 150, 100)).max() <= 2


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_truncated_file_is_a_read_error_or_refused_at_once(tmp_path: Path, rgb: Rgb8, suffix: str) -> None:
    path = tmp_path / f"field{suffix}"
    Image.fromarray(rgb).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SlideError, match="damaged"):
        whole(path)


def test_a_png_that_claims_to_be_huge_is_refused_undecoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")))
    with pytest.raises(SlideError, match="too large"):
        ImageSlide(path, mpp_um=MPP_UM)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_plain_tiff(tmp_path: Path, rgb: Rgb8, planar: str) -> None:
    path = tmp_path / "field.tif"
    pixels = rgb if planar == "contig" else np.moveaxis(rgb, -1, 0)
    tifffile.imwrite(
        path,
        pixels,
        photometric="rgb",
        planarconfig=planar,
        resolution=(40_000, 20_000),
        resolutionunit="CENTIMETER",
        metadata=None,
    )
    slide = ImageSlide(path)
    assert (slide.pixel_size.y_um, slide.pixel_size.x_um) == pytest.approx((0.5, 0.25))
    assert slide.pixel_size_source == "TIFF tags"
    np.testing.assert_array_equal(slide.read(Region(0, 0, 40, 30)), rgb)


def test_ome_tiff(tmp_path: Path, rgb: Rgb8) -> None:
    path = tmp_path / "field.ome.tif"
    tifffile.imwrite(
        path,
        rgb,
        photometric="rgb",
        metadata={"axes": "YXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5},
        resolution=(72, 72),
        resolutionunit="INCH",
    )
    slide = ImageSlide(path)
    assert (slide.pixel_size.y_um, slide.pixel_size.x_um) == (0.5, 0.25)
    assert slide.pixel_size_source == "OME metadata"
    np.testing.assert_array_equal(slide.read(Region(0, 0, 40, 30)), rgb)


def test_fluorescence_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "field.ome.tif"
    tifffile.imwrite(path, np.zeros((5, 16, 16), np.uint16), metadata={"axes": "CYX"})
    with pytest.raises(SlideError, match="not a brightfield image"):
        ImageSlide(path, mpp_um=MPP_UM)


def test_decoded_once_and_forgotten_on_close(tmp_path: Path, rgb: Rgb8) -> None:
    path = tmp_path / "field.png"
    Image.fromarray(rgb).save(path)
    slide = ImageSlide(path, mpp_um=MPP_UM)
    region = Region(0, 0, 40, 30)
    slide.read(region)
    path.rename(tmp_path / "elsewhere.png")
    np.testing.assert_array_equal(slide.read(region), rgb)
    slide.close()
    with pytest.raises(ReadError):
        slide.read(region)


def test_a_drive_that_is_away_for_a_moment_is_no_damage(
    tmp_path: Path, rgb: Rgb8, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, region = tmp_path / "field.png", Region(0, 0, 40, 30)
    Image.fromarray(rgb).save(path)
    slide = ImageSlide(path, mpp_um=MPP_UM)

    def fail(path: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(image, "_open_picture", fail)
        with pytest.raises(StorageError, match="check the drive"):
            slide.read(region)
    np.testing.assert_array_equal(slide.read(region), rgb)


def test_a_tiff_that_ends_before_its_last_image_is_refused(tmp_path: Path, rgb: Rgb8) -> None:
    path = tmp_path / "cut.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(rgb, photometric="rgb", compression="png", tile=(256, 256), metadata=None)
        file.write(rgb[::2, ::2], photometric="rgb", compression="png", tile=(256, 256), metadata=None)
    assert ImageSlide(path, mpp_um=(0.25, 0.25)).levels[0].height_px == len(rgb)
    with tifffile.TiffFile(path) as file:
        end_of_first = file.pages[1].offset
    path.write_bytes(path.read_bytes()[:end_of_first])
    with pytest.raises(SlideError, match=r"ends before its last image.*copy or download it again"):
        ImageSlide(path, mpp_um=(0.25, 0.25))
