from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.quality.colours import (
    DARK_DAB,
    DARK_PIGMENT,
    GLASS,
    TISSUE,
    class_counts,
    classes_of,
    colour_classes,
    colour_codes,
)
from her2path.quality.cuts import Cuts

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "published")


def class_of(od: tuple[float, float, float]) -> int:
    rgb = np.rint(240 * 10.0 ** -np.asarray(od)).astype(np.uint8)
    return int(classes_of(rgb[None, None], colour_classes(STAINS))[0, 0])


@pytest.mark.parametrize("amount", [0.7, 1.0, 1.4, 1.8])
@pytest.mark.parametrize("nucleus", [0.0, 0.3])
def test_dab_is_never_pigment_until_all_channels_clip(amount: float, nucleus: float) -> None:
    od = amount * np.asarray(RUIFROK_DAB) + nucleus * np.asarray(RUIFROK_HAEMATOXYLIN)
    assert class_of(tuple(od)) == DARK_DAB


@pytest.mark.parametrize("od", [(0.6, 0.6, 0.6), (1.2, 1.2, 1.2), (0.15, 0.45, 0.88), (0.21, 0.63, 1.23)])
def test_carbon_and_haemosiderin_are(od: tuple[float, float, float]) -> None:
    assert class_of(od) == DARK_PIGMENT


@pytest.mark.parametrize("od", [(0.0, 0.0, 0.0), (0.01, 0.01, 0.01)])
def test_glass_is_glass(od: tuple[float, float, float]) -> None:
    assert class_of(od) == GLASS


@pytest.mark.parametrize("amount", [0.1, 0.5, 0.9])
def test_a_nucleus_however_dark_is_tissue(amount: float) -> None:
    red, green, blue = (amount * channel for channel in RUIFROK_HAEMATOXYLIN)
    assert class_of((red, green, blue)) == TISSUE


def test_every_pixel_is_looked_up() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (50, 71, 3)).astype(np.uint8)
    classes = np.random.default_rng(1).integers(0, 4, 65536).astype(np.uint8)
    assert (classes_of(rgb[3:, 2:], classes) == classes[colour_codes(rgb)][3:, 2:]).all()


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_those_of_a_plain_computation(
    cut_up: Callable[..., Cuts], block_sum: Callable[[NDArray[Any], Cuts], NDArray[np.int64]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    colour = rng.integers(0, 4, (66, 81)).astype(np.uint8)
    grain, clump = rng.random((2, 66, 81)) < 0.3
    cuts = cut_up(colour.shape, margin_px=4, seed=seed)
    got = class_counts(colour, grain, clump, cuts)
    expected = {
        "pixels": np.ones(colour.shape),
        "tissue": colour != GLASS,
        "grain": grain,
        "pigment": (grain | clump) & (colour == DARK_PIGMENT),
    }
    assert list(got) == list(expected)
    for name, plane in expected.items():
        assert (got[name] == block_sum(plane, cuts)).all(), name
