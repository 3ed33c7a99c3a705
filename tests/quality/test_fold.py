"""Where a section lies double both stains rise; dense nests, follicles and 3+ clones are single."""

import numpy as np
import pytest

from her2path.arrays import Doubles, Mask
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, mix
from her2path.quality.fold import find_folds

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "recipe")
BAND = np.s_[120:132, 60:200]


def folds(planes: Doubles) -> Mask:
    return find_folds(mix(planes, STAINS), STAINS, planes[0] > 0, 4.0)


def test_a_band_of_two_layers_is_found(section: Doubles) -> None:
    double = section.copy()
    double[:, *BAND] += section[:, 60:72, 60:200]
    found = folds(double)
    assert found[BAND].mean() > 0.4
    assert np.count_nonzero(found[:110]) + np.count_nonzero(found[142:]) == 0


def test_a_single_layer_has_none(section: Doubles) -> None:
    assert not folds(section).any()


@pytest.mark.parametrize(("stain", "gain"), [(0, 2.0), (1, 6.0)], ids=["follicle", "3+ clone"])
def test_one_stain_alone_is_no_fold(section: Doubles, stain: int, gain: float) -> None:
    dense = section.copy()
    dense[stain, 110:140, 80:170] *= gain
    assert not folds(dense).any()


def test_tissue_without_nuclei_has_none(section: Doubles) -> None:
    assert not folds(np.zeros_like(section)).any()
    assert not folds(section * [[[0.05]], [[1.0]], [[0.0]]]).any()
