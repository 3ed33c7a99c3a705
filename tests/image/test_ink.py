"""Ink is told by its colour; brown ink, which looks like DAB, by its evenness at the border."""

import numpy as np
import pytest

from her2path.arrays import Floats
from her2path.image.ink import INK_COLOURS, find_ink
from her2path.image.stains import RUIFROK_DAB, mean_density

MPP_UM = 4.0
SHAPE = (120, 160)
DENSITIES = {
    "green": (1.3, 0.45, 0.95),
    "blue": (0.84, 0.48, 0.24),
    "red": (0.10, 1.20, 0.95),
    "black": (1.3, 1.3, 1.25),
    "brown": (0.35, 0.75, 1.15),
}


def slide(densities: tuple[float, ...], rough: float = 0.05) -> Floats:
    """Pale tissue below row 40, glass above, and a stroke of a colour along the border between them."""
    rng = np.random.default_rng(2)
    od = np.zeros((*SHAPE, 3))
    od[40:] = 0.08 * np.array([0.65, 0.7, 0.4])
    od[30:50, 20:140] = densities * (1 + rough * rng.normal(size=(20, 120, 1)))
    return np.clip(od, 0, None).astype(np.float32)


def dense(od: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.asarray(od.mean(axis=2) > 0.02)


@pytest.mark.parametrize("colour", INK_COLOURS)
def test_each_colour_is_found_and_named(colour: str) -> None:
    od = slide(DENSITIES[colour])
    found = find_ink(od, mean_density(od), dense(od), MPP_UM)
    assert found[colour][33:47, 25:135].mean() > 0.95
    assert not any(found[other][33:47, 25:135].any() for other in INK_COLOURS if other != colour)
    assert not np.any(list(found.values()), axis=0)[70:].any()


def test_dab_that_is_rough_as_membranes_are_is_no_ink() -> None:
    od = slide(tuple(1.2 * x for x in RUIFROK_DAB), rough=0.25)
    assert not np.any(list(find_ink(od, mean_density(od), dense(od), MPP_UM).values()))


def test_even_brown_away_from_the_glass_is_no_ink() -> None:
    od = np.roll(slide(DENSITIES["brown"]), 35, axis=0)
    assert not find_ink(od, mean_density(od), np.ones(SHAPE, bool), MPP_UM)["brown"].any()


def test_no_pixel_has_two_colours() -> None:
    rng = np.random.default_rng(5)
    od = rng.uniform(0, 1.5, (*SHAPE, 3)).astype(np.float32)
    found = np.sum(list(find_ink(od, mean_density(od), dense(od), MPP_UM).values()), axis=0)
    assert found.max() <= 1
