"""What the network learns from: a field of pixels and what is known of the cells in it."""

from dataclasses import dataclass

from her2path.arrays import Codes, Floats, Ints, Rgb8

INPUT_MPP_UM = 0.25
"""Pixel size the network sees; every slide is resampled to it."""

STRIDE = 4
"""Input pixels per step of the output grid: 1 µm."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One field; ``g`` = side / STRIDE, ``n`` places where something is known of a cell.

    NaN, and -1 for a kind, stand for what is not known; nothing is learnt there.
    """

    rgb: Rgb8
    """``(side, side, 3)`` uint8 at ``INPUT_MPP_UM``."""

    white: tuple[float, float, float]
    """Red, green, blue of empty glass."""

    centre: Floats
    """``(g, g)`` 1 at the centre of a nucleus falling to 0 around it."""

    centre_known: Floats
    """``(g, g)`` 1 where ``centre`` and ``membrane`` can be trusted, 0 where nothing is learnt of them."""

    membrane: Floats
    """``(g, g)`` 1 where a stained membrane runs through the step."""

    y: Ints
    """``(n,)`` row on the grid of a place inside a nucleus, near its centre."""

    x: Ints
    """``(n,)`` column."""

    kind: Codes
    """``(n,)`` see ``cells.vocabulary``."""

    membrane_od: Floats
    """``(n,)`` mean density along the stained part of that cell's membrane; NaN where none is stained."""

    completeness: Floats
    """``(n,)`` stained share of that cell's contour."""

    nucleus_radii_um: Floats
    """``(n, N_RAYS)`` from the middle of that step to the outline of the nucleus."""

    cell_radii_um: Floats
    """``(n, N_RAYS)`` from there to the outline of the cell."""
