"""Scores without classes: what the cells say before a cut-off turns it into 0 to 3+.

Formula, unit and source of each: docs/science/continuous-scores.md. They are measures for research, and none
has a validated cut-off here.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from her2path.arrays import Bools, Doubles, Floats
from her2path.cells.table import CellTable
from her2path.scoring.clusters import group_sizes
from her2path.scoring.grade import intensities
from her2path.scoring.settings import Grading, Statistics

QCS_GRID_OD = tuple(round(0.02 * k, 2) for k in range(61))
"""θ of the QCS curve, 0 to 1.2 OD: past the darkest membranes of 3+ cores (90th percentile 0.85)."""

PERCENTILES = (5, 10, 25, 50, 75, 90, 95)


@dataclass(frozen=True, slots=True)
class Positivity:
    """QCS: cells by membrane density."""

    od: float
    """θ of the recipe."""

    fraction: float
    """Share of cells with a membrane of at least θ."""

    curve_od: tuple[float, ...]
    curve_fraction: tuple[float, ...]
    """The same for every θ of ``curve_od``."""


@dataclass(frozen=True, slots=True)
class Proximity:
    """Spatial proximity score: positive cells and their neighbours."""

    od: float
    radius_um: float
    fraction: float


@dataclass(frozen=True, slots=True)
class Connectivity:
    """How far stained membranes hang together."""

    link_um: float
    min_cells: int
    fraction: float | None
    """Share of the stained cells that lie in connected groups of at least ``min_cells``; None without any."""

    largest_fraction: float | None
    """Share of the stained cells in the largest group."""


@dataclass(frozen=True, slots=True)
class ContinuousScores:
    """Field ``continuous`` of score.json. None where the table does not tell."""

    h_score: float | None
    """0 to 300."""

    h_score_weighted: float | None
    """The same with each cell weighted by its completeness, 0 to 300."""

    qcs: Positivity | None
    proximity: Proximity | None
    connectivity: Connectivity | None
    od_percentiles: dict[str, float] | None
    """Over all counted cells with a density, stained or not."""

    calibrated: bool
    """Whether densities are those of a calibration's reference."""


def continuous_scores(
    table: CellTable, *, grading: Grading, statistics: Statistics, yx_um: Doubles | None
) -> ContinuousScores:
    """Measure a slide without classes.

    Parameters
    ----------
    table
        Rows that are ``counted`` and have a pattern are read: at least one.
    grading
        Whose density, and its calibration.
    statistics
        θ and r, distance and size of connected groups.
    yx_um
        ``(n, 2)`` centres of all rows, µm; None where the pixel size is unknown: nothing spatial then.
    """
    rows = np.flatnonzero(table.in_denominator)
    od, completeness = (values[rows] for values in intensities(table, grading))
    pattern, grade = table.pattern[rows], table.grade[rows]
    known = np.isfinite(od) | (pattern == 0)
    here_um = None if yx_um is None else yx_um[rows]
    return ContinuousScores(
        h_score=h_score(grade),
        h_score_weighted=h_score_weighted(grade, completeness),
        qcs=positivity(od, statistics.qcs_od) if known.all() else None,
        proximity=None
        if here_um is None or not known.all()
        else Proximity(
            statistics.qcs_od,
            statistics.proximity_um,
            proximity(od >= np.float32(statistics.qcs_od), here_um, statistics.proximity_um),
        ),
        connectivity=None
        if here_um is None
        else connectivity(
            pattern > 0, here_um, statistics.connected_um, min_cells=statistics.connected_cells
        ),
        od_percentiles=od_percentiles(od),
        calibrated=grading.calibration is not None,
    )


def h_score(grade: np.ndarray) -> float | None:
    """Give 100 times the mean grade, 0 to 300; None where a grade is missing.

    >>> h_score(np.repeat([0, 1, 2, 3], [40, 30, 20, 10]))
    100.0
    """
    return None if (grade < 0).any() else 100 * float(grade.mean())


def h_score_weighted(grade: np.ndarray, completeness: Floats) -> float | None:
    """Give 100 times the mean of grade times completeness; None where either is missing."""
    if (grade < 0).any() or np.isnan(completeness).any():
        return None
    return 100 * float((grade * completeness.astype(float)).mean())


def positivity(od: Floats, theta_od: float) -> Positivity:
    """Count cells at or above θ; a cell without a density, which has no stained membrane, lies below."""
    grid = np.array(QCS_GRID_OD, np.float32)
    measured = np.sort(od[np.isfinite(od)])
    above = (len(measured) - np.searchsorted(measured, grid, side="left")) / len(od)
    at_theta = (od >= np.float32(theta_od)).mean()
    return Positivity(theta_od, float(at_theta), QCS_GRID_OD, tuple(above.tolist()))


def proximity(positive: Bools, yx_um: Doubles, radius_um: float) -> float:
    """Share of cells that are positive or have a positive cell within a radius, inclusive.

    Parameters
    ----------
    positive
        ``(n,)`` cells at or above θ.
    yx_um
        ``(n, 2)`` centres, µm.
    radius_um
        Of centre to centre.
    """
    if not positive.any():
        return 0.0
    # Squares whose diagonal is the radius settle most cells: one that holds a positive cell is all near, and
    # one with none in the two squares around it is all far. Distances are measured for the others only.
    edge_um = radius_um / np.sqrt(2)
    row, column = (np.floor((um - um.min()) / edge_um).astype(np.int64) for um in yx_um.T)
    holds = np.zeros((row.max() + 1, column.max() + 1), np.bool_)
    holds[row[positive], column[positive]] = True
    around = cv2.dilate(holds.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    near = holds[row, column]
    open_rows = np.flatnonzero(~near & around[row, column])
    if len(open_rows):
        tree = cKDTree(yx_um[positive], balanced_tree=False, compact_nodes=False)
        reach = np.nextafter(radius_um, np.inf)  # the bound itself is left out by the tree
        near[open_rows] = np.isfinite(tree.query(yx_um[open_rows], distance_upper_bound=reach)[0])
    return float((near | positive).mean())


def connectivity(stained: Bools, yx_um: Doubles, link_um: float, *, min_cells: int) -> Connectivity:
    """Link stained cells that lie side by side and say how many of them lie in groups of some size.

    Parameters
    ----------
    stained
        ``(n,)`` cells with a stained membrane.
    yx_um
        ``(n, 2)`` centres, µm.
    link_um
        Farthest that two linked centres lie apart.
    min_cells
        Smallest group that counts.
    """
    if not stained.any():
        return Connectivity(link_um, min_cells, None, None)
    among = yx_um[stained]
    sizes = group_sizes(among, np.ones((len(among), 1), np.bool_), link_um)[:, 0]
    return Connectivity(
        link_um, min_cells, float((sizes >= min_cells).mean()), float(sizes.max() / len(sizes))
    )


def od_percentiles(od: Floats) -> dict[str, float] | None:
    """Percentiles of the finite densities; None without one."""
    measured = od[np.isfinite(od)].astype(float)
    if len(measured) == 0:
        return None
    values = np.percentile(measured, PERCENTILES).tolist()
    return {f"p{q}": value for q, value in zip(PERCENTILES, values, strict=True)}
