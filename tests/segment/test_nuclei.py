"""A drawn nucleus is found once, in its place, with its size."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.segment.nuclei import find_nuclei, gaussian, nuclear_source
from her2path.segment.rays import polygon_area_um2

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


def test_the_blur_is_the_same_wherever_it_is_cut() -> None:
    plane = np.random.default_rng(3).integers(0, 4000, (200, 180)).astype(np.uint16)
    margin = 12
    cut = gaussian(plane[31:151, 17:137].copy(), 3.1)[margin:-margin, margin:-margin]
    assert (cut == gaussian(plane, 3.1)[31 + margin : 151 - margin, 17 + margin : 137 - margin]).all()
