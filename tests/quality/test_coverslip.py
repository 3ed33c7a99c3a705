"""A straight dark line from border to border is the edge of the cover glass; the dry side goes with it."""

import cv2
import numpy as np

from her2path.arrays import Doubles, Floats
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix, optical_density
from her2path.quality.coverslip import find_uncovered

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "recipe")
CORNER = (150, 0), (255, 120)


def with_line(section: Doubles, *ends: tuple[int, int], dry_od: float = 0.0) -> Floats:
    """Densities of the section with a line between two points, and dry glass to the upper right of it."""
    line, beyond = np.zeros(section.shape[1:], np.uint8), np.zeros(section.shape[1:], np.uint8)
    cv2.polylines(line, [np.array(ends)], isClosed=False, color=1, thickness=2)
    cv2.fillPoly(beyond, [np.array([*CORNER, (255, 0)])], 1)
    plain = optical_density(mix(section, STAINS), STAINS.white)
    return np.asarray(plain + (0.3 * line + dry_od * beyond)[..., None], np.float32)


def test_the_line_and_the_dry_corner_are_found(section: Doubles) -> None:
    found = find_uncovered(with_line(section, *CORNER, dry_od=0.04), 4.0)
    assert found[:40, 220:].all()
    assert found[60, 203]
    assert not found[:, :120].any()
    assert not found[200:].any()


def test_beyond_a_line_that_changes_nothing_the_tissue_stays(section: Doubles) -> None:
    found = find_uncovered(with_line(section, *CORNER), 4.0)
    assert found[60, 203]
    assert not found[:30, 230:].any()


def test_short_and_bent_lines_are_none(section: Doubles) -> None:
    assert not find_uncovered(with_line(section, (60, 60), (140, 120)), 4.0).any()
    assert not find_uncovered(with_line(section, (0, 60), (128, 140), (255, 60)), 4.0).any()


def test_plain_tissue_has_none(section: Doubles) -> None:
    assert not find_uncovered(with_line(section, (0, 0), (1, 0)), 4.0).any()
