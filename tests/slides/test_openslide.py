"""One bad tile must not cost the slide, and no handle may outlive its slide or its thread."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile

from her2path.errors import PixelSizeError, ReadError, SlideError, StorageError
from her2path.image.geometry import Region
from her2path.slides import storage
from her2path.slides.openslide import OpenSlideSlide

TILE = 256


def write_tiled(path: Path, **tags: Any) -> Path:
    rgb = np.random.default_rng(0).integers(0, 255, (2 * TILE, 2 * TILE, 3), np.uint8)
    tifffile.imwrite(
        path, rgb, tile=(TILE, TILE), photometric="rgb", compression="jpeg", **{"metadata": None, **tags}
    )
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_tiled(tmp_path / "slide.tif", resolution=(40_000, 20_000), resolutionunit="CENTIMETER")


@pytest.fixture
def damaged(path: Path) -> Path:
    """The second tile of the first row is overwritten."""
    with tifffile.TiffFile(path) as file:
        offset, size = file.pages[0].dataoffsets[1], file.pages[0].databytecounts[1]
    with path.open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\0" * size)
    return path


def test_tiff_tags_give_both_axes(path: Path) -> None:
    slide = OpenSlideSlide(path)
    assert (slide.pixel_size.x_um, slide.pixel_size.y_um) == pytest.approx((0.25, 0.5))
    assert slide.pixel_size_source == "TIFF tags"
    assert slide.objective is None


def test_ome_header_wins_over_a_printers_resolution(tmp_path: Path) -> None:
    path = write_tiled(
        tmp_path / "slide.ome.tif",
        resolution=(72, 72),
        resolutionunit="INCH",
        metadata={"axes": "YXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.26},
    )
    slide = OpenSlideSlide(path)
    assert (slide.pixel_size.y_um, slide.pixel_size.x_um) == (0.26, 0.25)
    assert slide.pixel_size_source == "OME metadata"


def test_no_pixel_size(tmp_path: Path) -> None:
    with pytest.raises(PixelSizeError, match="--mpp"):
        OpenSlideSlide(write_tiled(tmp_path / "slide.tif"))


def test_not_a_slide(tmp_path: Path) -> None:
    other = tmp_path / "other.svs"
    other.write_bytes(b"other")
    with pytest.raises(SlideError, match="OpenSlide cannot open it"):
        OpenSlideSlide(other)


def test_a_bad_tile_raises_and_the_slide_stays_usable(damaged: Path) -> None:
    slide = OpenSlideSlide(damaged)
    good, bad = Region(0, 0, TILE, TILE), Region(0, TILE, TILE, TILE)
    before = slide.read(good)
    for _ in range(2):
        with pytest.raises(ReadError, match=r"256 × 256 px at y 0, x 256 \(level 0\) cannot be read"):
            slide.read(bad)
        np.testing.assert_array_equal(slide.read(good), before)


def test_handles_close_with_their_thread_and_their_slide(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = 0
    alive = 0

    class Counted(openslide.OpenSlide):
        def __init__(self, filename: Path) -> None:
            nonlocal opened, alive
            super().__init__(filename)
            opened, alive = opened + 1, alive + 1

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    monkeypatch.setattr(openslide, "OpenSlide", Counted)
    slide = OpenSlideSlide(path)
    region = Region(0, 0, 8, 8)
    slide.read(region)
    slide.read(region)
    assert (opened, alive) == (1, 1)
    thread = threading.Thread(target=slide.read, args=(region,))
    thread.start()
    thread.join()
    assert (opened, alive) == (2, 1)
    slide.close()
    assert alive == 0
    slide.read(region)
    assert (opened, alive) == (3, 1)
    del slide
    assert alive == 0


def test_a_file_that_goes_away_is_a_read_error(path: Path) -> None:
    slide = OpenSlideSlide(path)
    slide.close()
    path.rename(path.with_name("elsewhere.tif"))
    with pytest.raises(ReadError):
        slide.read(Region(0, 0, 8, 8))


def test_a_drive_that_goes_away_is_told_from_damage(damaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after some damage; and much damage does not have the drive asked again and again."""
    slide, bad = OpenSlideSlide(damaged), Region(0, TILE, TILE, TILE)
    asked: list[Path] = []
    monkeypatch.setattr(storage, "trouble_that_may_pass", asked.append)
    for _ in range(100):
        with pytest.raises(ReadError):
            slide.read(bad)
    assert asked == [damaged] * 7
    monkeypatch.setattr(storage, "trouble_that_may_pass", lambda path: "the drive is away")
    for _ in range(27):
        with pytest.raises(ReadError):
            slide.read(bad)
    with pytest.raises(StorageError, match="the drive is away"):
        slide.read(bad)
