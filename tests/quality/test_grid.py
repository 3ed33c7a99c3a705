import numpy as np
import pytest

from her2path.image.geometry import PixelSize
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.quality.blocks import BlockSums, plan_blocks
from her2path.quality.grid import merge_blocks

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "published")
PLAN = plan_blocks(PixelSize(0.25, 0.25), 16, np.ones((16, 16), bool), STAINS)


def sums(**given: int) -> BlockSums:
    """One block at row 1, column 0."""
    values = dict.fromkeys(BlockSums.__dataclass_fields__, 0) | {"row": 1, "pixels": 100} | given
    return BlockSums(**{name: np.array([value], np.int64) for name, value in values.items()})


def test_parts_of_one_block_are_added_and_averaged() -> None:
    grid = merge_blocks([sums(dab=2048 * 100, stained=100), sums(pixels=300)], PLAN)
    assert grid.pixels[1, 0] == 400
    assert grid.dab[1, 0] == pytest.approx(0.25)
    assert grid.stained[1, 0] == pytest.approx(0.25)
    assert np.isnan(grid.dab[0, 0])


def test_the_residual_is_what_both_stains_leave() -> None:
    od = 0.4 * np.asarray(RUIFROK_DAB) + 0.2 * np.asarray(RUIFROK_HAEMATOXYLIN)
    red, green, blue = (round(100 * 2048 * value) for value in od)
    assert merge_blocks([sums(red_od=red, green_od=green, blue_od=blue)], PLAN).residual[1, 0] == (
        pytest.approx(0, abs=0.002)
    )
    carbon = merge_blocks([sums(red_od=204800, green_od=204800, blue_od=204800)], PLAN)
    assert abs(carbon.residual[1, 0]) > 0.05
