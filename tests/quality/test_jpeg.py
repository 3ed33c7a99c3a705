from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Doubles, Rgb8
from her2path.image.geometry import Region
from her2path.quality.jpeg import (
    QUALITIES,
    ROUNDING,
    SMALLEST_STEP,
    STEPS,
    _on_multiples,
    _step,
    check_jpeg,
    jpeg_quality,
)
from her2path.quality.patches import PATCH_PX
from her2path.slides.array import ArraySlide

DrawnSlide = Callable[[float], ArraySlide]

WHOLE = Region(0, 0, 1024, 1024)


def saved(rgb: Rgb8, quality: int) -> Rgb8:
    _, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1], np.uint8)


def patches(rgb: Rgb8) -> NDArray[np.uint8]:
    """Patches that start anywhere, as those of a survey do."""
    rng = np.random.default_rng(4)
    starts = rng.integers(0, np.asarray(rgb.shape[:2]) - PATCH_PX, (32, 2))
    return np.concatenate([rgb[y : y + PATCH_PX, x : x + PATCH_PX].reshape(-1, 3) for y, x in starts])


@pytest.mark.parametrize("quality", [18, 20, 33, 49, 60, 75])
def test_the_quality_is_read_from_the_pixels(quality: int, drawn_slide: DrawnSlide) -> None:
    pixels = patches(saved(drawn_slide(0.25).read(WHOLE), quality))
    assert jpeg_quality(pixels) == pytest.approx(quality, abs=1)  # neighbours share most of their steps
    assert [flag.code for flag in check_jpeg(pixels)] == ["HARD_JPEG"] * (quality <= 50)


def test_pixels_that_were_never_compressed_show_no_steps(drawn_slide: DrawnSlide) -> None:
    pixels = patches(drawn_slide(0.25).read(WHOLE))
    assert jpeg_quality(pixels) is None
    assert check_jpeg(pixels) == ()


def test_pixels_that_were_scaled_since_show_no_steps(drawn_slide: DrawnSlide) -> None:
    rgb = saved(drawn_slide(0.25).read(WHOLE), 40)
    smaller = cv2.resize(rgb, (700, 700), interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert jpeg_quality(patches(smaller)) is None


def test_glass_tells_nothing() -> None:
    assert jpeg_quality(np.full((2 * PATCH_PX**2, 3), 240, np.uint8)) is None
    assert jpeg_quality(np.zeros((0, 3), np.uint8)) is None


def on_multiples(coefficients: Doubles, quality: int) -> float:
    """Plain form of ``_on_multiples``, for one quality."""
    found = possible = 0.0
    for (down, across), at_50 in STEPS.items():
        step = _step(at_50, quality)
        value = np.abs(coefficients[:, down, across])
        value = value[value > step / 2]
        if step < SMALLEST_STEP or not len(value):
            continue
        by_chance = 2 * ROUNDING / step
        near = np.abs(value - step * np.rint(value / step)) < ROUNDING
        found += float(np.mean(near)) - by_chance
        possible += 1 - by_chance
    return found / possible if possible else 0.0


@pytest.mark.parametrize(("n", "step"), [(1, 1.0), (30, 0.01), (900, 24.0), (900, 0.5), (900, 7.0)])
def test_multiples_are_those_of_a_plain_computation(n: int, step: float) -> None:
    rng = np.random.default_rng(n)
    # Halves of steps too, which are rounded to the even one.
    coefficients = step * np.rint(rng.normal(0, 6, (n, 8, 8))) / 2 + rng.choice([0.0, 0.3], (n, 8, 8))
    expected = [on_multiples(coefficients, quality) for quality in QUALITIES]
    assert _on_multiples(coefficients).tolist() == expected
