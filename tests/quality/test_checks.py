from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.errors import NotEvaluableError
from her2path.image.estimate import estimate_stains, estimate_white
from her2path.image.geometry import Region
from her2path.quality.checks import check_pixels
from her2path.quality.patches import PATCH_PX
from her2path.slides.array import ArraySlide


@pytest.fixture
def drawn_patches(drawn_slide: Callable[[float], ArraySlide]) -> NDArray[np.uint8]:
    slide = drawn_slide(0.25)
    places = [(y, x) for y in range(0, 1024, PATCH_PX) for x in range(0, 1024, PATCH_PX)]
    read = [slide.read(Region(y, x, PATCH_PX, PATCH_PX)).reshape(-1, 3) for y, x in places]
    return np.concatenate(read)


def test_a_clean_slide_gets_no_flag(drawn_patches: NDArray[np.uint8]) -> None:
    stains = estimate_stains(drawn_patches, estimate_white(drawn_patches[None]))
    assert check_pixels(drawn_patches, stains, 0.25) == ()


def test_the_checks_that_find_something_all_speak(drawn_patches: NDArray[np.uint8]) -> None:
    stains = estimate_stains(drawn_patches, (250.0, 243.0, 215.0))
    assert "COLOUR_CAST" in [flag.code for flag in check_pixels(drawn_patches, stains, 0.25)]
    with pytest.raises(NotEvaluableError) as raised:
        check_pixels(drawn_patches, stains, 0.6)
    assert raised.value.code == "WRONG_PIXEL_SIZE"
