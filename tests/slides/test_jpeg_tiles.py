"""The fast reader gives OpenSlide's pixels, bit for bit, and refuses what OpenSlide refuses."""

import errno
import os
import pickle
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from imagecodecs import jpeg8_decode
from PIL import Image

from her2path.arrays import Rgb8
from her2path.errors import ReadError, SlideError, StorageError
from her2path.image.geometry import Region
from her2path.pipeline import slide as pipeline_slide
from her2path.pipeline.slide import SlideRequest, score_slide
from her2path.runners.threads import ThreadRunner
from her2path.segment.classical import ClassicalSegmenter
from her2path.slides import jpeg_tiles
from her2path.slides.jpeg_tiles import JpegTileSlide
from her2path.slides.open import open_slide
from her2path.slides.openslide import OpenSlideSlide
from her2path.slides.protocol import Slide
from her2path.store.recipes import load_recipe

MPP_UM = (0.25, 0.25)
Write = Callable[..., Path]

APERIO = "Aperio Image Library x\n900x700 [0,0 900x700] (256x256) JPEG/RGB Q=80|AppMag = 40|MPP = 0.25"

PHILIPS = """<?xml version="1.0" encoding="UTF-8" ?>
<DataObject ObjectType="DPUfsImport"><Attribute Name="PIM_DP_SCANNED_IMAGES"><Array>
<DataObject ObjectType="DPScannedImage"><Attribute Name="PIM_DP_IMAGE_TYPE">WSI</Attribute>
<Attribute Name="DICOM_PIXEL_SPACING">"0.00025" "0.00025"</Attribute>
<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE"><Array>
<DataObject ObjectType="PixelDataRepresentation">
<Attribute Name="DICOM_PIXEL_SPACING">"0.00025" "0.00025"</Attribute></DataObject></Array></Attribute>
</DataObject></Array></Attribute></DataObject>"""

EDGES = (
    Region(0, 0, 700, 900),
    Region(130, 250, 300, 270),
    Region(-40, -30, 100, 90),
    Region(600, 850, 200, 200),
    Region(255, 511, 2, 2),
    Region(690, -10, 5, 920),
    Region(2000, 2000, 30, 20),
    Region(-50, 10, 50, 20),
)


def both(path: Path) -> tuple[JpegTileSlide, OpenSlideSlide]:
    slide = OpenSlideSlide(path, mpp_um=MPP_UM)
    return JpegTileSlide(slide), slide


def assert_same(path: Path, *, level: int = 0) -> None:
    direct, slide = both(path)
    for region in EDGES:
        np.testing.assert_array_equal(direct.read(region, level), slide.read(region, level), str(region))


@pytest.mark.parametrize("colours", ["YCBCR", "RGB"])
@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2), (4, 1)])
@pytest.mark.parametrize("shared_tables", [False, True])
def test_every_coding(
    tmp_path: Path,
    write_tiles: Write,
    textured: Rgb8,
    colours: str,
    subsampling: tuple[int, int],
    shared_tables: bool,
) -> None:
    path = tmp_path / "slide.tif"
    write_tiles(path, textured, colours=colours, subsampling=subsampling, shared_tables=shared_tables)
    assert_same(path)


@pytest.mark.parametrize("tile", [(240, 240), (512, 512), (1024, 1024), (128, 512), (256, 16)])
def test_every_tile_size(tmp_path: Path, write_tiles: Write, textured: Rgb8, tile: tuple[int, int]) -> None:
    assert_same(write_tiles(tmp_path / "slide.tif", textured, tile=tile))


@pytest.mark.parametrize(
    "options",
    [
        {"bigtiff": True},
        {"description": APERIO},
        {
            "description": APERIO,
            "colours": "RGB",
            "shared_tables": True,
            "markers": False,
            "tile": (240, 240),
        },
        {"markers": False},
        {"colours": "RGB", "markers": False},
        {"description": PHILIPS, "software": "Philips DP v1.0", "tile": (512, 512)},
        {
            "description": '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"></OME>'
        },
    ],
    ids=["BigTIFF", "Aperio", "Aperio RGB", "no markers", "RGB, no markers", "Philips", "OME"],
)
def test_every_format(tmp_path: Path, write_tiles: Write, textured: Rgb8, options: dict[str, Any]) -> None:
    assert_same(write_tiles(tmp_path / "slide.tif", textured, **options))


@pytest.fixture(scope="module")
def pyramid(tmp_path_factory: pytest.TempPathFactory, write_tiles: Write, textured: Rgb8) -> Path:
    return write_tiles(tmp_path_factory.mktemp("pyramid") / "slide.tif", textured, steps=(1, 4, 20))


@pytest.fixture(scope="module")
def readers(pyramid: Path) -> tuple[JpegTileSlide, OpenSlideSlide]:
    return both(pyramid)


@settings(max_examples=50, deadline=None)
@given(
    st.tuples(st.integers(-100, 800), st.integers(-100, 1000), *[st.integers(0, 500)] * 2), st.integers(0, 2)
)
def test_any_region(
    readers: tuple[JpegTileSlide, OpenSlideSlide], box: tuple[int, int, int, int], level: int
) -> None:
    direct, slide = readers
    region = Region(*box)
    np.testing.assert_array_equal(direct.read(region, level), slide.read(region, level))


def test_openslide_reads_what_lies_between_the_pixels_of_a_level(
    pyramid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct, _ = both(pyramid)
    asked = []

    def noted(self: OpenSlideSlide, region: Region, level: int = 0) -> Rgb8:
        asked.append((region, level))
        return np.zeros((1, 1, 3), np.uint8)

    monkeypatch.setattr(OpenSlideSlide, "read", noted)
    for level, step in enumerate((1, 4, 20)):
        direct.read(Region(3 * step, 7 * step, 10 * step, 10 * step), level)
    assert not asked
    between = Region(3, 4, 40, 40)
    direct.read(between, 1)
    assert asked == [(between, 1)]


@pytest.mark.parametrize("description", [None, APERIO])
def test_tiles_that_were_left_out(
    tmp_path: Path, write_tiles: Write, textured: Rgb8, description: str | None
) -> None:
    path = tmp_path / "slide.tif"
    write_tiles(path, textured, description=description, steps=(1, 4), missing={(0, 5), (1, 0)})
    direct, slide = both(path)
    assert (direct.read(Region(256, 256, 256, 256)) == 255).all()
    for level in (0, 1):
        for region in (Region(0, 0, 700, 900), Region(200, 200, 400, 400)):
            np.testing.assert_array_equal(direct.read(region, level), slide.read(region, level))


def overwrite(path: Path, number: int, change: Callable[[bytes], bytes]) -> None:
    """Change the bytes of one tile of level 0, keeping their number."""
    with tifffile.TiffFile(path) as file:
        offset, size = file.pages[0].dataoffsets[number], file.pages[0].databytecounts[number]
    with path.open("r+b") as stream:
        stream.seek(offset)
        changed = change(stream.read(size))
        assert len(changed) == size
        stream.seek(offset)
        stream.write(changed)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing but zeros": lambda data: bytes(len(data)),
    "zeros from the middle on": lambda data: data[: len(data) // 2] + bytes(len(data) - len(data) // 2),
    "a sector of zeros": lambda data: data[:3000] + bytes(2048) + data[5048:],
    "ends early": lambda data: (
        data[: len(data) // 2] + b"\xff\xd9" + data[len(data) // 2 + 2 : -2] + b"\xff\xd9"
    ),
    "another size": lambda data: data.replace(bytes((8, 1, 0, 1, 0, 3)), bytes((8, 0, 240, 1, 0, 3))),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_tile_is_an_error_and_costs_no_other(
    tmp_path: Path, write_tiles: Write, textured: Rgb8, name: str
) -> None:
    path = write_tiles(tmp_path / "slide.tif", textured)
    direct, slide = both(path)
    good, bad = Region(0, 0, 256, 256), Region(0, 256, 256, 256)
    before = direct.read(good)
    overwrite(path, 1, DAMAGE[name])
    for reader in (direct, slide):
        reader.close()
        for region in (bad, Region(100, 200, 200, 100)):
            with pytest.raises(ReadError, match=r"slide.tif: .* cannot be read .*: copy or scan it again"):
                reader.read(region)
        np.testing.assert_array_equal(reader.read(good), before)


def test_damage_between_restart_markers_is_an_error_too(tmp_path: Path, textured: Rgb8) -> None:
    """The decoder finds its feet at the next marker, and only the rest of that row of blocks is grey."""
    path, part = tmp_path / "slide.tif", textured[:256, :256]
    Image.fromarray(part).save(tmp_path / "tile.jpg", quality=90, restart_marker_rows=1)
    whole = (tmp_path / "tile.jpg").read_bytes()
    third = whole.index(b"\xff\xd2")
    tiles = [whole, whole[: third - 600] + whole[third:]]
    tifffile.imwrite(
        path, iter(tiles), shape=(256, 512, 3), dtype=np.uint8, tile=(256, 256), photometric="rgb",
        compression="jpeg", metadata=None,
    )  # fmt: skip
    direct, slide = both(path)
    for reader in (direct, slide):
        assert reader.read(Region(0, 0, 256, 256)).std() > 10
        with pytest.raises(ReadError):
            reader.read(Region(0, 256, 256, 256))


def test_grey_that_is_no_damage(tmp_path: Path, write_tiles: Write, textured: Rgb8) -> None:
    rgb = textured.copy()
    rgb[300:400, 300:400] = 128
    path = write_tiles(tmp_path / "slide.tif", rgb)
    assert_same(path)


@pytest.fixture(scope="module")
def to_damage(tmp_path_factory: pytest.TempPathFactory, write_tiles: Write, textured: Rgb8) -> Path:
    return write_tiles(tmp_path_factory.mktemp("damage") / "slide.tif", textured[:256, :512])


def put(old: bytes, *, at: int, new: bytes) -> bytes:
    return (old[:at] + new + old[at + len(new) :])[: len(old)]


def test_lost_sectors(to_damage: Path) -> None:
    """What a failing disk leaves, at many places: never taken for pixels where OpenSlide refuses them."""
    direct, slide = both(to_damage)
    kept = to_damage.read_bytes()

    def pixels(reader: Slide) -> Rgb8 | None:
        try:
            return reader.read(Region(0, 256, 256, 256))
        except ReadError:
            return None

    refused, missed = 0, 0
    for at in range(700, 12_000, 256):
        lost = 512 * (b"\0" if at % 512 else b"\xff")
        overwrite(to_damage, 1, partial(put, at=at, new=lost))
        direct.close()  # and what OpenSlide keeps of the tile as it was
        theirs, ours = pixels(slide), pixels(direct)
        to_damage.write_bytes(kept)
        refused += theirs is None
        missed += theirs is None and ours is not None
        if theirs is not None:
            np.testing.assert_array_equal(ours, theirs)
    assert refused > 30
    assert missed == 0


def ran_out(tile: Rgb8) -> bool:
    """The plain form: whether the inner 4 × 4 pixels of a block of 8 × 8 are all 128."""
    rows, columns = tile.shape[0] // 8, tile.shape[1] // 8
    blocks = tile[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8, 3)
    return bool((blocks[:, 2:6, :, 2:6] == 128).all(axis=(1, 3, 4)).any())


@given(st.sampled_from([(16, 16), (64, 48), (240, 240), (20, 28)]), st.integers(0, 2**32 - 1))
def test_grey_blocks_are_those_of_the_plain_form(shape: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    tile = rng.integers(128, 129 + rng.integers(2), (*shape, 3), np.uint8)
    top, left = (8 * int(rng.integers(edge // 8)) for edge in shape)
    tile[top + 2 : top + 6, left + 2 : left + 6] = 128
    assert jpeg_tiles._ran_out(tile) == ran_out(tile) is True
    tile[2::8, 5::8, rng.integers(3)] += 1
    assert jpeg_tiles._ran_out(tile) == ran_out(tile) is False


def test_what_two_boxes_share_is_decoded_once(
    tmp_path: Path, write_tiles: Write, textured: Rgb8, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct, slide = both(write_tiles(tmp_path / "slide.tif", textured, tile=(64, 64)))
    direct.close()
    n_decoded = 0

    def counted(data: bytes, **options: Any) -> None:
        nonlocal n_decoded
        n_decoded += 1
        jpeg8_decode(data, **options)

    monkeypatch.setattr(jpeg_tiles, "jpeg8_decode", counted)
    boxes = [Region(y, x, 256, 256).grown(56) for y in (0, 256, 512) for x in (0, 256, 512, 768)]
    for box in boxes:
        np.testing.assert_array_equal(direct.read(box), slide.read(box))
    assert n_decoded == 11 * 15  # all tiles of the slide
    direct.relax()
    direct.read(boxes[0])
    assert n_decoded == 11 * 15 + 5 * 5


def test_threads_share_tiles(tmp_path: Path, write_tiles: Write, textured: Rgb8) -> None:
    direct, slide = both(write_tiles(tmp_path / "slide.tif", textured, tile=(64, 64)))
    boxes = [Region(y, x, 128, 128).grown(56) for y in range(0, 700, 128) for x in range(0, 900, 128)]
    for box, rgb in zip(boxes, ThreadRunner(4).map(direct.read, boxes), strict=True):
        np.testing.assert_array_equal(rgb, slide.read(box))


def test_a_file_that_goes_away_is_a_read_error(tmp_path: Path, write_tiles: Write, textured: Rgb8) -> None:
    path = write_tiles(tmp_path / "slide.tif", textured)
    direct, _ = both(path)
    direct.close()
    path.rename(path.with_name("elsewhere.tif"))
    with pytest.raises(ReadError):
        direct.read(Region(0, 0, 8, 8))


def test_a_drive_that_goes_away_is_none(tmp_path: Path, write_tiles: Write, textured: Rgb8) -> None:
    path = write_tiles(tmp_path / "slide.tif", textured)
    direct, _ = both(path)
    direct.close()
    path.unlink()  # which leaves the empty folder that a drive was mounted on
    with pytest.raises(StorageError, match="check that its drive is connected"):
        direct.read(Region(0, 0, 8, 8))


@pytest.mark.parametrize(("code", "passes"), [(errno.EIO, True), (errno.ESTALE, True), (errno.EINVAL, False)])
def test_a_drive_that_is_away_for_a_moment_is_no_damage(
    pyramid: Path, monkeypatch: pytest.MonkeyPatch, code: int, passes: bool
) -> None:
    direct, slide = both(pyramid)
    region = Region(0, 0, 300, 300)

    def fail(*_: int) -> bytes:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", fail)
        if passes:
            with pytest.raises(
                StorageError, match=f"cannot be read now .{os.strerror(code)}.; check the drive"
            ):
                direct.read(region)
            with pytest.raises(StorageError):  # and not another, slower reader
                open_slide(pyramid, mpp_um=MPP_UM)
        else:
            np.testing.assert_array_equal(direct.read(region), slide.read(region))
    np.testing.assert_array_equal(direct.read(region), slide.read(region))


def test_the_file_is_open_once_and_closed_with_its_slide(
    pyramid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    closed: list[int] = []
    really_open, really_close = os.open, os.close

    def noted_open(path: Path, flags: int) -> int:
        opened.append(really_open(path, flags))
        return opened[-1]

    def noted_close(descriptor: int) -> None:
        closed.append(descriptor)
        really_close(descriptor)

    monkeypatch.setattr(os, "open", noted_open)
    monkeypatch.setattr(os, "close", noted_close)
    direct, _ = both(pyramid)
    region = Region(0, 0, 8, 8)
    thread = threading.Thread(target=direct.read, args=(region,))
    thread.start()
    thread.join()
    assert (len(opened), len(closed)) == (1, 0)
    direct.close()
    assert closed == opened
    direct.read(region)
    del direct
    assert (len(opened), len(closed)) == (2, 2)


def test_what_comes_out_otherwise_stays_with_openslide(
    pyramid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off_by_one(data: bytes, *, out: Rgb8, **options: Any) -> None:
        jpeg8_decode(data, out=out, **options)
        out[100, 100] ^= 1

    monkeypatch.setattr(jpeg_tiles, "jpeg8_decode", off_by_one)
    with pytest.raises(
        SlideError, match=r"slide\.tif: JPEG tiles of level 0 come out otherwise than OpenSlide's"
    ):
        both(pyramid)
    slide = open_slide(pyramid, mpp_um=MPP_UM)
    assert isinstance(slide, OpenSlideSlide)
    assert "come out otherwise" in slide.reader


def test_a_damaged_tile_does_not_spoil_the_comparison(
    tmp_path: Path, write_tiles: Write, textured: Rgb8
) -> None:
    path = write_tiles(tmp_path / "slide.tif", textured)
    with tifffile.TiffFile(path) as file:
        fullest = int(np.argmax(file.pages[0].databytecounts))
    overwrite(path, fullest, lambda data: bytes(len(data)))
    both(path)
    for number in range(12):
        overwrite(path, number, lambda data: bytes(len(data)))
    with pytest.raises(SlideError, match="OpenSlide cannot read the fullest tiles of level 0"):
        both(path)


@pytest.mark.parametrize(
    ("vendor", "options", "reason"),
    [
        ("generic-tiff", {"compression": "deflate"}, "no JPEG tiles that are plain"),
        ("ventana", {"compression": "jpeg"}, "ventana files have no tiles that just lie side by side"),
    ],
)
def test_what_is_left_to_openslide(
    tmp_path: Path, textured: Rgb8, vendor: str, options: dict[str, Any], reason: str
) -> None:
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, textured, tile=(256, 256), photometric="rgb", metadata=None, **options)
    slide = OpenSlideSlide(path, mpp_um=MPP_UM)
    slide.vendor = vendor
    with pytest.raises(SlideError, match=reason):
        JpegTileSlide(slide)


def test_options_travel_with_the_slide(pyramid: Path) -> None:
    direct, _ = both(pyramid)
    copy = pickle.loads(pickle.dumps(direct))
    assert isinstance(copy, JpegTileSlide)
    assert copy.pixel_size == direct.pixel_size
    assert copy.reader == direct.reader == "JPEG tiles"


def test_the_score_does_not_depend_on_the_reader(strong_svs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, request = load_recipe(), SlideRequest("strong", strong_svs)
    scored = {}
    for reader in ("OpenSlide", "JPEG tiles"):
        monkeypatch.setattr(
            pipeline_slide,
            "open_slide",
            lambda path, mpp_um, reader=reader: open_slide(path, mpp_um=mpp_um, reader=reader),
        )
        scored[reader] = score_slide(request, recipe, ClassicalSegmenter(), ThreadRunner())
    theirs, ours = scored.values()
    assert len(ours.cells) > 100
    assert ours.cells.equals(theirs.cells)
    assert {**ours.score, "seconds": 0} == {**theirs.score, "seconds": 0}
