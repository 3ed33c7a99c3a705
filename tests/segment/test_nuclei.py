"""A drawn nucleus is found once, in its place, with its size."""

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from her2path.arrays import OD_STEP, Floats, Ints, Plane16
from her2path.cells.rays import sample_rays
from her2path.cells.table import N_RAYS
from her2path.image.gaussian import gaussian
from her2path.segment.nuclei import MAX_RADIUS_UM, OUTSIDE, TOGETHER, _contours, find_nuclei, nuclear_source
from her2path.segment.rays import best_closed_path, polygon_area_um2

if TYPE_CHECKING:
    from tests.segment.conftest import Canvas

MPP = (0.5, 0.5)


@pytest.mark.parametrize("radius_um", [2.8, 3.5, 4.5])
@pytest.mark.parametrize("od", [0.12, 0.4])
def test_a_disc_is_one_nucleus_of_its_size(coarse: "Canvas", radius_um: float, od: float) -> None:
    coarse.nucleus(40, 40, radius_um, od)
    found = find_nuclei(*coarse.planes, MPP)
    assert len(found.y) == 1
    assert np.hypot(found.y[0] - 80, found.x[0] - 80) * 0.5 < 0.6 * radius_um
    assert np.median(found.radii_um[0]) == pytest.approx(radius_um, abs=0.8)
    assert polygon_area_um2(found.radii_um)[0] == pytest.approx(np.pi * radius_um**2, rel=0.35)
    assert found.od[0] == pytest.approx(od, rel=0.15)
    assert found.contrast_od[0] > 0


def test_a_pale_nucleus_and_a_dark_one_side_by_side_are_both_found(coarse: "Canvas") -> None:
    coarse.nucleus(40, 33, 4.0, 0.12)
    coarse.nucleus(40, 45, 3.0, 0.8)
    found = find_nuclei(*coarse.planes, MPP)
    assert sorted((found.x * 0.5).round().tolist()) == pytest.approx([33, 45], abs=1)


def test_a_vesicular_nucleus_is_one(coarse: "Canvas") -> None:
    """Dark rim, pale centre, a nucleolus: still one nucleus."""
    coarse.nucleus(40, 40, 4.5, 0.30)
    coarse.nucleus(40, 40, 3.6, 0.12)
    coarse.nucleus(41, 40, 0.8, 0.35)
    assert len(find_nuclei(*coarse.planes, MPP).y) == 1


def test_glass_and_even_tissue_hold_no_nucleus(coarse: "Canvas") -> None:
    assert len(find_nuclei(*coarse.planes, MPP).y) == 0
    coarse.haematoxylin += 0.15
    assert len(find_nuclei(*coarse.planes, MPP).y) == 0


def test_brown_alone_is_no_nucleus(coarse: "Canvas") -> None:
    coarse.blush(40, 40, 4.0, 0.6)
    assert len(find_nuclei(*coarse.planes, MPP).y) == 0


def test_a_membrane_between_two_nuclei_keeps_them_apart(coarse: "Canvas") -> None:
    coarse.haematoxylin += 0.05
    for x_um in (36.0, 44.0):
        coarse.nucleus(40, x_um, 3.2, 0.25)
        coarse.ring(40, x_um, 4.0, 0.6, width_um=1.0)
    found = find_nuclei(*coarse.planes, MPP)
    clear = found.contrast_od > 0.5 * found.contrast_od.max()
    assert sorted((found.x[clear] * 0.5).tolist()) == pytest.approx([36, 44], abs=1)


def test_the_source_is_high_in_nuclei_and_low_on_membranes(coarse: "Canvas") -> None:
    coarse.haematoxylin += 0.05
    coarse.nucleus(40, 40, 3.5, 0.25)
    coarse.ring(40, 40, 6.0, 0.6)
    source = nuclear_source(*coarse.planes, 0.5)
    assert source[80, 80] > source[80, 86] > source[80, 92]


@pytest.mark.parametrize("mpp_um", [0.35, 0.5, 0.62])
def test_the_source_is_that_of_the_plain_form(mpp_um: float) -> None:
    rng = np.random.default_rng(5)
    haematoxylin, dab = (rng.integers(0, top, (60, 70)).astype(np.uint16) for top in (3000, 65536))
    dab[::2] %= 1500
    smooth = gaussian(haematoxylin, 0.5 / mpp_um)
    size = 2 * round(1.2 / mpp_um) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    filled = cv2.morphologyEx(np.minimum(smooth, 512), cv2.MORPH_CLOSE, disc)
    stained = np.clip(dab, 102, 1331) - 102
    plain = (filled + 768 - stained // 8 * 5) * 16
    assert np.array_equal(nuclear_source(haematoxylin, dab, mpp_um), plain)


def plain_contours(source: Plane16, y: Ints, x: Ints, mpp: tuple[float, float]) -> tuple[Floats, Floats]:
    """Contours and contrasts in NumPy: step by step from the centre outwards, all nuclei at once."""
    radii_um = np.arange(1, int(MAX_RADIUS_UM / max(mpp)) + 1) * max(mpp)
    samples = sample_rays(source, y, x, np.tile(radii_um, (1, N_RAYS, 1)), mpp)
    centre = np.mean(samples[:, radii_um <= 1.5], axis=(0, 1), dtype=np.float64)
    valley = np.median(np.min(samples[:, radii_um >= 2.0], axis=1), axis=0)
    total = np.cumsum(samples - ((centre + valley) / 2).astype(int), axis=1)
    fallen = np.maximum(np.maximum.accumulate(total, axis=1), OUTSIDE) - total
    left = np.logical_or.accumulate(fallen > 61 * 16, axis=1)
    path = best_closed_path(np.where(left, OUTSIDE, total).astype(np.int32), reach=1, step_penalty=20 * 16)
    return radii_um[path.T].astype(np.float32), ((centre - valley) * (OD_STEP / 16)).astype(np.float32)


@pytest.mark.parametrize("mpp", [(0.5, 0.5), (0.46, 0.51)])
@pytest.mark.parametrize("n", [0, 1, TOGETHER + 1])
def test_contours_are_those_of_the_plain_form(n: int, mpp: tuple[float, float]) -> None:
    rng = np.random.default_rng(n)
    source = gaussian(rng.integers(0, 40000, (90, 70)).astype(np.uint16), 2.5)
    y, x = (rng.integers(0, size, n).astype(np.int32) for size in source.shape)
    for found, plain in zip(_contours(source, y, x, mpp), plain_contours(source, y, x, mpp), strict=True):
        assert found.dtype == plain.dtype
        assert np.array_equal(found, plain)
