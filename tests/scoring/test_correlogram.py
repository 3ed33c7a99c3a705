"""The variance of a share of cells from the likeness of their neighbours."""

import numpy as np
import pytest

from her2path.arrays import Bools, Doubles
from her2path.scoring.correlogram import Spread, spatial_spread


def _spread(yx_um: Doubles, strong: Bools) -> Spread:
    corner = np.ascontiguousarray((yx_um - yx_um.min(axis=0)).T)
    return spatial_spread(corner, np.where(strong, 8, 0).astype(np.int8))


def _patchy(rng: np.random.Generator, patch_um: float, n: int = 4000) -> tuple[Doubles, Bools]:
    """Squares of tissue that are 40 or 0 % strong, on 2 by 2 mm, laid anew each time."""
    yx_um = rng.uniform(0, 2000, (n, 2))
    row, column = ((yx_um + rng.uniform(0, patch_um, 2)) // patch_um).astype(int).T
    rate = np.where(rng.random((40, 40)) < 0.5, 0.4, 0.0)
    return yx_um, rng.random(n) < rate[row, column]


def test_independent_cells_have_the_binomial_variance() -> None:
    rng = np.random.default_rng(1)
    found = [_spread(rng.uniform(0, 2000, (4000, 2)), rng.random(4000) < 0.2).variance for _ in range(30)]
    assert np.median(found) == pytest.approx(2 * 0.2 * 0.8 / 4000, rel=0.25)  # strong and not: twice


@pytest.mark.parametrize("patch_um", [100, 200, 400])
def test_patches_have_about_the_variance_of_means_of_many_fields(patch_um: float) -> None:
    rng = np.random.default_rng(2)
    fields = [_patchy(rng, patch_um) for _ in range(60)]
    true = 2 * np.var([strong.mean() for _, strong in fields])
    found = np.array([_spread(*field).variance for field in fields])
    assert 0.6 * true < np.median(found) < 2.5 * true
    assert found.mean() > 0.9 * true  # on the safe side


def test_larger_patches_are_fewer() -> None:
    rng = np.random.default_rng(3)
    fine, coarse = (
        np.median([_spread(*_patchy(rng, patch_um)).patches for _ in range(20)]) for patch_um in (100, 400)
    )
    assert coarse < fine / 3


def test_the_order_of_the_cells_changes_nothing() -> None:
    yx_um, strong = _patchy(np.random.default_rng(4), 200)
    order = np.random.default_rng(5).permutation(len(strong))
    assert _spread(yx_um, strong) == _spread(yx_um[order], strong[order])


def test_tissue_of_one_pattern_has_no_variance() -> None:
    spread = _spread(np.random.default_rng(6).uniform(0, 500, (100, 2)), np.ones(100, bool))
    assert spread.variance == 0
