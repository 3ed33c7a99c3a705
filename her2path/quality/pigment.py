"""Dark bits that are no staining: pigment, by its colour, and precipitate of DAB, by its shape."""

from her2path.arrays import Doubles, Mask
from her2path.flags import Flag
from her2path.quality.grid import BlockGrid

LEAST = 0.002
"""Share of a block: 2 µm² in 32 µm × 32 µm, a few granules. Less changes no cell's grade."""

PIGMENT_SHARE, GRAIN_SHARE = 0.30, 0.45
"""Least part of all that is stained. Membranes always show pale parts beside the dark ones: short dark bits
make up at most 0.25 of the stained pixels in the stained blocks of real cores and fields, 0.44 in phantoms
with dots and brown nuclei, and about 0.55 where grains were drawn on unstained real tissue; pixels of
pigment's colour at most 0.27 in 3+ phantoms whose membranes clip."""

MANY = 0.01
"""Share of the tissue from which a reader should look. Dirt on clean real cores makes up to 0.2 %."""

MOSTLY_STAINED = 0.50
"""Share of a block that is stained from which nobody can tell what lies between the membranes: DAB that clips
looks black."""


def pigment(grid: BlockGrid) -> Mask:
    """Find blocks where what looks brown is mostly pigment: black, golden, or too grey for DAB.

    Parameters
    ----------
    grid
        Of the slide.

    Returns
    -------
    Mask
        ``(rows, columns)`` bool, on the blocks.
    """
    return _stands_out(grid.pigment, PIGMENT_SHARE, grid)


def precipitate(grid: BlockGrid) -> Mask:
    """Find blocks where what is brown is mostly grains of DAB, too short for membranes.

    Parameters
    ----------
    grid
        Of the slide.

    Returns
    -------
    Mask
        ``(rows, columns)`` bool, on the blocks.
    """
    return _stands_out(grid.grain, GRAIN_SHARE, grid) & ~pigment(grid)


def pigment_flags(pigment_mm2: float, precipitate_mm2: float, tissue_mm2: float) -> tuple[Flag, ...]:
    """Say how much of the tissue was left out because of pigment, and of precipitate.

    Parameters
    ----------
    pigment_mm2, precipitate_mm2
        Areas left out.
    tissue_mm2
        Of what was asked for.
    """
    return tuple(
        Flag(
            code,
            "warning" if mm2 > MANY * tissue_mm2 else "info",
            f"{mm2:.3f} mm² of tissue ({mm2 / tissue_mm2:.1%}) hold {what}; left out",
        )
        for code, mm2, what in (
            ("PIGMENT", pigment_mm2, "pigment, which is brown or black without any antibody"),
            ("PRECIPITATE", precipitate_mm2, "grains of precipitated DAB"),
        )
        if mm2
    )


def _stands_out(foreign: Doubles, share: float, grid: BlockGrid) -> Mask:
    mask: Mask = (foreign >= LEAST) & (foreign >= share * grid.stained) & (grid.stained < MOSTLY_STAINED)
    return mask
