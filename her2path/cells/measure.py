"""What the pixels say about each membrane: density, completeness, gap, cytoplasm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import OD_STEP, Bools, Doubles, Floats, Ints
from her2path.cells.maps import CellMaps
from her2path.cells.rays import Samples, median_sample, sample_rays

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
    """
    grid_mpp = (mpp_yx_um[0] * maps.scale, mpp_yx_um[1] * maps.scale)
    y = (maps.y_px - maps.y0_px) // maps.scale
    x = (maps.x_px - maps.x0_px) // maps.scale
    step_um = max(grid_mpp)
    reach = round(CREST_UM / step_um) + round(SIDE_UM[1] / step_um)
    across_um = np.arange(-reach, reach + 1) * step_um
    radii_um = np.maximum(maps.cell_radii_um[:, :, None].astype(np.float64) + across_um, 0.0)
    across = sample_rays(maps.dab, y, x, radii_um, grid_mpp)
    crest_od, prominence_od = _crest(across, step_um)
    blush_od = _cytoplasm(maps, y, x, grid_mpp)
    needed_od = np.clip(BLUSH_WEIGHT * blush_od, *PROMINENCE_OD)
    line = prominence_od >= needed_od[:, None]
    # Where a network has looked, a line that it rules out is none, and one it is sure of need not stand out.
    asked, seen = ~np.isnan(maps.membrane_seen), np.nan_to_num(maps.membrane_seen)
    doubtful = asked & (seen < RULED_OUT) & (crest_od < UNDENIABLE_OD)
    is_membrane = (line & ~doubtful) | (seen >= SEEN)
    stained = _without_grain((crest_od >= stained_od) & is_membrane)
    length = _arc_length(maps.cell_radii_um)
    whole = np.sum(length, axis=1)
    stained_length = np.sum(length * stained, axis=1)
    read = np.where(stained_length[:, None] > 0, length * stained, length)
    return Membranes(
        membrane_od=(np.sum(crest_od * read, axis=1) / np.sum(read, axis=1)).astype(np.float32),
        completeness=(stained_length / whole).astype(np.float32),
        longest_gap=(_longest_run(~stained, length) / whole).astype(np.float32),
        cytoplasm_od=blush_od.astype(np.float32),
    )


def _cytoplasm(maps: CellMaps, y: Ints, x: Ints, mpp_yx_um: tuple[float, float]) -> Doubles:
    """Median DAB density between nucleus and membrane, ``(n,)``."""
    within = np.asarray(CYTOPLASM_AT)
    outermost_um = np.maximum(maps.cell_radii_um - SIDE_UM[0], maps.nucleus_radii_um)
    radii_um = maps.nucleus_radii_um[:, :, None] * (1 - within) + outermost_um[:, :, None] * within
    return median_sample(sample_rays(maps.dab, y, x, radii_um, mpp_yx_um)) * OD_STEP


def _without_grain(dark: Bools) -> Bools:
    """Drop stained runs, then fill pale runs, of at most ``2 * GRAIN_RAYS`` rays; ``(n, rays)``."""
    arcs = _spread(~_spread(~dark))
    return ~_spread(~_spread(arcs))


def _spread(rays: Bools) -> Bools:
    """Set every ray that has a set one within ``GRAIN_RAYS``."""
    shifts = range(-GRAIN_RAYS, GRAIN_RAYS + 1)
    wide: Bools = np.logical_or.reduce([np.roll(rays, shift, axis=1) for shift in shifts])
    return wide


def prominence(ray: NDArray[np.uint16], step_um: float) -> NDArray[np.uint16]:
    """How much darker each sample of a ray is than both its sides; 0 where it is not.

    A membrane is a line: darker than the cytoplasm within and than whatever lies beyond. Blush, a filled
    lumen or a stained stroma is not. Each side is its palest sample between the two
    distances of ``SIDE_UM``; the darker side is compared.

    Parameters
    ----------
    ray
        ``(radii, n)`` uint16, one ray of every cell; beyond its ends the last samples are repeated.
    step_um
        Distance between its samples.
    """
    n_radii = len(ray)
    near, far = (max(1, round(side / step_um)) for side in SIDE_UM)
    padded = np.pad(ray, ((far, far), (0, 0)), mode="edge")
    # The palest of each stretch as wide as a side: once as the inner side of a sample, once as the outer.
    n_stretches = n_radii + near + far
    palest = padded[:n_stretches].copy()
    for apart in range(1, far - near + 1):
        np.minimum(palest, padded[apart : apart + n_stretches], out=palest)
    sides = np.maximum(palest[:n_radii], palest[near + far :])
    rise: NDArray[np.uint16] = np.maximum(ray, sides) - sides
    return rise


def _crest(across: Samples, step_um: float) -> tuple[Doubles, Doubles]:
    """Crest density and its prominence over both sides, ``(n, rays)`` each, smoothed along the membrane."""
    middle = across.shape[1] // 2
    near = round(CREST_UM / step_um)
    at = middle - near + np.argmax(across[:, middle - near : middle + near + 1], axis=1)
    rises = np.stack([prominence(ray, step_um) for ray in across])
    crest, rise = (np.take_along_axis(values, at[:, None], axis=1)[:, 0] for values in (across, rises))
    return _along(crest) * OD_STEP, _along(rise) * OD_STEP


def _along(values: NDArray[np.uint16]) -> Doubles:
    """Binomial smoothing along the closed contour, ``(rays, n)`` to ``(n, rays)``."""
    steps = values.astype(np.int32)
    smooth = (np.roll(steps, 1, axis=0) + 2 * steps + np.roll(steps, -1, axis=0)) / 4.0
    return np.ascontiguousarray(smooth.T)


def _arc_length(radii_um: Floats) -> Doubles:
    """Length of contour that each ray stands for, ``(n, rays)``: half of both neighbouring chords."""
    radii = radii_um.astype(np.float64)
    following = np.roll(radii, -1, axis=1)
    cosine = np.cos(2 * np.pi / radii.shape[1])
    chord = np.sqrt(radii * radii + following * following - 2 * cosine * radii * following)
    length: Doubles = (chord + np.roll(chord, 1, axis=1)) / 2
    return length


def _longest_run(gap: Bools, length: Doubles) -> Doubles:
    """Length of the longest run of ``gap`` round each closed contour, ``(n,)``."""
    n_rays = gap.shape[1]
    longest = np.zeros(len(gap))
    run = np.zeros(len(gap))
    for ray in (*range(n_rays), *range(n_rays)):
        run = np.where(gap[:, ray], run + length[:, ray], 0.0)
        np.maximum(longest, run, out=longest)
    run_length: Doubles = np.minimum(longest, np.sum(length, axis=1))
    return run_length
