import numpy as np
import pytest

from her2path.phantom.lesions import ABSENT, fat_holes, fold_cover, necrotic
from her2path.phantom.tissue import TissueMap

SHAPE = (200, 240)
TISSUE, NO_TUMOUR = np.full(SHAPE, 1000, np.float32), np.full(SHAPE, -1000, np.float32)


def test_nothing_is_there_unless_asked_for() -> None:
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert (fat_holes(0, TISSUE, NO_TUMOUR, rng) == ABSENT).all()
    assert (necrotic(0, TISSUE, rng) == ABSENT).all()
    assert not fold_cover(0, SHAPE, rng).any()
    assert rng.bit_generator.state == before


def test_fat_is_mostly_holes_with_walls_between() -> None:
    fat = fat_holes(1.0, TISSUE, NO_TUMOUR, np.random.default_rng(1)) > 0
    assert 0.5 < fat.mean() < 0.95
    tumour = np.where(np.arange(240) < 120, 100, -100) * np.ones(SHAPE, np.float32)
    beside = fat_holes(1.0, TISSUE, tumour.astype(np.float32), np.random.default_rng(1)) > 0
    assert not beside[:, :120].any()
    assert beside[:, 125:].mean() > 0.4


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_shares_are_met(share: float, tissue: TissueMap) -> None:
    folded = fold_cover(share, SHAPE, np.random.default_rng(2))
    assert folded.mean() == pytest.approx(share, abs=0.04)
    assert (folded.min(), folded.max()) == (0, 1)
    dead = necrotic(share, tissue.tumour, np.random.default_rng(2)) > 0
    assert not dead[tissue.tumour < -6].any()
    assert dead.sum() / (tissue.tumour > 0).sum() == pytest.approx(share, abs=0.1)
