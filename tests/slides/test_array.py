"""The slide that other tests stand on."""

import numpy as np
import pytest

from her2path.image.geometry import PixelSize, Region
from her2path.slides.array import ArraySlide


@pytest.mark.parametrize(
    "rgb",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_refuses_what_is_no_colour_image(rgb: np.ndarray) -> None:
    with pytest.raises(ValueError, match="rgb must be"):
        ArraySlide(rgb, PixelSize(0.25, 0.25))


def test_levels_are_averages_of_the_array() -> None:
    rgb = np.zeros((2048, 1024, 3), np.uint8)
    rgb[::2] = 200
    slide = ArraySlide(rgb, PixelSize(0.25, 0.25))
    assert [level.downsample for level in slide.levels] == [1, 4]
    assert (slide.read(Region(0, 0, 2048, 1024), 1) == 100).all()
