"""What the network must be shown to answer somewhere: steps that an answer depends on, and no more."""

from typing import TypeAlias

COARSEST = 8
"""Steps of 1 µm along a step of the coarsest grid of the body."""

REACH_UM = 44.0
"""How far from a place of the 1 µm grid a pixel can still change what is said of it; tested."""

Box: TypeAlias = tuple[slice, slice]
"""Rows and columns."""


def depends_on(step: int, side: int) -> tuple[int, int]:
    """Find the outermost of what the maps at a step of 1 µm depend on, on one side of it.

    Parameters
    ----------
    step
        Row or column.
    side
        -1 before it, 1 after it.

    Returns
    -------
    coarsest, finest
        Of what the second half of the body reads, on the 8 µm grid; of what its first half does, on the
        1 µm grid.
    """
    # A 3 × 3 convolution looks one step of its own grid further; one of stride 2 goes over to the finer grid.
    middle = (step + side) // 2
    coarse = (middle + side) // 2
    coarsest = (coarse + side) // 2
    four = 2 * (coarsest + 2 * side) + side
    two = 2 * (four + side) + side
    one = 2 * (two + side) + side
    return coarsest, one + side


def window_around(steps: range, least: int) -> tuple[slice, slice]:
    """Give all that the maps at some steps of 1 µm depend on, in whole steps of the coarsest grid.

    Parameters
    ----------
    steps
        Rows or columns of the 1 µm grid.
    least
        The window is not smaller than this many steps of 1 µm.

    Returns
    -------
    window, kept
        On the 1 µm grid; what the second half of the body needs of it, on the coarsest grid, counted from the
        start of the window.
    """
    first_kept, first = depends_on(steps.start, -1)
    last_kept, last = depends_on(steps.stop - 1, 1)
    start, stop = first // COARSEST, last // COARSEST + 1
    more = max(0, -(-least // COARSEST) - (stop - start))
    kept = slice(first_kept - start, last_kept + 1 + more - start)
    return slice(start * COARSEST, (stop + more) * COARSEST), kept
