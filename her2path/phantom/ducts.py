"""Ducts on the coarse grid: carcinoma in situ, normal ducts and lobules, and outlines that tell of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import orjson
from numpy.random import Generator

from her2path.arrays import Doubles, Floats
from her2path.phantom.grid import GRID_UM
from her2path.phantom.texture import smooth_field

CUFF_UM = 18.0
"""Stroma between a duct and anything that invades."""

IN_SITU_UM = (80.0, 200.0)
"""Radius of ducts that carcinoma fills: 0.2 to 0.5 mm across, where a normal duct has 0.05 to 0.1."""

VIABLE_UM = 75.0
"""Rim of living cells round the dead middle of a comedo: as far as oxygen reaches."""

COMEDO = 0.5
"""Share of the ducts in situ, of those wide enough, that are dead in the middle."""

DUCT_UM, ACINUS_UM, LOBULE_UM = (26.0, 55.0), (15.0, 25.0), (65.0, 115.0)
"""Radii of normal ducts, of acini, and of the lobules that acini lie in."""

LINING_UM = 13.0
"""Height of the two layers of a normal duct."""

FAR_UM = 250.0
"""Outside a disc, its distance is known so far: nothing that must keep away from it is wider."""


@dataclass(frozen=True, eq=False)
class Discs:
    """Ellipses; columns of equal length in µm."""

    y_um: Doubles
    x_um: Doubles
    radius_um: Doubles
    """Square root of the product of the semi-axes."""

    stretch: Doubles
    """Square root of the ratio of the semi-axes."""

    angle: Doubles

    def __len__(self) -> int:
        return len(self.y_um)


@dataclass(frozen=True, eq=False)
class Ducts:
    """Signed distances to ducts on the coarse grid: ``(y, x)`` float32 in µm, positive inside."""

    in_situ: Floats
    dead: Floats
    """The middle of comedos."""

    normal: Floats


def no_ducts(shape: tuple[int, int]) -> Ducts:
    """Ducts nowhere; takes no memory."""
    nowhere = np.broadcast_to(np.float32(-FAR_UM), shape)
    return Ducts(nowhere, nowhere, nowhere)


def draw_ducts(in_situ_um2: float, normal_um2: float, tissue: Floats, rng: Generator) -> Ducts:
    """Place ducts where the section has room for them.

    Parameters
    ----------
    in_situ_um2, normal_um2
        Areas to reach, as far as there is room.
    tissue
        Signed distance to the edge of the section on the coarse grid.
    rng
        Source of randomness.
    """
    shape, side_um = tissue.shape, min(tissue.shape) * GRID_UM
    wobble = smooth_field(rng, shape, 60 / GRID_UM)
    # On a small slide no duct takes all of it.
    largest = min(IN_SITU_UM[1], max(IN_SITU_UM[0], 0.2 * side_um))
    filled = scattered_discs(tissue - 12, (IN_SITU_UM[0], largest), in_situ_um2, 2 * CUFF_UM, 1.25, rng)
    in_situ = disc_map(filled, shape) + np.float32(3) * wobble
    comedo = rng.random(len(filled)) < COMEDO
    dead_um = filled.radius_um - VIABLE_UM * rng.uniform(0.7, 1.0, len(filled))
    dead = disc_map(_some(filled, comedo & (dead_um > 15), dead_um), shape) + np.float32(6) * wobble

    room = np.minimum(tissue - 12, -in_situ - CUFF_UM)
    lobules = scattered_discs(room, LOBULE_UM, 0.6 * normal_um2, 20.0, 1.15, rng)
    room = np.minimum(room, -disc_map(lobules, shape) - 6)
    ducts = scattered_discs(room, DUCT_UM, 0.4 * normal_um2, 20.0, 1.3, rng)
    inside = disc_map(lobules, shape)
    acini = scattered_discs(inside, ACINUS_UM, 0.62 * float((inside > 0).sum()) * GRID_UM**2, 5.0, 1.15, rng)
    normal = np.maximum(disc_map(ducts, shape), disc_map(acini, shape)) + np.float32(0.8) * wobble
    return Ducts(
        np.asarray(in_situ, np.float32), np.asarray(dead, np.float32), np.asarray(normal, np.float32)
    )


def scattered_discs(
    room: Floats,
    radius_um: tuple[float, float],
    area_um2: float,
    gap_um: float,
    stretch: float,
    rng: Generator,
) -> Discs:
    """Throw discs where they find room, until an area is covered or nothing more fits.

    Parameters
    ----------
    room
        ``(y, x)`` on the coarse grid: how wide a disc around each node may be, µm.
    radius_um
        Smallest and largest; one that finds less room than it wants is smaller.
    area_um2
        To be covered.
    gap_um
        Between discs.
    stretch
        Largest ``Discs.stretch``.
    rng
        Source of randomness.
    """
    smallest, largest = radius_um
    nodes = rng.permutation(np.flatnonzero(room > smallest))[:TRIES]
    y, x = np.divmod(nodes, room.shape[1])
    wanted = rng.uniform(smallest, largest, len(nodes))
    shapes = np.exp(rng.uniform(0, np.log(stretch), len(nodes)))
    radii = np.minimum(wanted, room.ravel()[nodes] / shapes)
    kept: list[int] = []
    left = area_um2
    for k in np.flatnonzero(radii >= smallest):
        if left <= 0:
            break
        reach = radii * shapes
        away = np.hypot(y[kept] - y[k], x[kept] - x[k]) * GRID_UM - reach[kept]
        if (away > reach[k] + gap_um).all():
            kept.append(int(k))
            left -= np.pi * radii[k] ** 2
    return Discs(
        y[kept] * GRID_UM, x[kept] * GRID_UM, radii[kept], shapes[kept], rng.uniform(0, np.pi, len(kept))
    )


TRIES = 3000
"""Places that are tried: enough to fill a small slide."""


def disc_map(discs: Discs, shape: tuple[int, int]) -> Floats:
    """Signed distance to the edge of the nearest disc, right to ``FAR_UM`` outside: ``shape`` float32."""
    distance = np.full(shape, -FAR_UM, np.float32)
    for y_um, x_um, radius_um, stretch, angle in zip(
        discs.y_um, discs.x_um, discs.radius_um, discs.stretch, discs.angle, strict=True
    ):
        window, dy, dx = window_of(shape, y_um, x_um, radius_um * stretch + FAR_UM)
        u, v = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        distance[window] = np.maximum(distance[window], radius_um - np.hypot(u / stretch, v * stretch))
    return distance


def window_of(
    shape: tuple[int, int], y_um: float, x_um: float, reach_um: float
) -> tuple[tuple[slice, slice], Doubles, Doubles]:
    """Window of the coarse grid around a point, and how far its nodes are from it along y and x, µm."""
    first_y, first_x = (max(0, int((axis - reach_um) / GRID_UM)) for axis in (y_um, x_um))
    last_y, last_x = (
        min(n, int((axis + reach_um) / GRID_UM) + 2) for n, axis in zip(shape, (y_um, x_um), strict=True)
    )
    y, x = np.ogrid[first_y:last_y, first_x:last_x]
    return (slice(first_y, last_y), slice(first_x, last_x)), y * GRID_UM - y_um, x * GRID_UM - x_um


def write_regions(path: Path, regions: dict[str, Floats], mpp_um: float) -> None:
    """Write the outlines of regions as QuPath annotations.

    Parameters
    ----------
    path
        GeoJSON to write.
    regions
        Class -> signed distance on the coarse grid, positive inside.
    mpp_um
        Micrometres per level-0 pixel.
    """
    features: list[dict[str, Any]] = []
    for name, distance in regions.items():
        outlines, _ = cv2.findContours(
            (distance > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        rings = [outline[:, 0] * (GRID_UM / mpp_um) for outline in outlines if len(outline) > 3]
        features += [
            {
                "type": "Feature",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [np.vstack([ring, ring[:1]]).round(1).tolist()],
                },
                "properties": {"objectType": "annotation", "classification": {"name": name}},
            }
            for ring in rings
        ]
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}))


def _some(discs: Discs, rows: np.ndarray[Any, np.dtype[np.bool_]], radius_um: Doubles) -> Discs:
    return Discs(discs.y_um[rows], discs.x_um[rows], radius_um[rows], discs.stretch[rows], discs.angle[rows])
