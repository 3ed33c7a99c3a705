"""The readers are used through the protocol alone: mypy checks here that each of them keeps it."""

from dataclasses import FrozenInstanceError

import pytest

from her2path.slides.array import ArraySlide
from her2path.slides.image import ImageSlide
from her2path.slides.jpeg_tiles import JpegTileSlide
from her2path.slides.openslide import OpenSlideSlide
from her2path.slides.protocol import Level, Slide


def test_every_reader_offers_what_the_protocol_names() -> None:
    readers: tuple[type[Slide], ...] = (ArraySlide, ImageSlide, JpegTileSlide, OpenSlideSlide)
    names = {name for name in vars(Slide) if not name.startswith("_")}
    assert names == {"levels", "pixel_size", "pixel_size_source", "objective", "reader", "read", "relax"}
    for reader in readers:
        fields = getattr(reader, "__dataclass_fields__", {})
        assert all(hasattr(reader, name) or name in fields for name in names)


def test_a_level_does_not_change() -> None:
    level = Level(10, 20, 4.0)
    with pytest.raises(FrozenInstanceError):
        level.downsample = 1.0  # type: ignore[misc]
