"""What the pixels say about each membrane: density, completeness, gap, cytoplasm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Doubles, Floats, Ints, Plane16
from her2path.cells.contours import ray_directions
from her2path.cells.maps import CellMaps
from her2path.compiled import compiled

CREST_UM = 0.6
"""The crest is the darkest sample within this of the contour."""

SIDE_UM = (0.9, 2.0)
"""The sides of a membrane are read this far from its crest; a strong one is 2.1 µm wide (PMC5848460)."""

PROMINENCE_OD = (0.02, 0.10)
BLUSH_WEIGHT = 2.0
"""A stained membrane is darker than both its sides: by this many times the cell's own cytoplasm, within these
bounds. The grain of a blush has crests of its own, as high as the blush is dark."""

RULED_OUT, SEEN = 0.1, 0.5
"""Probability of a stained membrane below which a network rules it out, and from which it sees one [P]."""

UNDENIABLE_OD = 0.40
"""Lines from here are not ruled out: a network knows the densest membranes of real 3+ tumour least of all."""

GRAIN_RAYS = 1
"""Runs of up to twice this many rays (2.4 µm of a 12 µm cell) are grain: neither an arc nor a gap."""

CYTOPLASM_AT = (0.2, 0.4, 0.6)
"""Where between nucleus and membrane the cytoplasm is read."""


@dataclass(frozen=True, eq=False)
class Membranes:
    """One row a cell."""

    membrane_od: Floats
    completeness: Floats
    longest_gap: Floats
    cytoplasm_od: Floats


def measure_membranes(maps: CellMaps, mpp_yx_um: tuple[float, float], *, stained_od: float) -> Membranes:
    """Read the DAB density along the contour of every cell.

    Each cell reads its own contour: a membrane that two cells share counts once for each of them.

    Parameters
    ----------
    maps
        ``n`` cells with contours and the DAB plane of the tile.
    mpp_yx_um
        Level-0 pixel size.
    stained_od
        From here a membrane counts as stained, if it is darker than both its sides or a network sees one.

    Returns
    -------
    Membranes
        ``membrane_od`` is the mean crest over the stained part of the contour, over all of it where none
        is stained. ``completeness`` and ``longest_gap`` are fractions of the contour's length.

    Raises
    ------
    ValueError
        If a radius is not a number, or not finite.
    """
    grid_mpp = (mpp_yx_um[0] * maps.scale, mpp_yx_um[1] * maps.scale)
    step_um = max(grid_mpp)
    near, far = (max(1, round(side / step_um)) for side in SIDE_UM)
    cell_radii_um = np.ascontiguousarray(maps.cell_radii_um)
    n_rays = cell_radii_um.shape[1]
    crest_reach = round(CREST_UM / step_um)
    along_px = np.ascontiguousarray((ray_directions(n_rays) / np.asarray(grid_mpp, float)).T)
    longest_um = np.maximum(maps.nucleus_radii_um, maps.cell_radii_um).max(axis=1, initial=0.0)
    if not np.isfinite(longest_um).all():
        raise ValueError("the radii of every nucleus and cell must be finite")
    furthest_um = longest_um + (crest_reach + far) * step_um
    furthest_px = np.ceil(furthest_um * np.abs(along_px).max()).astype(np.intp)
    crest, rise, cytoplasm = _read(
        maps.dab,
        (maps.y_px - maps.y0_px) // maps.scale,
        (maps.x_px - maps.x0_px) // maps.scale,
        np.ascontiguousarray(maps.nucleus_radii_um),
        cell_radii_um,
        along_px,
        step_um,
        furthest_px,
        np.empty((2 * furthest_px.max(initial=0) + 1) ** 2, np.uint16),
        (crest_reach, near, far),
    )
    cytoplasm_od = cytoplasm * OD_STEP
    seen = np.ascontiguousarray(maps.membrane_seen)
    membrane_od, completeness, longest_gap = _arcs(
        crest, rise, cytoplasm_od, seen, cell_radii_um, stained_od, OD_STEP, np.cos(2 * np.pi / n_rays)
    )
    return Membranes(membrane_od, completeness, longest_gap, cytoplasm_od.astype(np.float32))


@compiled
def _read(
    dab: Plane16,
    y: Ints,
    x: Ints,
    nucleus_radii_um: Floats,
    cell_radii_um: Floats,
    along_px: Doubles,
    step_um: float,
    furthest_px: NDArray[np.intp],
    box: NDArray[np.uint16],
    reach: tuple[int, int, int],
) -> tuple[NDArray[np.uint16], NDArray[np.uint16], Doubles]:
    """Read the pixels across each contour and within it.

    ``reach`` counts samples: from the contour to the furthest crest, from a crest to the beginning and to the
    end of a side. ``furthest_px`` is how far from each anchor anything is read, and ``box`` has room for the
    pixels within that. Gives crests and their rise over the darker side, ``(n, rays)`` each, and the median
    of the cytoplasm, ``(n,)``.
    """
    n, n_rays = cell_radii_um.shape
    crest_reach, near, far = reach
    middle, n_within = crest_reach + far, len(CYTOPLASM_AT)
    n_across, first = 2 * middle + 1, middle - crest_reach
    margin_um = np.float32(SIDE_UM[0])
    crest, rise, cytoplasm = np.zeros((n, n_rays), np.uint16), np.zeros((n, n_rays), np.uint16), np.empty(n)
    radii_um = np.empty((n_across + n_within, n_rays))
    places, values = np.empty(radii_um.shape, np.uint32), np.empty(radii_um.shape, np.uint16)
    palest = np.empty((n_across - (far - near), n_rays), np.uint16)
    here, rises = values[first : middle + crest_reach + 1], np.empty((2 * crest_reach + 1, n_rays), np.uint16)
    # The same, of all rays in one row: long loops are fast ones.
    across, within, stretches = values.ravel(), values[n_across:].ravel(), palest.ravel()
    inner, outer = palest[first - far :].ravel(), palest[first + near :].ravel()
    all_here, all_rises = here.ravel(), rises.ravel()
    for cell in range(n):
        for at in range(n_across):
            for ray in range(n_rays):
                radii_um[at, ray] = max(cell_radii_um[cell, ray] + (at - middle) * step_um, 0.0)
        for at in range(n_within):
            share = CYTOPLASM_AT[at]
            for ray in range(n_rays):
                nucleus_um = nucleus_radii_um[cell, ray]
                outermost_um = max(cell_radii_um[cell, ray] - margin_um, nucleus_um)
                radii_um[n_across + at, ray] = nucleus_um * (1 - share) + outermost_um * share
        _look(dab, y[cell], x[cell], radii_um, along_px, furthest_px[cell], box, places, values)
        cytoplasm[cell] = _median(within)
        # The palest of each stretch as wide as a side: the inner side of one sample, the outer of another.
        for place in range(len(stretches)):
            stretches[place] = across[place]
        for apart in range(1, far - near + 1):
            further = values[apart:].ravel()
            for place in range(len(stretches)):
                stretches[place] = min(stretches[place], further[place])
        for place in range(len(all_rises)):
            side = max(inner[place], outer[place])
            all_rises[place] = np.uint16(max(all_here[place], side) - side)
        for at in range(len(rises)):
            for ray in range(n_rays):
                darker = here[at, ray] > crest[cell, ray]
                rise[cell, ray] = rises[at, ray] if darker else rise[cell, ray]
                crest[cell, ray] = here[at, ray] if darker else crest[cell, ray]
    return crest, rise, cytoplasm


@compiled
def _look(
    plane: Plane16,
    y: int,
    x: int,
    radii_um: Doubles,
    along_px: Doubles,
    reach: int,
    box: NDArray[np.uint16],
    places: NDArray[np.uint32],
    values: NDArray[np.uint16],
) -> None:
    """Read ``values`` at ``(radii, rays)`` distances from one anchor, as ``cells.rays.sample_rays`` does.

    None is further away than ``reach`` pixels. All within that are copied first, row by row: memory gives
    them sooner so than along rays.
    """
    side = 2 * reach + 1
    row, middle = np.int32(side), np.int32(side * side // 2)
    _copy_square(plane, y - reach, x - reach, side, box)
    for at in range(radii_um.shape[0]):
        for ray in range(radii_um.shape[1]):
            dy = np.int32(np.rint(radii_um[at, ray] * along_px[0, ray]))
            dx = np.int32(np.rint(radii_um[at, ray] * along_px[1, ray]))
            places[at, ray] = np.uint32(middle + np.int32(dy * row) + dx)
    wanted, found = places.ravel(), values.ravel()
    for sample in range(len(found)):
        found[sample] = box[np.uint64(wanted[sample])]


@compiled
def _copy_square(plane: Plane16, top: int, left: int, side: int, box: NDArray[np.uint16]) -> None:
    """Copy a square of a plane, row by row; beyond the plane its edge is repeated."""
    height, width = plane.shape
    if min(top, left) >= 0 and max(top + side - height, left + side - width) <= 0:
        pixels, first = plane.ravel(), top * width + left
        for row in range(side):
            # Of unsigned places in one run, many are copied at a time.
            begin, to = np.uint64(first + row * width), np.uint64(row * side)
            for column in range(side):
                box[to + np.uint64(column)] = pixels[begin + np.uint64(column)]
    else:
        for row in range(side):
            pixels = plane[min(max(top + row, 0), height - 1)]
            for column in range(side):
                box[row * side + column] = pixels[min(max(left + column, 0), width - 1)]


@compiled
def _median(values: NDArray[np.uint16]) -> float:
    """Median of ``(n,)`` values; the bits of the lower middle one are found from the highest."""
    rank, lower = (len(values) - 1) // 2, np.uint16(0)
    for bit in range(15, -1, -1):
        tried, below = np.uint16(lower | (1 << bit)), np.uint16(0)
        for place in range(len(values)):
            below = np.uint16(below + np.uint16(values[place] < tried))
        lower = tried if below <= rank else lower
    # Of an even number of values the next one counts too, which may be as large.
    up_to, above = np.uint16(0), np.uint16(65535)
    for place in range(len(values)):
        up_to = np.uint16(up_to + np.uint16(values[place] <= lower))
        above = min(above, values[place] if values[place] > lower else np.uint16(65535))
    median: float = (lower + (lower if up_to > len(values) // 2 else above)) / 2.0
    return median


@compiled
def _arcs(
    crest: NDArray[np.uint16],
    rise: NDArray[np.uint16],
    cytoplasm_od: Doubles,
    seen: Floats,
    cell_radii_um: Floats,
    stained_od: float,
    od_step: float,
    cosine: float,
) -> tuple[Floats, Floats, Floats]:
    """Tell of each contour how dense its stained arcs are, their share, and that of the longest gap."""
    n, n_rays = crest.shape
    membrane_od, completeness = np.empty(n, np.float32), np.empty(n, np.float32)
    longest_gap = np.empty(n, np.float32)
    crest_od, length_um, terms = np.empty(n_rays), np.empty(n_rays), np.empty(n_rays)
    for cell in range(n):
        needed_od = min(max(BLUSH_WEIGHT * cytoplasm_od[cell], PROMINENCE_OD[0]), PROMINENCE_OD[1])
        stained = 0
        for ray in range(n_rays):
            crest_od[ray] = _along(crest, cell, ray) * od_step
            is_line = _along(rise, cell, ray) * od_step >= needed_od
            # Where a network has looked, a line that it rules out is none, and one it is sure of need not
            # stand out. Where it has not, it says NaN, and neither holds.
            doubtful = seen[cell, ray] < RULED_OUT and crest_od[ray] < UNDENIABLE_OD
            is_membrane = (is_line and not doubtful) or seen[cell, ray] >= SEEN
            stained |= int(is_membrane and crest_od[ray] >= stained_od) << ray
        stained = _without_grain(stained, n_rays)
        _arc_lengths(cell_radii_um, cell, cosine, length_um, terms)
        gap_um, whole_um = _longest_gap(stained, length_um)
        for ray in range(n_rays):
            terms[ray] = length_um[ray] * (stained >> ray & 1)
        stained_um = _sum(terms)
        read = stained if stained else -1
        for ray in range(n_rays):
            terms[ray] = length_um[ray] * (read >> ray & 1)
        read_um = _sum(terms)
        for ray in range(n_rays):
            terms[ray] = crest_od[ray] * (length_um[ray] * (read >> ray & 1))
        membrane_od[cell] = _sum(terms) / read_um
        completeness[cell] = stained_um / whole_um
        longest_gap[cell] = gap_um / whole_um
    return membrane_od, completeness, longest_gap


@compiled
def _along(values: NDArray[np.uint16], cell: int, ray: int) -> float:
    """Binomial smoothing along a closed contour; a negative index counts from its end."""
    n_rays = values.shape[1]
    smooth: float = (values[cell, ray - 1] + 2 * values[cell, ray] + values[cell, ray + 1 - n_rays]) / 4.0
    return smooth


@compiled
def _without_grain(stained: int, n_rays: int) -> int:
    """Drop stained, then fill pale runs of at most ``2 * GRAIN_RAYS`` rays; of up to 62, each is a bit."""
    every = (1 << n_rays) - 1
    arcs = _spread(every ^ _spread(every ^ stained, n_rays), n_rays)
    return every ^ _spread(every ^ _spread(arcs, n_rays), n_rays)


@compiled
def _spread(rays: int, n_rays: int) -> int:
    """Set every ray that has a set one within ``GRAIN_RAYS``."""
    last = n_rays - 1
    for _ in range(GRAIN_RAYS):
        rays |= rays >> 1 | (rays & 1) << last | rays >> last | (rays << 1 & (1 << n_rays) - 1)
    return rays


@compiled
def _arc_lengths(radii_um: Floats, cell: int, cosine: float, length_um: Doubles, chord_um: Doubles) -> None:
    """Give the length of contour that each ray stands for, ``(rays,)``: half of both neighbouring chords."""
    n_rays = len(length_um)
    for ray in range(n_rays):
        radius, following = np.float64(radii_um[cell, ray]), np.float64(radii_um[cell, ray + 1 - n_rays])
        chord_um[ray] = np.sqrt(radius * radius + following * following - 2 * cosine * radius * following)
    for ray in range(n_rays):
        length_um[ray] = (chord_um[ray] + chord_um[ray - 1]) / 2


@compiled
def _longest_gap(stained: int, length_um: Doubles) -> tuple[float, float]:
    """Length of the longest pale run round a closed contour, and of the whole contour."""
    longest_um = run_um = whole_um = 0.0
    for _ in range(2):
        whole_um = 0.0
        for ray in range(len(length_um)):
            run_um = 0.0 if stained >> ray & 1 else run_um + length_um[ray]
            longest_um = max(longest_um, run_um)
            whole_um += length_um[ray]
    return min(longest_um, whole_um), whole_um


@compiled
def _sum(terms: Doubles) -> float:
    """Sum of 8 to 128 terms as NumPy adds them up: every eighth, then these eight. It overwrites them."""
    for at in range(8, len(terms)):
        terms[at % 8] += terms[at]
    quarters = (terms[0] + terms[1]), (terms[2] + terms[3]), (terms[4] + terms[5]), (terms[6] + terms[7])
    total: float = (quarters[0] + quarters[1]) + (quarters[2] + quarters[3])
    return total
