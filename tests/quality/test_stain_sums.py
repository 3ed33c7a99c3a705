from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from her2path.arrays import OD_STEP
from her2path.quality.cuts import Cuts
from her2path.quality.stain_sums import DARK_OD, STAINED_OD, stain_sums


@pytest.mark.parametrize("seed", range(8))
def test_sums_and_counts_are_those_of_a_plain_computation(
    cut_up: Callable[..., Cuts], block_sum: Callable[[NDArray[Any], Cuts], NDArray[np.int64]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    haematoxylin, dab = rng.integers(0, 65536 if seed % 2 else 1200, (2, 70, 93)).astype(np.uint16)
    cuts = cut_up(dab.shape, margin_px=5, seed=seed)
    got = stain_sums(haematoxylin, dab, cuts)
    assert (got["haematoxylin"] == block_sum(haematoxylin, cuts)).all()
    assert (got["dab"] == block_sum(dab, cuts)).all()
    assert (got["dark"] == block_sum(haematoxylin >= round(DARK_OD / OD_STEP), cuts)).all()
    assert (got["stained"] == block_sum(dab >= round(STAINED_OD / OD_STEP), cuts)).all()


@pytest.mark.parametrize(("limit_od", "name"), [(DARK_OD, "dark"), (STAINED_OD, "stained")])
def test_the_limit_is_much(limit_od: float, name: str) -> None:
    limit = round(limit_od / OD_STEP)
    one = np.array([[limit - 1, limit]], np.uint16)
    cuts = Cuts(0, 0, np.array([0, 1]), np.array([0, 1, 2]), np.ones((1, 2), np.uint8))
    assert stain_sums(one, one, cuts)[name].tolist() == [[0, 1]]
