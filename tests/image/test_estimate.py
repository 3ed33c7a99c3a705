"""White point and stain vectors come out as they were drawn, and odd slides keep the published ones."""

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import Rgb8
from her2path.image.estimate import _coloured, _pure, estimate_stains, estimate_white
from her2path.image.stains import (
    RUIFROK_DAB,
    RUIFROK_HAEMATOXYLIN,
    StainMatrix,
    Vector,
    density_tables,
    mix,
    optical_density,
)

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


def white_of(rgb: Rgb8) -> Vector:
    """Plain form of ``estimate_white``."""
    pixels = rgb.reshape(-1, 3)
    scanned = pixels[(pixels < 254).any(axis=1)]
    if len(scanned) < 0.01 * len(pixels):
        scanned = pixels
    grey = scanned.mean(axis=1)
    counts, edges = np.histogram(grey, bins=256, range=(0.0, 256.0))
    near = np.convolve(counts, np.ones(5), mode="same")
    enough = np.flatnonzero(near >= 0.01 * len(grey))
    brightest = enough[-1] if len(enough) else np.argmax(near)
    flank = np.arange(max(0, brightest - 6), brightest + 1)
    peak = edges[flank[np.argmax(near[flank])]] + 0.5
    red, green, blue = np.median(scanned[np.abs(grey - peak) <= 2.5], axis=0).tolist()
    return (red, green, blue)


@pytest.mark.parametrize("seed", range(6))
def test_white_is_that_of_a_plain_computation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    level, spread = ((230, 6), (10, 8), (250, 4), (128, 90), (255, 0), (252, 1))[seed]
    rgb = np.clip(rng.normal(level, spread, (60, 71, 3)), 0, 255).astype(np.uint8)
    assert estimate_white(rgb) == white_of(rgb)


@pytest.mark.parametrize("n", [0, 1, 5000])
def test_pure_pixels_are_those_of_a_plain_computation(n: int) -> None:
    rng = np.random.default_rng(n)
    pixels = rng.integers(0, 256, (n, 3)).astype(np.uint8)
    od, length = _coloured(pixels, density_tables(WHITE), 0.15, 1.2)
    all_od = optical_density(pixels, WHITE)
    of_all = np.linalg.norm(all_od, axis=1)
    kept = (of_all >= 0.15) & (of_all <= 1.2)
    assert np.array_equal(od, all_od[kept])
    assert np.array_equal(length, of_all[kept])
    density = rng.normal(0.2, 0.3, (len(od), 2))
    n_pure, total = _pure(od, length, density, (0.15, 0.3), 0.85)
    above = np.maximum(density, 0.0)
    share = above / np.maximum(above.sum(axis=1, keepdims=True), 1e-6)
    for stain, least in enumerate((0.15, 0.3)):
        pure = od[(share[:, stain] >= 0.85) & (length >= least)]
        assert n_pure[stain] == len(pure)
        assert np.array_equal(total[stain], pure.sum(axis=0))
