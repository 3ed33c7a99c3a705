from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Rgb8
from her2path.errors import NotEvaluableError
from her2path.image.estimate import estimate_stains, estimate_white
from her2path.image.geometry import Region
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix
from her2path.quality.nucleus_size import check_nucleus_size, nucleus_diameter_um
from her2path.quality.patches import PATCH_PX
from her2path.slides.array import ArraySlide

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (242.0, 242.0, 242.0), "published")


def patches(rgb: Rgb8) -> NDArray[np.uint8]:
    starts = [
        (y, x)
        for y in range(0, rgb.shape[0] - PATCH_PX + 1, PATCH_PX)
        for x in range(0, rgb.shape[1] - PATCH_PX + 1, PATCH_PX)
    ]
    return np.concatenate([rgb[y : y + PATCH_PX, x : x + PATCH_PX].reshape(-1, 3) for y, x in starts])


def discs(diameter_px: int) -> NDArray[np.uint8]:
    """Round nuclei, each a little off a grid."""
    rng = np.random.default_rng(0)
    spacing = round(1.6 * diameter_px)
    haematoxylin = np.zeros((1024, 1024), np.float32)
    for y in range(0, 1024, spacing):
        for x in range(0, 1024, spacing):
            wander = rng.normal(0, 0.1 * spacing, 2).astype(int)
            cv2.circle(haematoxylin, (x + int(wander[0]), y + int(wander[1])), diameter_px // 2, 0.25, -1)
    blurred = cv2.GaussianBlur(haematoxylin, (0, 0), 1.5)
    return patches(mix(np.stack([blurred, 0 * blurred, 0 * blurred]).astype(float), STAINS))


@pytest.mark.parametrize("diameter_px", [20, 30, 44])
def test_larger_nuclei_read_larger(diameter_px: int) -> None:
    found = nucleus_diameter_um(discs(diameter_px), STAINS, 0.25)
    assert found == pytest.approx(1.35 * diameter_px * 0.25, rel=0.2)


def test_the_diameter_grows_with_the_pixel_size() -> None:
    pixels = discs(30)
    one = nucleus_diameter_um(pixels, STAINS, 0.25)
    assert one is not None
    assert nucleus_diameter_um(pixels, STAINS, 0.5) == pytest.approx(2 * one)


def test_glass_has_no_nuclei() -> None:
    assert nucleus_diameter_um(np.full((PATCH_PX**2, 3), 242, np.uint8), STAINS, 0.25) is None
    assert nucleus_diameter_um(np.zeros((0, 3), np.uint8), STAINS, 0.25) is None


@pytest.mark.parametrize(("diameter_um", "codes"), [(None, []), (7.5, []), (4.0, ["NUCLEUS_SIZE"])])
def test_what_is_usual_passes_and_what_is_not_is_flagged(diameter_um: float | None, codes: list[str]) -> None:
    assert [flag.code for flag in check_nucleus_size(diameter_um, patch_um=32.0)] == codes


@pytest.mark.parametrize("diameter_um", [2.5, 20.0])
def test_what_no_nucleus_measures_is_refused(diameter_um: float) -> None:
    with pytest.raises(NotEvaluableError, match="--mpp") as raised:
        check_nucleus_size(diameter_um, patch_um=32.0)
    assert raised.value.code == "WRONG_PIXEL_SIZE"


def test_a_drawn_slide_shows_a_pixel_size_that_is_twice_too_large(
    drawn_slide: Callable[[float], ArraySlide],
) -> None:
    rgb = drawn_slide(0.25).read(Region(0, 0, 1024, 1024))
    white = estimate_white(rgb)
    pixels = patches(rgb)
    stains = estimate_stains(pixels, white)
    assert check_nucleus_size(nucleus_diameter_um(pixels, stains, 0.25), patch_um=32.0) == ()
    with pytest.raises(NotEvaluableError):
        check_nucleus_size(nucleus_diameter_um(pixels, stains, 0.55), patch_um=32.0)


@pytest.mark.slow
@pytest.mark.realdata
def test_real_cores_show_half_and_twice_their_pixel_size(realdata: Path) -> None:
    for path in sorted(realdata.glob("her2_cores/*.jpg")):
        rgb = np.ascontiguousarray(np.asarray(cv2.imread(str(path)))[1500:3548, 1500:3548, ::-1], np.uint8)
        pixels = patches(rgb)
        stains = estimate_stains(pixels, (234.0, 233.0, 241.0))
        found = nucleus_diameter_um(pixels, stains, 0.23)
        assert found is not None
        assert check_nucleus_size(found, patch_um=32.0) == ()
        assert check_nucleus_size(0.5 * found, patch_um=32.0) != ()
