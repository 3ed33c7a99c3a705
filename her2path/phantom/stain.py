"""What HER2 staining looks like along the membranes of a block."""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles, Floats
from her2path.phantom.plan import CREST_OD, CellPlan
from her2path.phantom.scanner import Scanner, line_response
from her2path.phantom.shapes import Shapes, nearest
from her2path.phantom.view import View

WIDTH_UM = np.array([0.64, 0.64, 1.0, 1.5, 2.14])
"""Width of a membrane at the densities of ``CREST_OD``: 0.64 µm in 1+, 1.0 in 2+, 2.14 in 3+ (PMC5848460).

There the three classes are the slide scores; 1.5 for moderate lies between weak and strong.
"""

ARC_EDGE = 0.12
"""Radians over which staining fades at the end of an arc."""

OWN_SHARE = 0.9
"""Of a crest that the membrane itself gives; cytoplasm and folds on both sides give the rest (measured)."""

REACH_UM = 3.0
"""No stain is drawn farther from a membrane: there the widest profile has fallen below 1 %."""

SLANT_UM = 0.95
"""Standard deviation of the band that a slanting membrane leaves."""

BORDER_OD = 0.03
"""Haematoxylin of an unstained border: just visible, as on real score 0."""

_FWHM = 2.355
"""Full width at half maximum of a Gaussian in standard deviations."""


def crest_density(plan: CellPlan, shapes: Shapes, view: View) -> Floats:
    """Density of the membrane at every pixel of ``shapes.edge``: the stronger of the cells that share it.

    Returns
    -------
    Floats
        ``(len(shapes.edge),)``, OD, as it should read on the scanned slide.
    """
    y, x = np.divmod(shapes.edge, view.width_px)
    y_um, x_um = view.y_um + (y + 0.5) * view.mpp_um, view.x_um + (x + 0.5) * view.mpp_um
    own = shapes.cell.ravel()[shapes.edge]
    shared = shapes.neighbour >= 0
    other = np.where(shared, shapes.neighbour, own)
    stronger = np.maximum(_side_od(plan, own, y_um, x_um), shared * _side_od(plan, other, y_um, x_um))
    # Lighter and darker runs a µm or two long are part of the truth; finer grain is not.
    runs = np.clip(1 + 0.14 * view.pick(view.textures.clump, shapes.edge, 903), 0.5, 1.6)
    return np.asarray(stronger * runs, np.float32)


def _side_od(plan: CellPlan, row: NDArray[np.int32], y_um: Doubles, x_um: Doubles) -> Doubles:
    """Give what one cell alone would show at points of its outline."""
    angle = np.arctan2(y_um - plan.y_um[row], x_um - plan.x_um[row]) - plan.arc_axis[row]
    turn = 2 * np.pi / plan.arc_count[row]
    off = np.abs((angle + turn / 2) % turn - turn / 2)
    # Two opposite arcs wrap at half a turn; a full ring has no end.
    faded = np.exp(np.clip((off - plan.arc_half[row]) / (ARC_EDGE / 2), -30, 30))
    return np.asarray(plan.crest_od[row] / (1 + faded))


def membrane_sigma_um(crest_od: Floats) -> Floats:
    """Give the standard deviation of the profile across a membrane, in µm."""
    return np.interp(crest_od, CREST_OD, WIDTH_UM / _FWHM).astype(np.float32)


def draw_membranes(
    densities: Floats, view: View, shapes: Shapes, crest_od: Floats, *, scanner: Scanner, pixel_um: float
) -> None:
    """Draw DAB along the stained edges, and the faint line that every border shows."""
    if not len(shapes.edge):
        return
    textures = view.textures
    on_edge = np.zeros(view.shape, bool)
    on_edge.ravel()[shapes.edge] = True
    place = np.zeros(view.shape, np.int32)
    place.ravel()[shapes.edge] = np.arange(len(shapes.edge), dtype=np.int32)
    distance, owner = nearest(on_edge, place)

    sigma_um = membrane_sigma_um(crest_od)
    # Drawn as much darker as the optics will take from it: the truth is what can be read off the slide.
    response = line_response(sigma_um, scanner=scanner, pixel_um=pixel_um)
    drawn = OWN_SHARE * crest_od / response
    # Here thin and there thick; now and then a dark blob where the membrane folds.
    blob = 1 / (1 + np.exp(-8 * (view.pick(textures.bubble, shapes.edge, 57) - 1.9)))
    uneven = np.clip(1 + 0.18 * view.pick(textures.clump, shapes.edge, 457), 0.6, 1.4)
    sigma_um, drawn = sigma_um * uneven * (1 + 0.5 * blob), drawn * (1 + 0.7 * blob)

    close = np.flatnonzero(distance * view.mpp_um < REACH_UM)
    at = owner.ravel()[close]
    # The border runs half a pixel outside the cell's own edge pixels.
    same_cell = shapes.cell.ravel()[close] == shapes.cell.ravel()[shapes.edge[at]]
    across_um = (
        np.abs(distance.ravel()[close] + np.where(same_cell, 0.5, -0.5)).astype(np.float32) * view.mpp_um
    )
    # Where a membrane slants through the section it is a broad pale band.
    slant = 0.14 * (0.4 + np.clip(view.pick(textures.patch, close, 419), 0, 1.5))
    profile = (1 - slant) * _bell(across_um, sigma_um[at]) + slant * _bell(across_um, SLANT_UM)
    grain = np.clip(1 + 0.13 * view.pick(textures.chromatin, close, 57), 0.5, 1.5)
    flat = densities.reshape(-1, 5)
    flat[close, 1] += drawn[at] * profile * grain
    line = np.clip(0.6 + 0.7 * view.pick(textures.patch, close, 611), 0, 1.6)
    flat[close, 0] += BORDER_OD * line * _bell(across_um, WIDTH_UM[0] / _FWHM)


def _bell(distance: Floats, sigma: Floats | float) -> Floats:
    return np.asarray(np.exp(-0.5 * (distance / sigma) ** 2), np.float32)
