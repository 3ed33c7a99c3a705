"""JPEG-tiled TIFFs of every kind that scanners and converters write."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from imagecodecs import jpeg8_encode

from her2path.arrays import Rgb8

TABLES = (0xDB, 0xC4)
"""JPEG segments with quantisation and Huffman tables."""

MARKERS = (0xE0, 0xEE)
"""JPEG segments of JFIF and Adobe, which say what the components are."""


@pytest.fixture(scope="session")
def write_tiles() -> Callable[..., Path]:
    """Write an image as a tiled TIFF, with its averages as further levels: see ``_write_tiles``."""
    return _write_tiles


@pytest.fixture(scope="session")
def textured() -> Rgb8:
    """Colour with fine grain, 700 × 900 px: no whole number of tiles of any size."""
    y, x = np.mgrid[:700, :900]
    planes = (np.sin(y / 9) * 60 + 128, np.sin(x / 7) * 60 + 128, (y + x) / 8)
    grain = np.random.default_rng(0).normal(0, 12, (700, 900, 3))
    return (np.stack(planes, axis=-1) + grain).clip(0, 255).astype(np.uint8)


def _write_tiles(
    path: Path,
    rgb: Rgb8,
    *,
    tile: tuple[int, int] = (256, 256),
    colours: str = "YCBCR",
    subsampling: tuple[int, int] = (2, 2),
    shared_tables: bool = False,
    markers: bool = True,
    steps: Collection[int] = (1,),
    missing: Collection[tuple[int, int]] = (),
    description: str | None = None,
    software: str | None = None,
    bigtiff: bool = False,
) -> Path:
    """Write a level for each of ``steps``; ``missing`` names tiles, (level, number), that are left out."""
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as file:
        for level, step in enumerate(steps):
            height, width = (size // step for size in rgb.shape[:2])
            blocks = rgb[: height * step, : width * step].reshape(height, step, width, step, 3)
            pixels = blocks.mean(axis=(1, 3)).astype(np.uint8)
            whole = [_encoded(part, colours, subsampling) for part in _cut(pixels, tile)]
            parts = [
                _without(one, *(TABLES if shared_tables else ()), *(() if markers else MARKERS))
                for one in whole
            ]
            options: dict[str, Any] = {"jpegtables": _tables(whole[0])} if shared_tables else {}
            file.write(
                (b"" if (level, number) in missing else part for number, part in enumerate(parts)),
                shape=pixels.shape,
                dtype=np.uint8,
                tile=tile,
                photometric="rgb",
                compression="jpeg",
                compressionargs={"outcolorspace": colours},
                subsampling=subsampling,
                subfiletype=int(level > 0),
                metadata=None,
                description=description,
                software=software or False,
                **options,
            )
    return path


def _encoded(part: Rgb8, colours: str, subsampling: tuple[int, int]) -> bytes:
    return bytes(jpeg8_encode(part, level=80, outcolorspace=colours, subsampling=subsampling))


def _cut(pixels: Rgb8, tile: tuple[int, int]) -> Iterator[Rgb8]:
    height, width = tile
    padding = [(0, -size % edge) for size, edge in zip(pixels.shape, tile, strict=False)]
    padded = np.pad(pixels, (*padding, (0, 0)), mode="edge")
    for y in range(0, padded.shape[0], height):
        for x in range(0, padded.shape[1], width):
            yield np.ascontiguousarray(padded[y : y + height, x : x + width])


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment after the first two bytes; the last holds the pixels."""
    at = 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at + 1], jpeg[at:end]
        at = end
    yield 0xDA, jpeg[at:]


def _without(jpeg: bytes, *kinds: int) -> bytes:
    return jpeg[:2] + b"".join(segment for kind, segment in _segments(jpeg) if kind not in kinds)


def _tables(jpeg: bytes) -> bytes:
    tables = b"".join(segment for kind, segment in _segments(jpeg) if kind in TABLES)
    return jpeg[:2] + tables + b"\xff\xd9"
