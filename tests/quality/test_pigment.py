from dataclasses import replace

import numpy as np

from her2path.image.geometry import PixelSize
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.quality.blocks import BlockSums, plan_blocks
from her2path.quality.grid import BlockGrid, merge_blocks
from her2path.quality.pigment import pigment, pigment_flags, precipitate

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "published")
PLAN = plan_blocks(PixelSize(0.25, 0.25), 16, np.ones((8, 8), bool), STAINS)


def block(*, grain: float = 0, pigmented: float = 0, stained: float = 0) -> BlockGrid:
    """One block with these shares."""
    one = BlockSums(**{name: np.zeros(1, np.int64) for name in BlockSums.__dataclass_fields__})
    shares = {"grain": grain, "pigment": pigmented, "stained": stained}
    counts = {name: np.array([round(4096 * share)]) for name, share in shares.items()}
    return merge_blocks([replace(one, pixels=np.array([4096]), **counts)], PLAN)


def test_black_clumps_on_unstained_tissue_are_pigment() -> None:
    grid = block(grain=0.012, pigmented=0.012, stained=0.025)
    assert pigment(grid).all()
    assert not precipitate(grid).any()


def test_brown_grains_on_unstained_tissue_are_precipitate() -> None:
    grid = block(grain=0.004, stained=0.007)
    assert precipitate(grid).all()
    assert not pigment(grid).any()


def test_dark_bits_between_membranes_are_left() -> None:
    """As blocks of a real 2+ core, a 3+ phantom whose membranes clip, and one with dots read."""
    for grid in (
        block(grain=0.05, pigmented=0.004, stained=0.30),
        block(grain=0.06, pigmented=0.25, stained=0.98),
        block(grain=0.04, pigmented=0.01, stained=0.12),
    ):
        assert not (pigment(grid) | precipitate(grid)).any()


def test_a_single_grain_is_left() -> None:
    grid = block(grain=0.001, pigmented=0.001, stained=0.001)
    assert not (pigment(grid) | precipitate(grid)).any()


def test_flags_name_what_was_left_out() -> None:
    assert pigment_flags(0.0, 0.0, 3.0) == ()
    flags = pigment_flags(0.3, 0.02, 3.0)
    assert [(flag.code, flag.severity) for flag in flags] == [("PIGMENT", "warning"), ("PRECIPITATE", "info")]
    assert "10.0%" in flags[0].detail
