"""Round cores are found one by one, whether they stand alone or touch; other tissue is none."""

import cv2
import numpy as np
import pytest

from her2path.arrays import Mask
from her2path.quality.cores import find_cores, nearest_point

MPP_UM = 20.0


def discs(*circles: tuple[int, int, float], shape: tuple[int, int] = (200, 260)) -> Mask:
    mask = np.zeros(shape, np.uint8)
    for y, x, radius in circles:
        cv2.circle(mask, (x, y), round(radius), 1, -1)
    return mask.astype(bool)


def sorted_yx(points: np.ndarray) -> np.ndarray:
    return points[np.lexsort(np.rint(points).T[::-1])]


def test_cores_that_stand_alone_give_their_diameter_and_their_middles() -> None:
    cores = find_cores(discs((50, 50, 25), (50, 130, 25), (130, 60, 25)), MPP_UM)
    assert cores.diameter_px == pytest.approx(51, abs=2)
    np.testing.assert_allclose(sorted_yx(cores.yx_px), [(50, 50), (50, 130), (130, 60)], atol=1)


def test_cores_that_all_touch_are_told_apart() -> None:
    cores = find_cores(discs(*((50 + 50 * i, 50 + 50 * j, 25) for i in range(3) for j in range(4))), MPP_UM)
    assert cores.diameter_px == pytest.approx(51, abs=3)
    np.testing.assert_allclose(
        sorted_yx(cores.yx_px), [(50 + 50 * i, 50 + 50 * j) for i in range(3) for j in range(4)], atol=2
    )


def test_holes_in_a_core_do_not_hide_it_and_half_a_core_is_not_whole() -> None:
    mask = discs((50, 50, 25), (50, 130, 25), (130, 60, 25), (130, 160, 25))
    mask[45:52, 45:52] = False
    mask[130:160, 130:190] = False
    np.testing.assert_allclose(
        sorted_yx(find_cores(mask, MPP_UM).yx_px), [(50, 50), (50, 130), (130, 60)], atol=1
    )


@pytest.mark.parametrize("core_um", [None, 1000.0])
def test_a_resection_and_an_empty_slide_hold_no_core(core_um: float | None) -> None:
    section = np.zeros((200, 260), bool)
    section[20:180, 20:240] = True
    assert len(find_cores(section, MPP_UM, core_um=core_um).yx_px) == 0
    assert len(find_cores(np.zeros((50, 50), bool), MPP_UM, core_um=core_um).yx_px) == 0


def test_the_nearest_point_is_named_with_its_distance() -> None:
    number, distance = nearest_point(np.array([(2.0, 3.0), (2.0, 11.0), (-4.0, 30.0)]), (20, 20))
    assert number[2, 4] == 0
    assert number[2, 9] == 1
    assert number[0, 19] == 2
    assert distance[2, 6] == pytest.approx(3, abs=0.1)
