"""From maps of known cells to what the network is asked for on its grid."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Codes, Doubles, Floats, Ints, Mask, Rgb8
from her2path.cells.contours import ray_directions
from her2path.cells.table import N_RAYS
from her2path.cells.vocabulary import OTHER
from her2path.nets.sample import INPUT_MPP_UM, STRIDE, Sample

GRID_UM = INPUT_MPP_UM * STRIDE
CENTRE_SPREAD_UM = 1.2
"""Standard deviation of the hill over a nucleus' centre: two nuclei 5 µm apart stay two hills."""

NEAR_CENTRE_UM = 1.6
"""A cell is described from any step this near the centre of its nucleus: where peaks come to lie."""

MARCH_UM, FURTHEST_UM = 0.25, 14.0
"""Step and end of the way along a ray on which the outline is looked for."""


EMPTY_EVERY, EMPTY_BELOW = 9, 0.02
"""Steps between the places where no cell is, and the height of the hills there: about as many as cells."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Known cells of a drawn window, which may be wider than the field cut from it; ``n`` cells."""

    cell_at: Ints
    """``(y, x)`` row of the cell of each pixel, -1 for none."""

    nucleus_at: Ints
    """``(y, x)`` row of the nucleus of each pixel, -1 for none."""

    edge: NDArray[np.int64]
    """Flat indices of the pixels along membranes of tumour cells."""

    crest_od: Floats
    """``(len(edge),)`` density of the membrane there."""

    kind: Codes
    """``(n,)`` -1 where it is not known."""

    measured: Bools
    """``(n,)`` the membrane's density and completeness are known."""

    unknown: Mask
    """``(y, x)`` nobody can say what is here: out of focus, under ink."""

    mpp_um: float
    """Pixel size of the maps."""


def targets_of(
    truth: Truth,
    rgb: Rgb8,
    white: tuple[float, float, float],
    *,
    stained_od: float,
    origin_yx_um: tuple[float, float] = (0.0, 0.0),
) -> Sample:
    """Lay what is known of the cells over the network's grid.

    Parameters
    ----------
    truth
        Maps of a window.
    rgb
        ``(side, side, 3)`` uint8 at ``INPUT_MPP_UM``, a field within the window.
    white
        Red, green, blue of empty glass.
    stained_od
        A membrane counts as stained from here.
    origin_yx_um
        Upper left corner of the field in the window.
    """
    steps = (rgb.shape[0] // STRIDE, rgb.shape[1] // STRIDE)
    nucleus_area_px, centres_um = _centres(truth, origin_yx_um)
    placed = nucleus_area_px > 0
    completeness, membrane_od = _membranes(truth, stained_od)
    y, x, row = _places(steps, truth, np.where(placed[:, None], centres_um, np.nan), origin_yx_um)
    at_um = np.stack([(y + 0.5) * GRID_UM, (x + 0.5) * GRID_UM], axis=1)
    known_at = ~_read(truth.unknown, at_um + origin_yx_um, truth.mpp_um)
    y, x, row, at_um = y[known_at], x[known_at], row[known_at], at_um[known_at]
    window_um = at_um + origin_yx_um
    centre = _hills(steps, centres_um[placed])
    known = ~_on_grid(truth.unknown, steps, truth.mpp_um, origin_yx_um)
    empty_y, empty_x = _empty(centre, known)

    def and_empty(values: NDArray[Any], value: float) -> NDArray[Any]:
        return np.concatenate([values, np.full((len(empty_y), *values.shape[1:]), value, values.dtype)])

    return Sample(
        rgb=rgb,
        white=white,
        centre=centre,
        centre_known=known.astype(np.float32),
        membrane=_stained_steps(steps, truth, stained_od, origin_yx_um),
        y=np.concatenate([y, empty_y]).astype(np.int32),
        x=np.concatenate([x, empty_x]).astype(np.int32),
        kind=and_empty(truth.kind[row], OTHER),
        membrane_od=and_empty(membrane_od[row], np.nan),
        completeness=and_empty(completeness[row], np.nan),
        nucleus_radii_um=and_empty(_radii(truth.nucleus_at, row, window_um, truth.mpp_um), np.nan),
        cell_radii_um=and_empty(_radii(truth.cell_at, row, window_um, truth.mpp_um), np.nan),
    )


def _centres(truth: Truth, origin_yx_um: tuple[float, float]) -> tuple[NDArray[np.int64], Doubles]:
    """Pixels of each nucleus, and its middle in µm of the field; cells without one get their own middle."""
    n, width = len(truth.kind), truth.cell_at.shape[1]

    def middle(label: Ints) -> tuple[NDArray[np.int64], Doubles]:
        index = np.flatnonzero(label.ravel() >= 0)
        row = label.ravel()[index]
        count = np.bincount(row, minlength=n)
        sums = [np.bincount(row, axis, minlength=n) for axis in (index // width, index % width)]
        mean = (np.stack(sums, axis=1) / np.maximum(count, 1)[:, None] + 0.5) * truth.mpp_um
        return count, mean - np.asarray(origin_yx_um)

    area_px, nucleus_um = middle(truth.nucleus_at)
    _, cell_um = middle(truth.cell_at)
    return area_px, np.where((area_px > 0)[:, None], nucleus_um, cell_um)


def _membranes(truth: Truth, stained_od: float) -> tuple[Floats, Floats]:
    """Completeness, and mean density of the stained part: ``(n,)`` each, NaN where not known."""
    n = len(truth.kind)
    row = truth.cell_at.ravel()[truth.edge]
    stained = truth.crest_od >= stained_od
    contour = np.bincount(row, minlength=n)
    part = np.bincount(row[stained], minlength=n)
    total_od = np.bincount(row[stained], truth.crest_od[stained], minlength=n)
    known = truth.measured & (contour > 0)
    completeness = np.where(known, part / np.maximum(contour, 1), np.nan)
    membrane_od = np.where(known & (part > 0), total_od / np.maximum(part, 1), np.nan)
    return completeness.astype(np.float32), membrane_od.astype(np.float32)


def _places(
    steps: tuple[int, int], truth: Truth, centres_um: Doubles, origin_yx_um: tuple[float, float]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """List steps near a centre and inside its nucleus: row and column on the grid, and the cell."""
    reach = int(np.ceil(NEAR_CENTRE_UM / GRID_UM))
    ahead = np.arange(-reach, reach + 1)
    cell = np.flatnonzero(np.isfinite(centres_um[:, 0]))
    first = np.floor(centres_um[cell] / GRID_UM).astype(np.int64)
    y, x = (
        np.broadcast_to(axis, (len(cell), len(ahead), len(ahead))).ravel()
        for axis in (first[:, 0, None, None] + ahead[:, None], first[:, 1, None, None] + ahead)
    )
    row = np.repeat(cell, len(ahead) ** 2)
    inside = (y >= 0) & (y < steps[0]) & (x >= 0) & (x < steps[1])
    y, x, row = y[inside], x[inside], row[inside]
    at_um = np.stack([(y + 0.5) * GRID_UM, (x + 0.5) * GRID_UM], axis=1)
    # Every other step, as on a chessboard: neighbours say nearly the same.
    near = (np.hypot(*(at_um - centres_um[row]).T) <= NEAR_CENTRE_UM) & ((y + x) % 2 == 0)
    near &= _read(truth.nucleus_at, at_um + origin_yx_um, truth.mpp_um) == row
    return y[near], x[near], row[near]


def _hills(steps: tuple[int, int], centres_um: Doubles) -> Floats:
    """One hill a centre; the higher stands where two meet."""
    reach = int(np.ceil(3 * CENTRE_SPREAD_UM / GRID_UM))
    ahead = np.arange(-reach, reach + 1)
    first = np.floor(centres_um / GRID_UM).astype(np.int64)
    y, x = first[:, 0, None] + ahead, first[:, 1, None] + ahead
    apart_y, apart_x = ((axis + 0.5) * GRID_UM for axis in (y, x))
    apart_y, apart_x = apart_y - centres_um[:, 0, None], apart_x - centres_um[:, 1, None]
    squared = apart_y[:, :, None] ** 2 + apart_x[:, None, :] ** 2
    # Measured from the nearest step, so that every hill reaches 1 somewhere.
    squared -= squared.min(axis=(1, 2), initial=np.inf, keepdims=True)
    height = np.exp(-squared / (2 * CENTRE_SPREAD_UM**2)).astype(np.float32)
    inside = ((y >= 0) & (y < steps[0]))[:, :, None] & ((x >= 0) & (x < steps[1]))[:, None, :]
    hills = np.zeros(steps, np.float32)
    rows = np.broadcast_to(y[:, :, None], inside.shape)[inside]
    columns = np.broadcast_to(x[:, None, :], inside.shape)[inside]
    np.maximum.at(hills, (rows, columns), height[inside])
    return hills


def _empty(centre: Floats, known: Bools) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List steps of a sparse lattice in no nucleus: who asks there must hear that there is no cell."""
    lattice = np.zeros(centre.shape, bool)
    lattice[3::EMPTY_EVERY, 3::EMPTY_EVERY] = True
    y, x = np.nonzero(lattice & known & (centre < EMPTY_BELOW))
    return y, x


def _stained_steps(
    steps: tuple[int, int], truth: Truth, stained_od: float, origin_yx_um: tuple[float, float]
) -> Floats:
    index = truth.edge[truth.crest_od >= stained_od]
    at_px = np.stack(np.divmod(index, truth.cell_at.shape[1]), axis=1)
    at_um = (at_px + 0.5) * truth.mpp_um - np.asarray(origin_yx_um)
    y, x = np.floor(at_um / GRID_UM).astype(np.int64).T
    inside = (y >= 0) & (y < steps[0]) & (x >= 0) & (x < steps[1])
    stained = np.zeros(steps, np.float32)
    stained[y[inside], x[inside]] = 1.0
    return stained


def _on_grid(
    mask: Mask, steps: tuple[int, int], mpp_um: float, origin_yx_um: tuple[float, float]
) -> NDArray[np.bool_]:
    y, x = np.mgrid[: steps[0], : steps[1]]
    at_um = np.stack([(y.ravel() + 0.5) * GRID_UM, (x.ravel() + 0.5) * GRID_UM], axis=1)
    return np.asarray(_read(mask, at_um + origin_yx_um, mpp_um).reshape(steps))


def _read(plane: NDArray[Any], at_um: Doubles, mpp_um: float) -> NDArray[Any]:
    """Values of the pixels at ``(…, 2)`` points; beyond the edge, those of the edge."""
    y, x = (
        np.clip((at_um[..., axis] / mpp_um).astype(np.int64), 0, plane.shape[axis] - 1) for axis in (0, 1)
    )
    return plane[y, x]


def _radii(label: Ints, row: NDArray[np.int64], at_um: Doubles, mpp_um: float) -> Floats:
    """Way along each ray that stays in the cell: ``(n, N_RAYS)`` µm; NaN where the place is not in it."""
    along_um = np.arange(1, round(FURTHEST_UM / MARCH_UM) + 1) * MARCH_UM
    points = at_um[:, None, None, :] + ray_directions(N_RAYS)[:, None, :] * along_um[:, None]
    inside = _read(label, points, mpp_um) == row[:, None, None]
    # The first step outside; one that never leaves ends with the march.
    length = np.where(inside.all(axis=2), inside.shape[2], np.argmin(inside, axis=2))
    radii = ((length + 0.5) * MARCH_UM).astype(np.float32)
    radii[_read(label, at_um, mpp_um) != row] = np.nan
    return np.asarray(radii, np.float32)
