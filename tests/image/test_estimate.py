"""White point and stain vectors come out as they were drawn, and odd slides keep the published ones."""

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Rgb8
from her2path.image.estimate import estimate_stains, estimate_white
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, Vector, mix

WHITE: Vector = (236.0, 232.0, 228.0)


def stained(stains: StainMatrix, n: int = 20_000, *, dab: bool = True) -> NDArray[np.uint8]:
    """Pixels of one stain each, of many densities, and some of both."""
    rng = np.random.default_rng(5)
    densities = np.zeros((3, 1, n))
    densities[0, 0, : n // 2] = rng.uniform(0.2, 0.7, n // 2)
    if dab:
        densities[1, 0, n // 2 :] = rng.uniform(0.35, 0.9, n - n // 2)
        densities[:2, 0, :1000] = rng.uniform(0.2, 0.5, (2, 1000))
    return mix(densities, stains).reshape(-1, 3)


def angle_deg(a: Vector, b: Vector) -> float:
    cosine = np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


@pytest.mark.parametrize("white", [(240.0, 240.0, 240.0), (175.0, 176.0, 178.0), (225.0, 232.0, 246.0)])
def test_white_is_the_colour_of_glass_not_of_the_padding(white: Vector) -> None:
    rgb = np.full((200, 200, 3), 255, np.uint8)
    rgb[:, :150] = np.asarray(white)
    rgb[50:150, 20:120] = (120, 90, 60)
    assert estimate_white(rgb) == pytest.approx(white, abs=2)


def test_noise_and_bright_specks_do_not_move_white() -> None:
    rng = np.random.default_rng(2)
    rgb = np.clip(rng.normal(230, 1.0, (200, 200, 3)), 0, 255).astype(np.uint8)
    rgb[:3, :20] = 250
    assert estimate_white(rgb) == pytest.approx((230, 230, 230), abs=3)


def test_a_slide_without_glass_gives_its_palest_tissue() -> None:
    rgb: Rgb8 = np.full((100, 100, 3), (180, 150, 160), np.uint8)
    rgb[:20] = (205, 195, 200)
    assert estimate_white(rgb) == pytest.approx((205, 195, 200), abs=2)


@pytest.mark.parametrize("turn", [0.0, 0.06, -0.06])
def test_vectors_near_the_published_ones_are_found(turn: float) -> None:
    red, green, blue = RUIFROK_HAEMATOXYLIN
    true = StainMatrix((red + turn, green - turn, blue), RUIFROK_DAB, WHITE, "estimated")
    found = estimate_stains(stained(true), WHITE)
    assert found.source == "estimated"
    assert found.white == WHITE
    assert angle_deg(found.haematoxylin, true.haematoxylin) < 1.5
    assert angle_deg(found.dab, true.dab) < 1.5


def test_a_slide_without_dab_keeps_its_published_vector() -> None:
    true = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, WHITE, "estimated")
    found = estimate_stains(stained(true, dab=False), WHITE)
    assert angle_deg(found.dab, RUIFROK_DAB) < 1e-3
    assert angle_deg(found.haematoxylin, RUIFROK_HAEMATOXYLIN) < 1.5


@pytest.mark.parametrize("n", [0, 50])
def test_too_few_pixels_give_the_published_vectors_and_say_so(n: int) -> None:
    true = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, WHITE, "estimated")
    found = estimate_stains(stained(true)[:n], WHITE)
    assert found.source == "published"
    assert found.vectors == pytest.approx(
        StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, WHITE, "published").vectors
    )


def test_another_colour_is_not_taken_for_a_stain() -> None:
    green = StainMatrix((0.75, 0.20, 0.63), RUIFROK_DAB, WHITE, "estimated")
    found = estimate_stains(stained(green, dab=False), WHITE)
    assert angle_deg(found.haematoxylin, RUIFROK_HAEMATOXYLIN) < 13
