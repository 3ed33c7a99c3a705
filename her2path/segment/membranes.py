"""Cell contours: where the membrane of each cell runs, stained or not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from her2path.arrays import OD_STEP, Bools, Doubles, Floats, Ints, Plane16
from her2path.cells.columns import Columns
from her2path.cells.contours import ray_directions
from her2path.cells.measure import prominence
from her2path.cells.rays import sample_rays
from her2path.image.geometry import PixelSize, Region, Tile, scales_for
from her2path.segment.rays import best_closed_path

CYTOPLASM_UM = 3.5
"""Expected distance from nucleus to membrane where no neighbour and no stain tells more."""

MAX_CYTOPLASM_UM = 8.0
MIN_RADIUS_UM, MAX_RADIUS_UM = 1.5, 13.0
OVERSHOOT = 1.6
"""How far beyond the half-way line to the next nucleus a membrane is looked for: nuclei lie off centre."""

KNOWN_WITHIN_UM = 2.0
"""How far a membrane is looked for from where a network says it is: the sides it is compared with lie as far
(``cells.measure.SIDE_UM``), so no other membrane is taken for it [P]."""

NEIGHBOURS = 12
CREST_CAP_OD = 0.20
"""A crest counts up to this: a strong membrane nearby must not draw the path off the cell's own faint one."""

LEASH_OD_PER_UM = 0.008
"""What it costs the path to run away from the expected radius."""

PATH_STEP_UM, PATH_REACH = 0.5, 2
"""The path moves in steps of this length, by this many from ray to ray: 40° at a corner of a 12 µm cell. The
measure looks for the crest nearby."""

STEP_PENALTY_OD = 0.01
DECIMALS = 6
"""Positions in µm carry rounding errors that differ from tile to tile; differences are rounded to this."""

OUTSIDE = -(1 << 20)
"""Score of a place where no membrane is looked for: below any path."""


MEASURED_UM = 17.0
"""Nothing further from an anchor is read on the membrane grid: the longest radius, the far side of a membrane
there (``cells.measure``), and a pixel of smoothing on the coarsest grid."""


TOGETHER = 2048
"""Cells whose contours are traced at a time: one ray of all of them fits the cache of a core."""


@dataclass(frozen=True, eq=False)
class Search(Columns):
    """Where along each ray the membrane is looked for; ``(n, rays)`` µm each."""

    nearest_um: Floats | Doubles
    expected_um: Floats | Doubles
    furthest_um: Floats | Doubles


def search_between(
    y: Ints, x: Ints, nucleus_radii_um: Floats, mpp_yx_um: tuple[float, float], *, wanted: Bools
) -> Search:
    """Look around the half-way lines to the neighbouring nuclei.

    Parameters
    ----------
    y, x
        ``(n,)`` anchors in pixels of the membrane grid.
    nucleus_radii_um
        ``(n, rays)``.
    mpp_yx_um
        Pixel size of the grid.
    wanted
        ``(n,)`` whose membranes are looked for; the others are only neighbours.
    """
    at_um = np.stack([y * mpp_yx_um[0], x * mpp_yx_um[1]], axis=1)
    border_um = half_way(at_um, nucleus_radii_um, wanted)
    nucleus_radii_um = nucleus_radii_um[wanted]
    nearest_um = np.minimum(0.8 * nucleus_radii_um, border_um)
    furthest_um = np.maximum(OVERSHOOT * border_um, nearest_um) + max(mpp_yx_um)
    return Search(
        nearest_um=nearest_um,
        expected_um=np.minimum(np.maximum(border_um, nearest_um), nucleus_radii_um + CYTOPLASM_UM),
        furthest_um=np.minimum(furthest_um, nucleus_radii_um + MAX_CYTOPLASM_UM),
    )


def search_around(cell_radii_um: Floats) -> Search:
    """Look around contours that are already known within ``KNOWN_WITHIN_UM``; ``(n, rays)``."""
    expected_um = np.clip(cell_radii_um, MIN_RADIUS_UM, MAX_RADIUS_UM - 1)
    return Search(
        nearest_um=np.maximum(expected_um - KNOWN_WITHIN_UM, MIN_RADIUS_UM),
        expected_um=expected_um,
        furthest_um=expected_um + KNOWN_WITHIN_UM,
    )


def near_core(tile: Tile, pixel_size: PixelSize) -> Region:
    """Give the part of ``tile.read`` that the membranes of the tile's own cells lie in.

    It begins and ends on whole pixels of every working grid of the tile.
    """
    step = scales_for(pixel_size).nucleus
    reach_px = int(np.ceil(MEASURED_UM / min(pixel_size.y_um, pixel_size.x_um)))
    near, read = tile.core.grown(reach_px), tile.read
    top = max(near.y_px - read.y_px, 0) // step * step
    left = max(near.x_px - read.x_px, 0) // step * step
    bottom = min(-(-(near.bottom_px - read.y_px) // step) * step, read.height_px)
    right = min(-(-(near.right_px - read.x_px) // step) * step, read.width_px)
    return Region(read.y_px + top, read.x_px + left, bottom - top, right - left)


def cell_contours(dab: Plane16, y: Ints, x: Ints, search: Search, mpp_yx_um: tuple[float, float]) -> Floats:
    """Contour of each cell.

    Parameters
    ----------
    dab
        ``(y, x)`` uint16, from ``image.stains.membrane_plane``.
    y, x
        ``(n,)`` anchors in pixels of that grid.
    search
        Where the membrane of each is looked for.
    mpp_yx_um
        Pixel size of the grid.

    Returns
    -------
    Floats
        ``(n, rays)`` µm.
    """
    if len(y) > TOGETHER:
        blocks = (slice(first, first + TOGETHER) for first in range(0, len(y), TOGETHER))
        return np.concatenate([cell_contours(dab, y[b], x[b], search.take(b), mpp_yx_um) for b in blocks])
    step_um = max(mpp_yx_um)
    radii_um = np.asarray(np.arange(1, int(MAX_RADIUS_UM / step_um) + 1) * step_um, np.float64)
    n_rays = search.expected_um.shape[1]
    samples = sample_rays(dab, y, x, np.tile(radii_um, (1, n_rays, 1)), mpp_yx_um)
    pool = max(1, round(PATH_STEP_UM / step_um))
    radii_um = radii_um[: len(radii_um) // pool * pool].reshape(-1, pool).mean(axis=1)
    score = np.empty((n_rays, len(radii_um), len(y)), np.int32)
    for ray in range(n_rays):
        crest = np.minimum(prominence(samples[ray], step_um), round(CREST_CAP_OD / OD_STEP))
        nearest_um, expected_um, furthest_um = (
            np.ascontiguousarray(of[:, ray])
            for of in (search.nearest_um, search.expected_um, search.furthest_um)
        )
        leash = np.abs(radii_um[:, None] - expected_um) * (LEASH_OD_PER_UM / OD_STEP)
        np.subtract(_pooled(crest, pool), leash.astype(np.int32), out=score[ray])
        beyond = (radii_um[:, None] < nearest_um) | (radii_um[:, None] > furthest_um)
        np.copyto(score[ray], OUTSIDE, where=beyond)
    path = best_closed_path(score, reach=PATH_REACH, step_penalty=round(STEP_PENALTY_OD / OD_STEP))
    return np.asarray(radii_um[path.T], np.float32)


def _pooled(crest: NDArray[np.uint16], size: int) -> NDArray[np.uint16]:
    """Largest of every ``size`` neighbouring radii: ``(radii, n)`` to ``(radii // size, n)``."""
    whole = len(crest) // size
    pooled: NDArray[np.uint16] = crest[: whole * size].reshape(whole, size, -1).max(axis=1)
    return pooled


def half_way(at_um: Doubles, nucleus_radii_um: Floats, wanted: Bools) -> Doubles:
    """Distance along each ray to the border with the nearest neighbour: ``(wanted, rays)`` µm.

    The border between two cells stands upright on the line between their centres and divides it as their
    mean nuclear radii do.
    """
    n, n_rays = nucleus_radii_um.shape
    border = np.full((n_rays, np.count_nonzero(wanted)), MAX_RADIUS_UM)
    if n < 2:
        return border.T
    size_um = np.sum(nucleus_radii_um, axis=1, dtype=np.float64) / n_rays
    own_um, own_size_um = at_um[wanted], size_um[wanted]
    reach_um = 2 * MAX_RADIUS_UM
    found = cKDTree(at_um).query(own_um, k=NEIGHBOURS + 2, distance_upper_bound=reach_um + 1)
    # Rounded, two cells are equally far apart wherever their tile begins.
    distance_um, index = np.round(found[0], DECIMALS), np.asarray(found[1])
    # Equally distant neighbours come in any order: those tied with the last one are left out, so that
    # which of them the tree happened to return plays no part.
    distance_um[distance_um == distance_um[:, -1:]] = np.inf
    # The last neighbour and the cell itself take no part.
    distance_um, index = distance_um[:, 1:-1], np.minimum(index[:, 1:-1], n - 1)
    towards = ray_directions(n_rays)[:, :, None]
    for neighbour in range(distance_um.shape[1]):
        other = index[:, neighbour]
        known = distance_um[:, neighbour] < reach_um
        away_um = np.round(at_um[other] - own_um, DECIMALS)
        apart_um = np.hypot(away_um[:, 0], away_um[:, 1])
        share = own_size_um / (own_size_um + size_um[other])
        along = away_um[:, 0] * towards[:, 0] + away_um[:, 1] * towards[:, 1]
        squared = np.where(known, share * apart_um * apart_um, np.inf)
        # A ray that points away, or nearly so, does not meet the border.
        along[along <= 0.2 * apart_um] = 0.0
        with np.errstate(divide="ignore"):
            np.minimum(border, squared / along, out=border)
    return border.T
