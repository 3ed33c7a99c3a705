from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix
from her2path.phantom.scanner import SCANNERS
from her2path.quality.balance import check_balance

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (242.0, 242.0, 242.0), "published")


def tissue(stains: StainMatrix, *, nucleus_od: float = 0.2, dab_od: float = 0.4) -> NDArray[np.uint8]:
    """Half cytoplasm, a third nuclei, the rest brown."""
    rng = np.random.default_rng(1)
    densities = np.zeros((3, 1, 60_000))
    densities[0, 0] = 0.2 * nucleus_od
    densities[0, 0, :20_000] = nucleus_od * rng.uniform(0.4, 1.1, 20_000)
    densities[1, 0, 20_000:30_000] = dab_od * rng.uniform(0.2, 1.2, 10_000)
    pixels = mix(densities, stains).reshape(-1, 3)
    rng.shuffle(pixels)
    return pixels


def codes(pixels: NDArray[np.uint8], stains: StainMatrix) -> list[str]:
    return [flag.code for flag in check_balance(pixels, stains)]


@pytest.mark.parametrize("name", SCANNERS)
def test_a_usual_slide_of_every_scanner_is_not_flagged(name: str) -> None:
    stains = SCANNERS[name].stains
    assert codes(tissue(stains), stains) == []


def test_glass_without_tissue_tells_nothing() -> None:
    assert codes(np.full((2000, 3), 242, np.uint8), STAINS) == []


def test_coloured_light_is_flagged() -> None:
    yellow = replace(STAINS, white=(250.0, 240.0, 200.0))
    assert codes(tissue(yellow), yellow) == ["COLOUR_CAST"]


@pytest.mark.parametrize(
    ("nucleus_od", "expected"),
    [(0.08, ["WEAK_COUNTERSTAIN"]), (0.2, []), (0.4, []), (0.7, ["STRONG_COUNTERSTAIN"])],
)
def test_haematoxylin_too_weak_or_too_strong_is_flagged(nucleus_od: float, expected: list[str]) -> None:
    assert codes(tissue(STAINS, nucleus_od=nucleus_od), STAINS) == expected


@pytest.mark.parametrize(
    ("name", "stains"),
    [
        ("haematoxylin", replace(STAINS, haematoxylin=(0.45, 0.35, 0.82))),
        ("dab", replace(STAINS, dab=(0.75, 0.55, 0.35))),
    ],
)
def test_a_vector_far_from_the_published_one_is_named(name: str, stains: StainMatrix) -> None:
    flags = [flag for flag in check_balance(tissue(stains), stains) if flag.code == "STAIN_VECTORS_ODD"]
    assert len(flags) == 1
    assert name in flags[0].detail.lower()


def test_tissue_that_neither_stain_explains_is_flagged() -> None:
    other = StainMatrix((0.64, 0.72, 0.27), (0.07, 0.99, 0.11), STAINS.white, "published")
    pixels = tissue(other, nucleus_od=0.05, dab_od=0.5)
    assert "STAIN_VECTORS_ODD" in codes(pixels, STAINS)


def test_tissue_beyond_the_sensor_is_flagged() -> None:
    pixels = tissue(STAINS)
    pixels[: len(pixels) // 10] = 0
    assert codes(pixels, STAINS) == ["SATURATED"]


def test_tissue_hardly_darker_than_glass_is_flagged() -> None:
    assert codes(tissue(STAINS, nucleus_od=0.03, dab_od=0.03), STAINS) == ["LOW_CONTRAST"]
