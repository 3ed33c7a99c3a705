import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.quality.grains import grains

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
