import numpy as np
import pytest

from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.quality.colours import (
    DARK_DAB,
    DARK_PIGMENT,
    GLASS,
    TISSUE,
    colour_classes,
    colour_codes,
)

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "published")


def class_of(od: tuple[float, float, float]) -> int:
    rgb = np.rint(240 * 10.0 ** -np.asarray(od)).astype(np.uint8)
    return int(colour_classes(STAINS)[colour_codes(rgb[None, None])][0, 0])


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
