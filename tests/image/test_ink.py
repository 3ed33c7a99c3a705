"""Ink is told by its colour; brown ink, which looks like DAB, by its evenness at the border."""

import numpy as np
import pytest

from her2path.arrays import Floats, Mask
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


def dense(od: Floats) -> Mask:
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


def test_red_is_ink_by_what_it_lets_through_not_eosin_and_not_blood() -> None:
    def red_part(densities: tuple[float, ...]) -> float:
        od = slide(densities)
        return float(find_ink(od, mean_density(od), dense(od), MPP_UM)["red"][33:47, 25:135].mean())

    assert red_part((0.20, 1.20, 0.95)) > 0.95
    assert red_part((0.15, 0.60, 0.30)) == 0  # eosin lets blue light through
    assert red_part((0.10, 0.60, 1.10)) == 0  # blood takes more of it than of green


def stroke(even_shape: tuple[int, int], *, top: int, rim_od: float) -> tuple[Floats, Mask]:
    """Rough DAB with an even stroke of ink in it, round which a rim of ink thins out; glass above row 20."""
    rng = np.random.default_rng(7)
    brown = np.array(DENSITIES["brown"]) / np.mean(DENSITIES["brown"])
    level = np.zeros(SHAPE)
    level[20:] = 0.3 * (1 + 0.5 * rng.standard_normal((SHAPE[0] - 20, SHAPE[1])))
    height, width = even_shape
    level[max(20, top - 20) : top + height + 20, 40 : 80 + width] = rim_od
    level[top : top + height, 60 : 60 + width] = 0.7
    od = (np.clip(level, 0, None)[:, :, np.newaxis] * brown).astype(np.float32)
    glass = np.zeros(SHAPE, bool)
    glass[:20] = True
    return od, ~glass


@pytest.mark.parametrize(("rim_od", "goes_on"), [(0.40, True), (0.30, False)])
def test_a_brown_stroke_goes_on_while_it_is_dense_enough(rim_od: float, goes_on: bool) -> None:
    od, tissue = stroke((16, 40), top=24, rim_od=rim_od)
    brown = find_ink(od, mean_density(od), tissue, MPP_UM)["brown"]
    assert brown[28:36, 64:96].all()
    assert brown[46:56, 64:96].any() == goes_on


@pytest.mark.parametrize(("top", "found"), [(24, True), (60, False)])
def test_a_brown_stroke_comes_near_to_the_glass(top: int, found: bool) -> None:
    od, tissue = stroke((16, 40), top=top, rim_od=0.30)
    assert find_ink(od, mean_density(od), tissue, MPP_UM)["brown"].any() == found


def test_a_few_even_pixels_in_dense_dab_are_no_stroke() -> None:
    od, tissue = stroke((7, 7), top=22, rim_od=0.30)  # even over the window in fewer than ten pixels
    assert not find_ink(od, mean_density(od), tissue, MPP_UM)["brown"].any()
    od, tissue = stroke((9, 9), top=22, rim_od=0.30)
    assert find_ink(od, mean_density(od), tissue, MPP_UM)["brown"].any()


def test_no_pixel_has_two_colours() -> None:
    rng = np.random.default_rng(5)
    od = rng.uniform(0, 1.5, (*SHAPE, 3)).astype(np.float32)
    found = np.sum(list(find_ink(od, mean_density(od), dense(od), MPP_UM).values()), axis=0)
    assert found.max() <= 1
