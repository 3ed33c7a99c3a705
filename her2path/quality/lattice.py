"""The grid that the cores of an array stand on: pitch, rotation, shear, and which core is in which place."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from her2path.arrays import Bools, Doubles, Ints
from her2path.errors import NotEvaluableError

CONE = 0.45
"""A neighbour in the row lies less than this across for each unit along: 24°, for a slide turned by 10°, a
little shear, and cores that wandered by a fifth of the pitch."""

PITCH_SPREAD = 0.2
"""Neighbours are as far apart as the pitch give or take this share; two apart is twice as far."""

ON_GRID = 0.35
"""A core stands on the grid within this many pitches of its place: at a half nobody knows which is meant."""

REACH = 0.75
"""A core that wandered belongs to a free place within this many pitches: half a pitch, and what the fit is
off by."""

MIN_ON_GRID = 0.8
"""A grid that fits fewer of the cores is none."""

OUTSIDE = 0.1
"""More of the cores do not stand outside the grid: arrays have a core or two beside it, to tell the sides."""

MIN_CORES = 3
"""Fewer show no grid."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """A regular grid without end, in pixels of the mask."""

    origin_px: Doubles
    """``(2,)`` y and x of the place of row 0, column 0."""

    steps_px: Doubles
    """``(2, 2)``: the way to the next row, and to the next column, each y and x."""

    def places_px(self, rows_columns: Ints) -> Doubles:
        """``(n, 2)`` y and x of places given as ``(n, 2)`` rows and columns."""
        places: Doubles = self.origin_px + rows_columns @ self.steps_px
        return places

    def indices_of(self, yx_px: Doubles) -> Doubles:
        """``(n, 2)`` rows and columns of points, not rounded."""
        indices: Doubles = (yx_px - self.origin_px) @ np.linalg.inv(self.steps_px)
        return indices

    def shifted(self, rows_columns: Ints) -> "Lattice":
        """Count rows and columns from another place."""
        return Lattice(self.places_px(rows_columns), self.steps_px)

    @property
    def pitch_px(self) -> tuple[float, float]:
        """From row to row, and from column to column."""
        row, column = np.linalg.norm(self.steps_px, axis=1).tolist()
        return row, column

    @property
    def rotation_deg(self) -> float:
        """Of the rows, clockwise as the slide is seen."""
        return float(np.degrees(np.arctan2(*self.steps_px[1])))

    @property
    def shear_deg(self) -> float:
        """How far the angle between rows and columns is from a right one."""
        down = np.degrees(np.arctan2(-self.steps_px[0, 1], self.steps_px[0, 0]))
        return float(down - self.rotation_deg)


@dataclass(frozen=True, eq=False)
class Frame:
    """Which places of a lattice there are."""

    lattice: Lattice
    n_rows: int
    n_columns: int
    doubts: tuple[str, ...] = ()
    """What the picture does not settle."""

    @property
    def rows_columns(self) -> Ints:
        """``(P, 2)`` rows and columns of the places, row by row."""
        number = np.arange(self.n_rows * self.n_columns, dtype=np.int32)
        return np.stack([number // self.n_columns, number % self.n_columns], axis=1)


def fit_lattice(yx_px: Doubles) -> Lattice | None:
    """Fit a lattice to the whole cores of an array; None where they stand on none.

    Begins with one core and takes in ring after ring of the others: with a pitch that is a little off the
    far ones would get wrong numbers.

    Parameters
    ----------
    yx_px
        ``(n, 2)`` centres; rows run from left to right, turned by up to 10°.
    """
    if len(yx_px) < MIN_CORES:
        return None
    steps = _first_steps(yx_px)
    if steps is None:
        return None
    lattice = Lattice(yx_px[_most_regular(yx_px, steps)], steps)
    ring = np.abs(lattice.indices_of(yx_px)).max(axis=1)
    for reach in range(1, int(np.ceil(ring.max())) + 1):
        lattice = _refitted(lattice, yx_px[ring <= reach + 0.5])
    taken = np.unique(np.rint(lattice.indices_of(yx_px)[on_lattice(lattice, yx_px)]), axis=0)
    return lattice if len(taken) >= max(MIN_CORES, MIN_ON_GRID * len(yx_px)) else None


def on_lattice(lattice: Lattice, yx_px: Doubles) -> Bools:
    """``(n,)`` whether each point lies near some place."""
    indices = lattice.indices_of(yx_px)
    near: Bools = np.hypot(*(indices - np.rint(indices)).T) <= ON_GRID
    return near


def frame_of(lattice: Lattice, yx_px: Doubles, tissue_yx_px: Doubles, shape: tuple[int, int] | None) -> Frame:
    """Frame the cores that stand on the lattice; with a shape, as many of them as it can hold.

    Parameters
    ----------
    lattice
        Fitted to the cores.
    yx_px
        ``(n, 2)`` centres of the whole cores.
    tissue_yx_px
        ``(m, 2)`` all tissue pixels: where a row at the edge has no whole core, its crumbs tell which edge.
    shape
        Rows and columns, where they are known.

    Raises
    ------
    NotEvaluableError
        ``NOT_AN_ARRAY``: a tenth of the cores stand outside any such frame.
    """
    indices = np.rint(lattice.indices_of(yx_px[on_lattice(lattice, yx_px)])).astype(np.int32)
    first, last = indices.min(axis=0), indices.max(axis=0)
    if shape is None:
        rows, columns = (last - first + 1).tolist()
        return Frame(lattice.shifted(first), rows, columns)
    crumbs = np.rint(lattice.indices_of(tissue_yx_px))
    starts, doubts = np.zeros(2, np.int32), []
    for axis, (line, (before, after)) in enumerate(
        (("row", ("top", "bottom")), ("column", ("left", "right")))
    ):
        low, high = sorted((int(first[axis]), int(last[axis]) - shape[axis] + 1))
        candidates = np.arange(low, high + 1)
        other = 1 - axis
        beside = (crumbs[:, other] >= first[other]) & (crumbs[:, other] <= last[other])
        n_cores, n_crumbs = (
            np.count_nonzero((at[:, None] >= candidates) & (at[:, None] < candidates + shape[axis]), axis=0)
            for at in (indices[:, axis], crumbs[beside, axis])
        )
        best = np.lexsort((-candidates, -n_crumbs, -n_cores))
        starts[axis] = candidates[best[0]]
        if len(best) > 1 and n_cores[best[0]] == n_cores[best[1]]:
            missing = after if starts[axis] + shape[axis] - 1 > last[axis] else before
            doubts.append(
                f"whole cores stand in fewer {line}s than --grid says; the {line} without any is taken to be "
                f"at the {missing}, and may be at the {before if missing == after else after}"
            )
    inside = np.all((indices >= starts) & (indices < starts + shape), axis=1)
    if np.count_nonzero(~inside) > max(1, OUTSIDE * len(indices)):
        rows, columns = (last - first + 1).tolist()
        raise NotEvaluableError(
            "NOT_AN_ARRAY",
            f"the cores stand in {rows} rows and {columns} columns, and --grid says {shape[0]}x{shape[1]}; "
            "rows are counted from top to bottom of the slide, columns from left to right",
        )
    return Frame(lattice.shifted(starts), shape[0], shape[1], tuple(doubts))


def match(frame: Frame, yx_px: Doubles) -> Ints:
    """Give every core its place: all together, so that one that wandered takes the place that is free.

    Parameters
    ----------
    frame
        The places.
    yx_px
        ``(n, 2)`` centres of cores.

    Returns
    -------
    Ints
        ``(P,)`` number of the core in each place; -1 for none.
    """
    places = frame.rows_columns
    away = np.linalg.norm(frame.lattice.indices_of(yx_px)[None] - places[:, None], axis=2)
    far = away > REACH
    # Squares: better two cores a little off than one in place and one far off.
    place, core = linear_sum_assignment(np.where(far, 1e3, away**2))
    core_of = np.full(len(places), -1, np.int32)
    kept = ~far[place, core]
    core_of[place[kept]] = core[kept]
    return core_of


def _first_steps(yx_px: Doubles) -> Doubles | None:
    """``(2, 2)`` usual way to the next row and the next column; one is made from the other where it must."""
    across, down = _usual_step(yx_px), _usual_step(yx_px[:, ::-1])
    if across is None and down is None:
        return None
    # In a single row or column the other step is as long, at a right angle.
    along = down * (-1, 1) if across is None and down is not None else across
    below = across * (-1, 1) if down is None and across is not None else down
    return None if along is None or below is None else np.array([below[::-1], along])


def _most_regular(yx_px: Doubles, steps: Doubles) -> int:
    """Choose the core that has the most others near the places around it: it has not wandered itself."""
    between = (yx_px[None] - yx_px[:, None]) @ np.linalg.inv(steps)
    near = np.hypot(*np.moveaxis(between - np.rint(between), -1, 0)) <= ON_GRID
    around = np.abs(between).max(axis=2) <= 2.5
    return int(np.count_nonzero(near & around, axis=1).argmax())


def _usual_step(yx_px: Doubles) -> Doubles | None:
    """``(2,)`` median way from a core to the nearest one to its right; None where no core has any."""
    pairs = cKDTree(yx_px).query(yx_px, k=min(len(yx_px), 25))[1]
    ways = yx_px[pairs] - yx_px[:, None]
    ahead = (ways[..., 1] > 0) & (np.abs(ways[..., 0]) < CONE * ways[..., 1])
    length = np.where(ahead, np.hypot(*np.moveaxis(ways, -1, 0)), np.inf)
    nearest = length.argmin(axis=1)
    rows = np.flatnonzero(np.isfinite(length.min(axis=1)))
    if not len(rows):
        return None
    ways, length = ways[rows, nearest[rows]], length[rows, nearest[rows]]
    # The most common length is the pitch: beside a missing core the nearest is two away.
    alike = np.abs(length[None] / length[:, None] - 1) <= PITCH_SPREAD
    usual = alike[np.lexsort((length, -alike.sum(axis=1)))[0]]
    return np.asarray(np.median(ways[usual], axis=0), np.float64)


def _refitted(lattice: Lattice, yx_px: Doubles) -> Lattice:
    """Fit to the points that lie near a place; a direction with a single row keeps its step."""
    near = yx_px[on_lattice(lattice, yx_px)]
    indices = np.rint(lattice.indices_of(near))
    # Origin and steps are drawn to what they were by a thousandth of a core: enough where nothing tells.
    left = np.vstack([np.column_stack([np.ones(len(near)), indices]), 1e-3 * np.eye(3)])
    right = np.vstack([near, 1e-3 * lattice.origin_px, 1e-3 * lattice.steps_px])
    origin, *steps = np.linalg.lstsq(left, right, rcond=None)[0]
    return Lattice(origin, np.array(steps))
