import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Mask
from her2path.quality.grains import CLUMP_UM, GRAIN_UM, _lines, grains

MPP_UM = (0.5, 0.5)


def empty() -> NDArray[np.uint8]:
    return np.zeros((120, 120), np.uint8)


def circle(radius: int, thickness: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.circle(empty(), (60, 60), radius, 1, thickness), np.uint8)


def test_a_membrane_is_neither() -> None:
    dark = circle(12, 3)
    short, wide = grains(dark, MPP_UM)
    assert not wide.any()
    assert short.sum() < 0.1 * dark.sum()


def test_grains_are_found_however_close_to_each_other() -> None:
    dark = empty()
    dark[40:80:6, 40:80:6] = dark[41:81:6, 40:80:6] = dark[41:81:6, 41:81:6] = 1
    short, _ = grains(dark, MPP_UM)
    assert (short == (dark > 0)).all()


def test_a_clump_is_wide_and_not_short() -> None:
    dark = circle(10, -1)
    short, wide = grains(dark, MPP_UM)
    assert not short[60, 60]
    assert wide.sum() > 0.9 * dark.sum()


def plain(dark: NDArray[np.uint8], mpp_yx_um: tuple[float, float]) -> tuple[Mask, Mask]:
    """Plain form of ``grains``."""
    height, width = (max(2, round(GRAIN_UM / um)) for um in mpp_yx_um)
    line = np.zeros_like(dark)
    for kernel in _lines(height, width):
        cv2.max(line, cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel), dst=line)
    tall, wide = (max(2, round(CLUMP_UM / um)) for um in mpp_yx_um)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, tall))
    return dark > line, cv2.morphologyEx(dark, cv2.MORPH_OPEN, disc) > 0


@pytest.mark.parametrize("mpp_yx_um", [(0.5, 0.5), (0.36, 0.7), (0.7, 0.36), (1.1, 1.1)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("width", [64, 127, 150])
def test_both_are_those_of_a_plain_computation(
    mpp_yx_um: tuple[float, float], share: float, width: int
) -> None:
    noise = np.random.default_rng(width).normal(size=(90, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    dark = (smooth < np.quantile(smooth, share)).astype(np.uint8)
    inside = (slice(24, -24), slice(24, -24))
    for got, expected in zip(grains(dark, mpp_yx_um), plain(dark, mpp_yx_um), strict=True):
        assert got.shape == dark.shape
        assert np.array_equal(got[inside], expected[inside])
