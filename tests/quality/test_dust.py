"""Dark grains without a hue are dust, also where they were taken for tissue; nuclei and pigment are not."""

import numpy as np
import pytest

from her2path.arrays import Doubles, Floats
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix, optical_density
from her2path.quality.dust import find_dust

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "recipe")


def with_grain(section: Doubles, od: tuple[float, ...], size: tuple[int, int]) -> Floats:
    plain = optical_density(mix(section, STAINS), STAINS.white)
    plain[120 : 120 + size[0], 130 : 130 + size[1]] += od
    return plain.astype(np.float32)


@pytest.mark.parametrize("size", [(4, 4), (2, 30)], ids=["speck", "fibre"])
def test_grains_on_tissue_are_found(section: Doubles, size: tuple[int, int]) -> None:
    found = find_dust(with_grain(section, (0.8, 0.8, 0.8), size), section[0] > 0, 4.0)
    assert found[120 : 120 + size[0], 130 : 130 + size[1]].all()
    assert np.count_nonzero(found) < (size[0] + 6) * (size[1] + 6)


@pytest.mark.parametrize(
    ("od", "size"),
    [
        ((0.3, 0.7, 1.0), (4, 4)),
        ((0.8, 0.8, 0.8), (2, 2)),
        ((0.1, 0.1, 0.1), (4, 4)),
    ],
    ids=["hue", "granule", "pale"],
)
def test_what_is_no_dust(section: Doubles, od: tuple[float, ...], size: tuple[int, int]) -> None:
    assert not find_dust(with_grain(section, od, size), section[0] > 0, 4.0).any()


def test_a_grey_crumb_is_dust_and_a_blue_one_is_tissue(section: Doubles) -> None:
    od = np.zeros((256, 256, 3), np.float32)
    od[20:50, 20:50] = 0.1
    od[20:50, 100:130] = 0.1 * np.array(RUIFROK_HAEMATOXYLIN)
    found = find_dust(od, od.max(axis=2) > 0, 4.0)
    assert found[20:50, 20:50].all()
    assert not found[:, 90:].any()


def test_a_small_piece_of_blue_and_brown_is_tissue_though_grey_on_average() -> None:
    od = np.zeros((256, 256, 3), np.float32)
    chequered = np.indices((30, 30)).sum(axis=0)[..., None] % 2
    blue, brown = 0.1 * np.array(RUIFROK_HAEMATOXYLIN), 0.1 * np.array(RUIFROK_DAB)
    od[20:50, 20:50] = np.where(chequered, blue, brown)
    mean = od[20:50, 20:50].mean(axis=(0, 1))
    assert mean.min() > 0.7 * mean.max()
    assert not find_dust(od, od.max(axis=2) > 0, 4.0).any()
