"""Round solid nests with a hollow or dead middle: where carcinoma in situ may have been counted.

A suspicion, and never more: nothing is left out for it (docs/science/in-situ.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from her2path.arrays import Doubles, Mask
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import TUMOUR
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.image.masks import disc

GRID_UM = 5.0
"""Pixel of the map that nests are drawn on: half a tumour cell."""

JOIN_UM = 14.0
"""Gaps of up to twice this between tumour cells are none: tumour cells lie 10 to 16 µm apart, and some are
not found. Nests closer to one another are one."""

HALF_CELL_UM = 6.0
"""A nest ends so far outside of the centres of its outermost cells."""

STRAND_UM = 20.0
"""What is narrower and hangs on a nest is none of it: single cells of the stroma, taken for tumour."""

NEST_UM = (140.0, 1500.0)
"""Diameter of a nest, of the disc of its area: ducts that carcinoma fills are wider than normal ones, 50 to
100 µm, and the largest measure 1 to 2 mm [P]."""

MIN_ROUND = 0.80
"""Area over that of the disc with the same outline, 1 for a circle: an ellipse of 2 to 1 has 0.84."""

MIN_CONVEX = 0.90
"""Area over that of the convex hull: what invades has bays."""

HOLLOW_UM = 40.0
"""Least width of the middle without living tumour cells: more than the lumen of most glands of one layer of
cells, 10 to 40 µm."""

WALL_UM = 32.0
"""Least mean thickness of what surrounds the hollow, two to three cells: a gland of invasive carcinoma or a
normal duct has one or two layers, 15 to 25 µm."""

MAX_PLACES = 5
"""So many are named, the largest first."""


@dataclass(frozen=True, eq=False)
class Nests:
    """Round nests with a hollow middle, the largest first; ``(n,)`` each."""

    y_um: Doubles
    x_um: Doubles
    """Middle, µm from the corner of the slide."""

    diameter_um: Doubles
    hollow_um: Doubles
    """Diameter of the disc of the hollow's area."""

    n_cells: np.ndarray
    """Counted tumour cells in the nest."""

    def __len__(self) -> int:
        return len(self.y_um)


def hollow_nests(cells: CellTable, pixel_size: PixelSize) -> Nests:
    """Find nests that look like a duct filled with tumour around a dead or empty middle.

    Parameters
    ----------
    cells
        Those of the analysed tissue; tumour cells make the nests.
    pixel_size
        Of level 0.
    """
    tumour = cells.kind == TUMOUR
    yx_um = np.stack([cells.y_px[tumour] * pixel_size.y_um, cells.x_px[tumour] * pixel_size.x_um], axis=1)
    if not len(yx_um):
        return _nests([])
    corner_um = yx_um.min(axis=0) - 2 * JOIN_UM
    solid, at = _draw(yx_um, corner_um)
    if not solid.any():
        return _nests([])
    outlines, tree = cv2.findContours(solid.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    holes_of = _holes(tree)
    found = []
    for k, outline in enumerate(outlines):
        if tree[0, k, 3] >= 0:
            continue  # a hole
        nest = _judge(outline, [outlines[hole] for hole in holes_of.get(k, [])])
        if nest is not None:
            y, x, diameter, hollow = nest
            left, top, width, height = cv2.boundingRect(outline)
            inside = np.zeros((height, width), np.uint8)
            cv2.drawContours(inside, [outline - [left, top]], -1, 1, -1)
            row, column = at[:, 0] - top, at[:, 1] - left
            near = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            n = int(np.count_nonzero(inside[row[near], column[near]]))
            found.append((corner_um[0] + y, corner_um[1] + x, diameter, hollow, n))
    return _nests(sorted(found, key=lambda nest: -nest[2]))


def in_situ_flags(nests: Nests) -> Iterator[Flag]:
    """Yield ``IN_SITU_SUSPECTED`` where there is such a nest; it claims nothing."""
    if not len(nests):
        return
    places = "; ".join(
        f"y {y:,.0f} x {x:,.0f} µm ({diameter:.0f} µm wide)"
        for y, x, diameter in zip(
            nests.y_um[:MAX_PLACES], nests.x_um[:MAX_PLACES], nests.diameter_um[:MAX_PLACES], strict=True
        )
    )
    more = f" and {len(nests) - MAX_PLACES} more" if len(nests) > MAX_PLACES else ""
    yield Flag(
        "IN_SITU_SUSPECTED",
        "warning",
        f"Round nests with a hollow or dead middle, as carcinoma in situ has: {len(nests)}, with "
        f"{int(nests.n_cells.sum()):,} tumour cells that were scored. Look at {places}{more}.",
    )


def _draw(yx_um: Doubles, corner_um: Doubles) -> tuple[Mask, np.ndarray]:
    """Map of what lies near tumour cells, and the pixel of each cell, ``(n, 2)``."""
    at = ((yx_um - corner_um) / GRID_UM).astype(np.int64)
    height, width = at.max(axis=0) + 1 + int(2 * JOIN_UM / GRID_UM)
    empty = np.ones((height, width), np.uint8)
    empty[at[:, 0], at[:, 1]] = 0
    away = cv2.distanceTransform(empty, cv2.DIST_L2, cv2.DIST_MASK_5)
    # Grown to join neighbours, and shrunk again to just outside of the outermost.
    grown = (away * GRID_UM <= JOIN_UM).astype(np.uint8)
    deep = cv2.distanceTransform(grown, cv2.DIST_L2, cv2.DIST_MASK_5)
    nests = (deep * GRID_UM > JOIN_UM - HALF_CELL_UM).astype(np.uint8)
    return cv2.morphologyEx(nests, cv2.MORPH_OPEN, disc(0.5 * STRAND_UM / GRID_UM)) > 0, at


def _holes(tree: np.ndarray) -> dict[int, list[int]]:
    """Holes of each outer outline."""
    holes: dict[int, list[int]] = {}
    for k in np.flatnonzero(tree[0, :, 3] >= 0).tolist():
        holes.setdefault(int(tree[0, k, 3]), []).append(k)
    return holes


def _judge(outline: np.ndarray, holes: list[np.ndarray]) -> tuple[float, float, float, float] | None:
    """Middle, diameter and hollow of a nest that looks like a filled duct, in µm from the map's corner."""
    area = cv2.contourArea(outline)
    diameter_um = 2 * np.sqrt(area / np.pi) * GRID_UM
    if not NEST_UM[0] <= diameter_um <= NEST_UM[1] or not holes:
        return None
    hull = cv2.convexHull(outline)
    length = cv2.arcLength(hull, closed=True)
    roundness, convexity = 4 * np.pi * cv2.contourArea(hull) / length**2, area / cv2.contourArea(hull)
    hole = max(holes, key=cv2.contourArea)
    hollow_um = 2 * np.sqrt(cv2.contourArea(hole) / np.pi) * GRID_UM
    wall_um = (diameter_um - hollow_um) / 2
    middle = cv2.moments(outline)
    y, x = middle["m01"] / middle["m00"], middle["m10"] / middle["m00"]
    is_round = roundness >= MIN_ROUND and convexity >= MIN_CONVEX
    central = cv2.pointPolygonTest(hole, (x, y), measureDist=False) >= 0
    if not (is_round and central and hollow_um >= HOLLOW_UM and wall_um >= WALL_UM):
        return None
    return y * GRID_UM, x * GRID_UM, float(diameter_um), float(hollow_um)


def _nests(found: list[tuple[float, float, float, float, int]]) -> Nests:
    y, x, diameter, hollow, n = np.array(found, np.float64).reshape(-1, 5).T
    return Nests(y, x, diameter, hollow, n.astype(np.int64))
