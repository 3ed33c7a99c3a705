"""Cell contours: where the membrane of each cell runs, stained or not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Bools, Doubles, Floats, Ints, Plane16
from her2path.cells.columns import Columns
from her2path.cells.contours import ray_directions
from her2path.cells.measure import SIDE_UM
from her2path.cells.rays import strip_by_strip
from her2path.compiled import compiled
from her2path.image.geometry import PixelSize, Region, Tile, scales_for
from her2path.segment.borders import MAX_RADIUS_UM, half_way
from her2path.segment.rays import best_closed_path

CYTOPLASM_UM = 3.5
"""Expected distance from nucleus to membrane where no neighbour and no stain tells more."""

MAX_CYTOPLASM_UM = 8.0
NUCLEUS_CORE = 0.8
"""Of the radius of a nucleus: no membrane runs further in, unless the neighbour is nearer."""

MIN_RADIUS_UM = 1.5
OVERSHOOT = 1.6
"""How far beyond the half-way line to the next nucleus a membrane is looked for: nuclei lie off centre."""

KNOWN_WITHIN_UM = 2.0
"""How far a membrane is looked for from where a network says it is: the sides it is compared with lie as far
(``cells.measure.SIDE_UM``), so no other membrane is taken for it [P]."""

CREST_CAP_OD = 0.20
"""A crest counts up to this: a strong membrane nearby must not draw the path off the cell's own faint one."""

LEASH_OD_PER_UM = 0.008
"""What it costs the path to run away from the expected radius."""

PATH_STEP_UM, PATH_REACH = 0.5, 2
"""The path moves in steps of this length, by this many from ray to ray: 40° at a corner of a 12 µm cell. The
measure looks for the crest nearby."""

STEP_PENALTY_OD = 0.01

OUTSIDE = -(1 << 20)
"""Score of a place where no membrane is looked for: below any path."""

MEASURED_UM = 17.0
"""Nothing further from an anchor is read on the membrane grid: the longest radius, the far side of a membrane
there (``cells.measure``), and a pixel of smoothing on the coarsest grid."""

TOGETHER = 128
"""Cells whose contours are traced at a time: what they score along all rays fits the cache of a core."""

TURNED = 8
"""Cells whose scores are turned at a time: the nearest cache holds them."""


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
    return Search(*_limits(border_um, nucleus_radii_um[wanted], max(mpp_yx_um)))


@compiled
def _limits(border_um: Doubles, nucleus_radii_um: Floats, step_um: float) -> tuple[Doubles, Doubles, Doubles]:
    """Nearest, expected and furthest place of the membrane, from ``(n, rays)`` borders and nuclei."""
    nearest_um, expected_um = np.empty_like(border_um), np.empty_like(border_um)
    furthest_um = np.empty_like(border_um)
    core, cytoplasm_um = np.float32(NUCLEUS_CORE), np.float32(CYTOPLASM_UM)
    most_um = np.float32(MAX_CYTOPLASM_UM)
    for cell in range(border_um.shape[0]):
        for ray in range(border_um.shape[1]):
            nucleus_um, half_um = nucleus_radii_um[cell, ray], border_um[cell, ray]
            least_um = min(np.float64(core * nucleus_um), half_um)
            nearest_um[cell, ray] = least_um
            expected_um[cell, ray] = min(max(half_um, least_um), np.float64(nucleus_um + cytoplasm_um))
            beyond_um = max(OVERSHOOT * half_um, least_um) + step_um
            furthest_um[cell, ray] = min(beyond_um, np.float64(nucleus_um + most_um))
    return nearest_um, expected_um, furthest_um


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
    step_um = max(mpp_yx_um)
    n_rays = search.expected_um.shape[1]
    samples_um = np.asarray(np.arange(1, int(MAX_RADIUS_UM / step_um) + 1) * step_um, np.float64)
    along_px = ray_directions(n_rays) / np.asarray(mpp_yx_um, float)
    away_px = np.rint(along_px[:, None] * samples_um[:, None]).astype(np.int32)
    pool = max(1, round(PATH_STEP_UM / step_um))
    radii_um = samples_um[: len(samples_um) // pool * pool].reshape(-1, pool).mean(axis=1)
    side = max(1, round(SIDE_UM[0] / step_um)), max(1, round(SIDE_UM[1] / step_um))
    limits_um = tuple(
        np.ascontiguousarray(limit_um, np.float64)
        for limit_um in (search.nearest_um, search.expected_um, search.furthest_um)
    )
    weights = round(CREST_CAP_OD / OD_STEP), LEASH_OD_PER_UM / OD_STEP
    contours_um = np.empty((len(y), n_rays), np.float32)
    order = strip_by_strip(y, x)
    for first in range(0, len(y), TOGETHER):
        block = order[first : first + TOGETHER]
        score = _scores(dab, y, x, block, limits_um, away_px, radii_um, pool, side, weights)
        path = best_closed_path(score, reach=PATH_REACH, step_penalty=round(STEP_PENALTY_OD / OD_STEP))
        contours_um[block] = radii_um[path].T
    return contours_um


@compiled
def _scores(
    dab: Plane16,
    y: Ints,
    x: Ints,
    cells: NDArray[np.intp],
    limits_um: tuple[Doubles, ...],
    away_px: Ints,
    radii_um: Doubles,
    pool: int,
    side: tuple[int, int],
    weights: tuple[int, float],
) -> Ints:
    """Score the places that the membranes of some cells may run through: ``(rays, radii, cells)``.

    ``limits_um`` are the columns of ``Search``; ``away_px`` is ``(rays, samples, 2)`` from the anchor. Of the
    samples, ``pool`` make a radius; ``side`` counts them from a crest to where its sides begin and end.
    ``weights`` are what a crest counts at most, and what a µm of the leash costs.
    """
    nearest_um, expected_um, furthest_um = limits_um
    n, n_rays, n_samples, n_radii = len(cells), away_px.shape[0], away_px.shape[1], len(radii_um)
    near, far = side
    height, width = dab.shape
    pixels = dab.ravel()
    cap, leash = np.uint16(weights[0]), weights[1]
    score = np.empty((n_rays, n_radii, n), np.int32)
    # A cell's scores lie far apart: they are brought there for a few cells at a time.
    turned = np.empty((TURNED, n_radii, n_rays), np.int32)
    line = np.empty((n_samples + 2 * far, n_rays), np.uint16)
    inside = line[far : far + n_samples]
    palest = np.empty((n_samples + near + far, n_rays), np.uint16)
    rise = np.empty((n_samples, n_rays), np.uint16)
    away, reach = np.empty((n_rays, n_samples), np.uint64), 0
    for ray in range(n_rays):
        for sample in range(n_samples):
            dy, dx = away_px[ray, sample, 0], away_px[ray, sample, 1]
            away[ray, sample] = np.uint64(np.int64(dy) * width + dx)
            reach = max(reach, abs(dy), abs(dx))
    for place in range(n):
        cell = cells[place]
        if min(y[cell], x[cell]) >= reach and y[cell] + reach < height and x[cell] + reach < width:
            _look(pixels, np.uint64(np.int64(y[cell]) * width + x[cell]), away, inside)
        else:
            _look_at_edge(dab, y[cell], x[cell], away_px, inside)
        _prominence(line, near, far, palest, rise)
        slot = place % TURNED
        for radius in range(n_radii):
            crest, at_um = rise[radius * pool], radii_um[radius]
            for at in range(radius * pool + 1, (radius + 1) * pool):
                for ray in range(n_rays):
                    crest[ray] = max(crest[ray], rise[at, ray])
            for ray in range(n_rays):
                pull = np.int32(abs(at_um - expected_um[cell, ray]) * leash)
                within = (nearest_um[cell, ray] <= at_um) & (at_um <= furthest_um[cell, ray])
                gain = np.int32(np.int32(min(crest[ray], cap)) - pull)
                turned[slot, radius, ray] = gain if within else np.int32(OUTSIDE)
        if slot == TURNED - 1 or place == n - 1:
            for ray in range(n_rays):
                for radius in range(n_radii):
                    for which in range(slot + 1):
                        score[ray, radius, place - slot + which] = turned[which, radius, ray]
    return score


@compiled
def _look(
    pixels: NDArray[np.uint16], anchor: np.uint64, away: NDArray[np.uint64], inside: NDArray[np.uint16]
) -> None:
    """Read the rays of one anchor from the pixels of a plane into ``inside``, ``(samples, rays)``.

    Places count along the rows of the plane. Unsigned, an index need not be asked for its sign, and sums wrap
    to what is meant.
    """
    for ray in range(away.shape[0]):
        for sample in range(away.shape[1]):
            inside[sample, ray] = pixels[anchor + away[ray, sample]]


@compiled
def _look_at_edge(plane: Plane16, y: int, x: int, away_px: Ints, inside: NDArray[np.uint16]) -> None:
    """Read the same where rays leave the plane: its edge is repeated."""
    bottom, right = plane.shape[0] - 1, plane.shape[1] - 1
    for ray in range(away_px.shape[0]):
        for sample in range(away_px.shape[1]):
            row = min(max(y + away_px[ray, sample, 0], 0), bottom)
            inside[sample, ray] = plane[row, min(max(x + away_px[ray, sample, 1], 0), right)]


@compiled
def _prominence(
    line: NDArray[np.uint16], near: int, far: int, palest: NDArray[np.uint16], rise: NDArray[np.uint16]
) -> None:
    """Tell how much darker each sample is than both its sides: ``rise``, ``(samples, rays)``.

    ``line`` has ``far`` samples more at both ends, where the last ones are repeated. The palest of each
    stretch as wide as a side is found once: it is the inner side of one sample, the outer one of another.
    """
    n_samples = len(rise)
    for beyond in range(far):
        for ray in range(line.shape[1]):
            line[beyond, ray] = line[far, ray]
            line[far + n_samples + beyond, ray] = line[far + n_samples - 1, ray]
    # Along all rays at once, in long loops.
    stretches = palest.ravel()
    begin = line.ravel()
    for place in range(len(stretches)):
        stretches[place] = begin[place]
    for apart in range(1, far - near + 1):
        further = line[apart:].ravel()
        for place in range(len(stretches)):
            stretches[place] = min(stretches[place], further[place])
    outer, here, rises = palest[near + far :].ravel(), line[far:].ravel(), rise.ravel()
    for place in range(len(rises)):
        sides = max(stretches[place], outer[place])
        rises[place] = max(here[place], sides) - sides
