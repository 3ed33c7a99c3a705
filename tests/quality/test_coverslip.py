"""A straight dark line from border to border is the edge of the cover glass; the dry side goes with it."""

import cv2
import numpy as np
import pytest

from her2path.arrays import Doubles, Floats, Ints
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix, optical_density
from her2path.quality.coverslip import ANGLES, MAX_TRIED, _strongest_lines, _votes, find_uncovered

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


def votes(y: Floats, x: Floats, cosines: Floats, sines: Floats, longest: int) -> Ints:
    """Plain form of ``_votes``."""
    counts = np.zeros((len(cosines) + 2, 2 * longest + 3), np.int32)
    for n, (cosine, sine) in enumerate(zip(cosines, sines, strict=True), start=1):
        np.add.at(counts[n], np.rint(x * cosine + y * sine).astype(int) + longest + 1, 1)
    return counts


@pytest.mark.parametrize("n", [0, 1, 400])
def test_votes_are_those_of_a_plain_computation(n: int) -> None:
    rng = np.random.default_rng(n)
    y, x = rng.integers(0, 300, (2, n)).astype(np.float32)
    angles = rng.uniform(0, np.pi, 40)
    cosines, sines = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    assert (_votes(y, x, cosines, sines, 600) == votes(y, x, cosines, sines, 600)).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_strongest_lines_are_those_of_opencv(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(120, 300, 2)
    dark = (rng.random((height, width)) < 0.01 * seed).astype(np.uint8)
    cv2.line(dark, (0, int(rng.integers(height))), (int(width) - 1, int(rng.integers(height))), 1)
    lines = cv2.HoughLines(dark, 1, np.pi / ANGLES, 20)
    assert lines is not None
    expected = [(float(offset), float(angle)) for offset, angle in lines[:MAX_TRIED].reshape(-1, 2)]
    assert _strongest_lines(dark > 0, 40) == expected


def test_nothing_dark_holds_no_line() -> None:
    assert _strongest_lines(np.zeros((50, 60), bool), 100) == []
