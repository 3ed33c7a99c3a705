from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.quality.cuts import Cuts
from her2path.quality.detail import (
    COARSE_GAIN,
    COARSE_TIMES,
    FINE_GAIN,
    FINE_UM,
    NUCLEAR_UM,
    TENSOR_MAX,
    detail_squares,
    nuclear_squares,
)

MPP_UM = (0.5, 0.5)
INSIDE_PX = 32
WHOLE = Cuts(INSIDE_PX, INSIDE_PX, np.array([0, 64]), np.array([0, 64]), np.ones((64, 64), np.uint8))
EACH = Cuts(INSIDE_PX, INSIDE_PX, np.arange(65), np.arange(65), np.ones((64, 64), np.uint8))


def wave(length_px: float, axis: int) -> NDArray[np.uint8]:
    at = np.indices((128, 128))[axis]
    grey = np.rint(128 + 60 * np.sin(2 * np.pi * at / length_px)).astype(np.uint8)
    return np.stack([grey] * 3, axis=-1)


def test_each_band_answers_to_its_own_length_and_axis() -> None:
    def energy(squares: NDArray[np.int64], gain: int) -> float:
        return float(squares[0, 0]) / 64**2 / gain**2

    for axis, name in enumerate("yx"):
        other = "xy"[axis]
        fine = detail_squares(wave(4, axis), MPP_UM, WHOLE)
        assert energy(fine[f"fine_{name}"], FINE_GAIN) > 20 * energy(fine[f"coarse_{name}"], COARSE_GAIN)
        assert energy(fine[f"fine_{other}"], FINE_GAIN) < 1
        coarse = detail_squares(wave(16, axis), MPP_UM, WHOLE)
        assert energy(coarse[f"coarse_{name}"], COARSE_GAIN) > 5 * energy(coarse[f"fine_{name}"], FINE_GAIN)


def test_nothing_overflows_between_black_and_white() -> None:
    checks = (np.indices((128, 128)) // 8).sum(axis=0) % 2
    black_and_white = np.stack([(255 * checks).astype(np.uint8)] * 3, axis=-1)
    # In the middle of a square both neighbours lie in squares of the other colour.
    assert detail_squares(black_and_white, MPP_UM, EACH)["coarse_y"].max() == (2 * 25 * 255) ** 2
    summed, each = (detail_squares(black_and_white, MPP_UM, cuts)["coarse_x"] for cuts in (WHOLE, EACH))
    assert summed.sum() == each.sum()
    densest = (4094 * checks).astype(np.uint16)
    summed, each = (nuclear_squares(densest, MPP_UM, cuts)["nuclear_yx"] for cuts in (WHOLE, EACH))
    assert summed.sum() == each.sum() > 0


def second_difference(plane: NDArray[np.int64], step: int, axis: int) -> NDArray[np.int64]:
    return np.roll(plane, step, axis) + np.roll(plane, -step, axis) - 2 * plane


def summed(plane: NDArray[Any], tall: int, wide: int) -> NDArray[np.int64]:
    """Sum over a window around each pixel."""
    return np.asarray(cv2.boxFilter(plane.astype(float), -1, (wide, tall), normalize=False), np.int64)


def detail_bands(small: NDArray[np.uint8], mpp_yx_um: tuple[float, float]) -> dict[str, NDArray[np.int64]]:
    """Plain form of what is squared."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    fine_y, fine_x = (max(1, round(FINE_UM / um)) for um in mpp_yx_um)
    smooth = summed(grey, 5, 5)
    return {
        "fine_y": second_difference(summed(grey, 1, FINE_GAIN), fine_y, 0),
        "fine_x": second_difference(summed(grey, FINE_GAIN, 1), fine_x, 1),
        "coarse_y": second_difference(smooth, COARSE_TIMES * fine_y, 0),
        "coarse_x": second_difference(smooth, COARSE_TIMES * fine_x, 1),
    }


def haematoxylin_gradients(
    haematoxylin: NDArray[np.uint16], mpp_yx_um: tuple[float, float]
) -> dict[str, NDArray[np.int64]]:
    """Plain form of what is squared."""
    tall, wide = (2 * max(1, round(NUCLEAR_UM / 2 / um)) + 1 for um in mpp_yx_um)
    smooth = np.asarray(cv2.blur(haematoxylin, (wide, tall)), np.uint16)
    steps = np.minimum(smooth >> 1, TENSOR_MAX).astype(np.int16)
    along_y, along_x = (np.asarray(cv2.Sobel(steps, cv2.CV_16S, 1 - dy, dy), np.int64) for dy in (1, 0))
    return {"nuclear_y": along_y, "nuclear_x": along_x, "nuclear_yx": along_y + along_x}


@pytest.mark.parametrize("mpp_yx_um", [(0.5, 0.5), (0.36, 0.7), (1.0, 0.5)])
@pytest.mark.parametrize("seed", range(4))
def test_squares_are_those_of_a_plain_computation(
    cut_up: Callable[..., Cuts],
    block_sum: Callable[[NDArray[Any], Cuts], NDArray[np.int64]],
    mpp_yx_um: tuple[float, float],
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    shape = (130, 111)
    small = rng.integers(0, 256, (*shape, 3)).astype(np.uint8)
    haematoxylin = rng.integers(0, (800, 65536)[seed % 2], shape).astype(np.uint16)
    cuts = cut_up(shape, margin_px=30, seed=seed)
    got = detail_squares(small, mpp_yx_um, cuts) | nuclear_squares(haematoxylin, mpp_yx_um, cuts)
    expected = detail_bands(small, mpp_yx_um) | haematoxylin_gradients(haematoxylin, mpp_yx_um)
    assert list(got) == list(expected)
    for name, plane in expected.items():
        assert (got[name] == block_sum(plane**2, cuts)).all(), name
