import numpy as np
import pytest

from her2path.arrays import Mask
from her2path.scoring.arrangement import arrangement, fellow_share, segregation

SIDE = 80
Y, X = np.divmod(np.arange(SIDE**2), SIDE)
YX_UM = np.stack([Y, X], axis=1) * 12.0 + np.random.default_rng(0).uniform(-2, 2, (SIDE**2, 2))
CHANCE = np.random.default_rng(1).random(SIDE**2)


@pytest.mark.parametrize(
    ("positive", "expected"),
    [
        (np.zeros(SIDE**2, bool), "homogeneous"),
        (np.ones(SIDE**2, bool), "homogeneous"),
        (CHANCE < 0.02, "homogeneous"),
        (X < 24, "clustered"),
        ((Y - 40) ** 2 + (X - 40) ** 2 < 36, "clustered"),  # a hot spot of 2 %
        ((Y // 4 + X // 4) % 2 == 0, "mosaic"),
        (CHANCE < 0.45, "mosaic"),
        (CHANCE < 0.07, "scattered"),
    ],
)
def test_the_words_and_that_negative_islands_count_like_positive_ones(positive: Mask, expected: str) -> None:
    assert arrangement(YX_UM, positive) == expected
    assert arrangement(YX_UM, ~positive) == expected


def test_segregation_is_zero_by_chance_and_near_one_apart() -> None:
    mixed, apart = CHANCE < 0.3, X < 24
    assert segregation(fellow_share(YX_UM, mixed), mixed) == pytest.approx(0, abs=0.03)
    assert segregation(fellow_share(YX_UM, apart), apart) > 0.9


def test_cells_at_one_point_are_no_error() -> None:
    assert arrangement(np.zeros((40, 2)), np.arange(40) < 15) in {"mosaic", "clustered", "scattered"}
