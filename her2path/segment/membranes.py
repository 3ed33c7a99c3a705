"""Cell contours: where the membrane of each cell runs, stained or not."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from her2path.arrays import OD_STEP, Doubles, Floats, Ints, Plane16, Rgb8
from her2path.cells.contours import ray_directions
from her2path.cells.measure import prominence
from her2path.cells.rays import Samples, sample_rays
from her2path.image.stains import StainMatrix, dab_plane
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


@dataclass(frozen=True, eq=False)
class Search:
    """Where along each ray the membrane is looked for; ``(n, rays)`` µm each."""

    nearest_um: Floats | Doubles
    expected_um: Floats | Doubles
    furthest_um: Floats | Doubles


def search_between(y: Ints, x: Ints, nucleus_radii_um: Floats, mpp_yx_um: tuple[float, float]) -> Search:
    """Look around the half-way lines to the neighbouring nuclei.

    Parameters
    ----------
    y, x
        ``(n,)`` anchors in pixels of the membrane grid.
    nucleus_radii_um
        ``(n, rays)``.
    mpp_yx_um
        Pixel size of the grid.
    """
    border_um = half_way(np.stack([y * mpp_yx_um[0], x * mpp_yx_um[1]], axis=1), nucleus_radii_um)
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


def membrane_plane(rgb: Rgb8, stains: StainMatrix) -> Plane16:
    """DAB on the membrane grid, lightly smoothed: ``(y, x, 3)`` uint8 to ``(y, x)`` uint16."""
    # Smoothing the colours costs a third of smoothing the density, and is as independent of the tiling.
    smooth = cv2.GaussianBlur(rgb, (3, 3), 0)
    return dab_plane(np.asarray(smooth, np.uint8), stains)


def cell_contours(dab: Plane16, y: Ints, x: Ints, search: Search, mpp_yx_um: tuple[float, float]) -> Floats:
    """Contour of each cell.

    Parameters
    ----------
    dab
        ``(y, x)`` uint16, from ``membrane_plane``.
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
    step_um = max(mpp_yx_um)
    radii_um = np.asarray(np.arange(1, int(MAX_RADIUS_UM / step_um) + 1) * step_um, np.float64)
    n_rays = search.expected_um.shape[1]
    samples = sample_rays(dab, y, x, np.tile(radii_um, (1, n_rays, 1)), mpp_yx_um)
    crest = np.minimum(prominence(samples, step_um), round(CREST_CAP_OD / OD_STEP))
    crest, radii_um = _pooled(crest, radii_um, max(1, round(PATH_STEP_UM / step_um)))
    leash = np.abs(radii_um - search.expected_um[:, :, None]) * (LEASH_OD_PER_UM / OD_STEP)
    score = crest - leash.astype(np.int32)
    beyond = (radii_um < search.nearest_um[:, :, None]) | (radii_um > search.furthest_um[:, :, None])
    score[beyond] = OUTSIDE
    path = best_closed_path(score, reach=PATH_REACH, step_penalty=round(STEP_PENALTY_OD / OD_STEP))
    return radii_um[path].astype(np.float32)


def _pooled(crest: Samples, radii_um: Doubles, size: int) -> tuple[Samples, Doubles]:
    """Largest of every ``size`` neighbouring radii, and the middle of each group."""
    n, n_rays, n_radii = crest.shape
    whole = n_radii // size * size
    pooled = crest[:, :, :whole].reshape(n, n_rays, whole // size, size).max(axis=3)
    return pooled, np.asarray(radii_um[:whole].reshape(-1, size).mean(axis=1), np.float64)


def half_way(at_um: Doubles, nucleus_radii_um: Floats) -> Doubles:
    """Distance along each ray to the border with the nearest neighbour: ``(n, rays)`` µm.

    The border between two cells stands upright on the line between their centres and divides it as their
    mean nuclear radii do.
    """
    n, n_rays = nucleus_radii_um.shape
    border = np.full((n, n_rays), MAX_RADIUS_UM)
    if n < 2:
        return border
    size_um = np.sum(nucleus_radii_um, axis=1, dtype=np.float64) / n_rays
    reach_um = 2 * MAX_RADIUS_UM
    found = cKDTree(at_um).query(at_um, k=NEIGHBOURS + 2, distance_upper_bound=reach_um + 1)
    # Rounded, two cells are equally far apart wherever their tile begins.
    distance_um, index = np.round(found[0], DECIMALS), np.asarray(found[1])
    # Equally distant neighbours come in any order: those tied with the last one are left out, so that
    # which of them the tree happened to return plays no part.
    distance_um[distance_um == distance_um[:, -1:]] = np.inf
    # The last neighbour and the cell itself take no part.
    distance_um, index = distance_um[:, 1:-1], np.minimum(index[:, 1:-1], n - 1)
    towards = ray_directions(n_rays)
    for neighbour in range(distance_um.shape[1]):
        other = index[:, neighbour]
        known = distance_um[:, neighbour] < reach_um
        away_um = np.round(at_um[other] - at_um, DECIMALS)
        apart_um = np.hypot(away_um[:, 0], away_um[:, 1])
        share = size_um / (size_um + size_um[other])
        along = away_um[:, 0, None] * towards[:, 0] + away_um[:, 1, None] * towards[:, 1]
        facing = known[:, None] & (along > 0.2 * apart_um[:, None])
        to_border = (share * apart_um * apart_um)[:, None] / np.where(facing, along, 1.0)
        np.minimum(border, np.where(facing, to_border, np.inf), out=border)
    return border
