"""A closed dark ring without a hue is a bubble; glands and open arcs are none."""

import cv2
import numpy as np
import pytest

from her2path.arrays import Doubles, Floats
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix, optical_density
from her2path.quality.bubble import find_bubbles

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "recipe")
GREY = (0.6, 0.6, 0.6)
BROWN = (0.35, 0.75, 1.0)


def with_ring(
    section: Doubles, od: tuple[float, ...], *, middle: int = 128, radius: int = 40, arc: int = 360
) -> Floats:
    """Densities of the section with a ring of 4 px at the given column."""
    ring = np.zeros(section.shape[1:], np.uint8)
    cv2.ellipse(ring, (middle, 128), (radius, radius), 0, 0, arc, 1, 4)
    plain = optical_density(mix(section, STAINS), STAINS.white)
    return np.asarray(plain + ring[..., None] * np.array(od), np.float32)


def test_a_ring_is_found_with_all_it_surrounds(section: Doubles) -> None:
    found = find_bubbles(with_ring(section, GREY), 4.0)
    y, x = np.indices(found.shape)
    away = np.hypot(y - 128, x - 128)
    assert found[away <= 41].all()
    assert not found[away >= 60].any()


def test_a_ring_that_the_border_cuts_is_found(section: Doubles) -> None:
    found = find_bubbles(with_ring(section, GREY, middle=230), 4.0)
    assert found[128, 200:].all()
    assert not found[:, :150].any()


@pytest.mark.parametrize(
    ("od", "radius", "arc"), [(BROWN, 40, 360), (GREY, 8, 360), (GREY, 40, 200)], ids=["hue", "small", "open"]
)
def test_what_is_no_bubble(section: Doubles, od: tuple[float, ...], radius: int, arc: int) -> None:
    assert not find_bubbles(with_ring(section, od, radius=radius, arc=arc), 4.0).any()


def test_plain_tissue_has_none(section: Doubles) -> None:
    assert not find_bubbles(with_ring(section, (0.0, 0.0, 0.0)), 4.0).any()


def test_a_nest_of_stained_cells_around_a_hollow_is_none(section: Doubles) -> None:
    nest = (0.49, 0.58, 0.60)  # brown membranes and blue nuclei, averaged at 4 µm/px, of a drawn 3+ nest
    assert not find_bubbles(with_ring(section, nest), 4.0).any()
