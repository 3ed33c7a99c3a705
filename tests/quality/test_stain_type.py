from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2path.errors import NotEvaluableError
from her2path.image.estimate import estimate_white
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, Vector, mix
from her2path.phantom.scanner import SCANNERS
from her2path.quality.stain_type import green_excess, refuse_other_stain, stain_type

WHITE = (240.0, 240.0, 240.0)

HAEMATOXYLIN = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, WHITE, "published")

AEC = (0.274, 0.679, 0.680)

OTHER = {
    "pink": [(0.07, 0.99, 0.11), (0.09, 0.95, 0.28), (0.21, 0.85, 0.48), AEC],
    "green": [(0.947, 0.254, 0.196), (0.980, 0.144, 0.133)],
    "black": [(0.577, 0.577, 0.577), (0.55, 0.58, 0.60)],
}
"""Published vectors: eosin twice, Fast Red, AEC; light green, methyl green; black."""


def tissue(stains: StainMatrix, *, blue: float = 0.3, chromogen: float = 0.6) -> NDArray[np.uint8]:
    """A third of the pixels each of glass, nuclei, and cytoplasm with the chromogen."""
    rng = np.random.default_rng(5)
    densities = np.zeros((3, 1, 24_000))
    densities[0, 0, :8000] = blue * rng.uniform(0.5, 1.0, 8000)
    densities[1, 0, 8000:16_000] = chromogen * rng.uniform(0.3, 1.5, 8000)
    pixels = mix(densities, stains).reshape(-1, 3)
    rng.shuffle(pixels)
    return pixels


@pytest.mark.parametrize(("expected", "vector"), [(k, v) for k, vs in OTHER.items() for v in vs])
def test_another_chromogen_is_named_and_refused(expected: str, vector: Vector) -> None:
    stains = StainMatrix(RUIFROK_HAEMATOXYLIN, vector, WHITE, "published")
    found = stain_type(tissue(stains), WHITE)
    assert found.stain == expected
    with pytest.raises(NotEvaluableError) as raised:
        refuse_other_stain(found)
    assert raised.value.code == "NOT_IHC"
    assert "give the HER2" in str(raised.value)


def test_little_red_brown_on_much_blue_is_no_dab() -> None:
    stains = StainMatrix(RUIFROK_HAEMATOXYLIN, AEC, WHITE, "published")
    mostly_blue = np.concatenate([tissue(stains), *[tissue(stains, chromogen=0.0)] * 11])
    found = stain_type(mostly_blue, WHITE)
    assert found.stain == "red-brown"
    assert "AEC" in found.evidence


@pytest.mark.parametrize("name", SCANNERS)
def test_haematoxylin_and_dab_of_every_scanner_pass(name: str) -> None:
    stains = SCANNERS[name].stains
    found = stain_type(tissue(stains), stains.white)
    assert found.stain == "h-dab"
    refuse_other_stain(found)


@pytest.mark.parametrize("name", SCANNERS)
def test_a_slide_without_dab_is_a_negative_one(name: str) -> None:
    stains = SCANNERS[name].stains
    found = stain_type(tissue(stains, chromogen=0.0), stains.white)
    assert found.stain == "haematoxylin"
    assert found.is_scorable


def test_a_slide_too_pale_to_have_a_colour_passes() -> None:
    pixels = np.full((8000, 3), 236, np.uint8)
    pixels[::2] = (230, 225, 236)
    assert stain_type(pixels, WHITE).is_scorable


@given(st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_no_mixture_of_haematoxylin_and_dab_leaves_the_line(blue: float, brown: float) -> None:
    density = (blue + 1e-3) * np.asarray(RUIFROK_HAEMATOXYLIN) + brown * np.asarray(RUIFROK_DAB)
    assert green_excess((density / density.sum())[None])[0] == pytest.approx(0.0, abs=1e-9)


def test_an_inverted_and_a_fluorescent_image_are_dark() -> None:
    inverted = 255 - tissue(HAEMATOXYLIN)
    assert stain_type(inverted, (20.0, 20.0, 20.0)).stain == "dark"
    rng = np.random.default_rng(2)
    nuclei = np.zeros((20_000, 3), np.uint8)
    nuclei[::10, 2] = rng.integers(100, 255, 2000)
    assert stain_type(nuclei, (2.0, 2.0, 240.0)).stain == "dark"


def test_light_that_is_not_white_is_said_where_tissue_is_bright() -> None:
    stains = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (120.0, 180.0, 240.0), "published")
    found = stain_type(tissue(stains), stains.white)
    assert found.stain == "dark"
    assert "120/180/240" in found.evidence


def test_a_grey_image_has_no_stain_to_tell() -> None:
    grey = tissue(HAEMATOXYLIN).mean(axis=1).astype(np.uint8)
    assert stain_type(np.repeat(grey[:, None], 3, axis=1), WHITE).stain == "grey"


def test_pale_tissue_taken_for_white_does_not_hide_eosin() -> None:
    # The palest of a field without glass is itself eosin: measured from it, half of the eosin is gone.
    he = StainMatrix(RUIFROK_HAEMATOXYLIN, (0.07, 0.99, 0.11), (220.0, 220.0, 220.0), "published")
    rng = np.random.default_rng(3)
    densities = np.zeros((3, 1, 20_000))
    densities[0, 0] = rng.uniform(0.1, 0.3, 20_000)
    densities[1, 0] = rng.uniform(0.04, 0.16, 20_000)
    pixels = mix(densities, he).reshape(-1, 3)
    assert stain_type(pixels, (218.0, 195.0, 214.0)).stain == "pink"


def test_carbon_on_a_small_part_of_a_negative_slide_is_no_chromogen() -> None:
    pixels = tissue(HAEMATOXYLIN, chromogen=0.0)
    pixels[: len(pixels) // 50] = 30
    assert stain_type(pixels, WHITE).is_scorable


@pytest.mark.slow
@pytest.mark.realdata
def test_real_her2_passes_and_real_eosin_does_not(realdata: Path) -> None:
    def whole(path: Path) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.asarray(cv2.imread(str(path)))[..., ::-1], np.uint8)

    for path in sorted(realdata.glob("her2_fields/*.png")):
        rgb = whole(path)
        assert stain_type(rgb.reshape(-1, 3), estimate_white(rgb)).is_scorable, path.name
    eosin = sorted(realdata.glob("nuclei/tnbc/images/*.png"))
    refused = [
        not stain_type(rgb.reshape(-1, 3), estimate_white(rgb)).is_scorable for rgb in map(whole, eosin)
    ]
    assert np.mean(refused) > 0.95
