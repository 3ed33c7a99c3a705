"""Cells found against the cells that were drawn: tallies of one slide, which add up to those of many."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from sklearn.metrics import cohen_kappa_score

from her2path.cells.vocabulary import KINDS, LYMPHOCYTE, OTHER, STROMA, TUMOUR
from her2path.scoring.grade import grades_of, patterns_of
from her2path.scoring.settings import Grading

MATCH_UM = 5.0
"""A found cell stands for a drawn one within this: about half a tumour nucleus."""

TRUTHS = (*KINDS[:OTHER], "nothing")
"""Rows of the confusion of kinds: what was drawn. Red cells are no cells that a reader would name."""

FINDINGS = (*KINDS, "missed")
"""Columns of the confusion of kinds: what it was taken for."""

N_GRADES = 4


class Sum:
    """Adds field by field; a field that is None on one side is taken from the other."""

    def __add__(self, other: Self) -> Self:
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return type(self)(*(b if a is None else a if b is None else a + b for a, b in pairs))


@dataclass(frozen=True, slots=True)
class Errors(Sum):
    """Differences, found minus drawn."""

    n: int
    total: float
    absolute: float

    @classmethod
    def of(cls, found: np.ndarray, drawn: np.ndarray) -> Self:
        """Sum up the differences; what was not measured is left out."""
        difference = found.astype(float) - drawn
        difference = difference[np.isfinite(difference)]
        return cls(len(difference), float(difference.sum()), float(np.abs(difference).sum()))

    @property
    def bias(self) -> float:
        """Mean difference."""
        return ratio(self.total, self.n)

    @property
    def mae(self) -> float:
        """Mean absolute difference."""
        return ratio(self.absolute, self.n)


@dataclass(frozen=True, slots=True)
class Reading(Sum):
    """What was read of the staining of the matched tumour cells."""

    grades: np.ndarray
    """``(4, 4)`` cells by drawn and by found grade."""

    od: Errors
    """Membrane density, over cells that are stained in truth and found so."""

    completeness: Errors
    """Over cells that are stained in truth or found so: membranes missed and invented count in full."""

    @classmethod
    def of(cls, drawn: pa.Table, od: np.ndarray, completeness: np.ndarray, grade: np.ndarray) -> Self:
        """Compare row by row; ``grade`` is negative where there is none."""
        truth = column(drawn, "grade")
        graded = (truth >= 0) & (grade >= 0)
        grades = np.zeros((N_GRADES, N_GRADES), int)
        np.add.at(grades, (truth[graded], grade[graded]), 1)
        both, either = graded & (truth > 0) & (grade > 0), graded & ((truth > 0) | (grade > 0))
        return cls(
            grades,
            Errors.of(od[both], column(drawn, "membrane_od")[both]),
            Errors.of(completeness[either], column(drawn, "completeness")[either]),
        )

    @property
    def accuracy(self) -> float:
        """Share of the cells that have their grade."""
        return ratio(np.trace(self.grades), self.grades.sum())

    @property
    def kappa(self) -> float:
        """Quadratic; NaN where every cell has one and the same grade."""
        used = self.grades.any(axis=0) | self.grades.any(axis=1)
        if used.sum() < 2:
            return float("nan")
        drawn, found = np.indices(self.grades.shape)
        return float(
            cohen_kappa_score(
                drawn.ravel(), found.ravel(), weights="quadratic", sample_weight=self.grades.ravel()
            )
        )


@dataclass(frozen=True, slots=True)
class Tally(Sum):
    """How well cells were found and read."""

    drawn: int
    """Tumour cells that a reader would count."""

    found: int
    """Cells counted as tumour, less those on drawn tumour that no reader could count (blurred, inked)."""

    matched: int
    kinds: np.ndarray
    """``(4, 5)`` nuclei by ``TRUTHS`` and ``FINDINGS``."""

    read: Reading
    """By ``membrane_od`` and ``completeness``, which grade the slide."""

    pixels: Reading | None
    """By ``pixel_od`` and ``pixel_completeness``, as if they graded; None where there is no network."""

    network: Reading | None
    """By ``network_od`` and ``network_completeness``, as if they graded; None where there is no network."""

    @property
    def precision(self) -> float:
        """Share of the cells counted that are tumour cells."""
        return ratio(self.matched, self.found)

    @property
    def recall(self) -> float:
        """Share of the tumour cells that are counted."""
        return ratio(self.matched, self.drawn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return ratio(2 * self.matched, self.drawn + self.found)

    @property
    def lymphocytes_counted(self) -> float:
        """Share of the drawn lymphocytes that were taken for tumour."""
        return ratio(self.kinds[LYMPHOCYTE, TUMOUR], self.kinds[LYMPHOCYTE].sum())

    @property
    def stroma_counted(self) -> float:
        """Share of the drawn stromal cells that were taken for tumour."""
        return ratio(self.kinds[STROMA, TUMOUR], self.kinds[STROMA].sum())


def compare(truth_path: Path, result_dir: Path) -> Tally:
    """Compare the cells of one slide with what was drawn.

    Parameters
    ----------
    truth_path
        ``NAME.truth.parquet``, beside ``NAME.truth.json``, as ``her2path phantom`` writes them.
    result_dir
        Holds ``cells.parquet``, as ``her2path score`` writes it.
    """
    truth = json.loads(truth_path.with_suffix(".json").read_text())
    drawn, found = pq.read_table(truth_path), pq.read_table(result_dir / "cells.parquet")
    drawn_um, found_um = places_px(drawn) * truth["mpp"], places_px(found) * truth["mpp"]
    drawn_counts, found_counts = column(drawn, "counted"), column(found, "counted")
    spare = (column(drawn, "kind") == KINDS[TUMOUR]) & ~drawn_counts

    to_drawn, to_found = match(drawn_um[drawn_counts], found_um[found_counts], MATCH_UM)
    a, b = np.flatnonzero(drawn_counts)[to_drawn], np.flatnonzero(found_counts)[to_found]
    unmatched = np.setdiff1d(np.flatnonzero(found_counts), b)
    excused = len(match(drawn_um[spare], found_um[unmatched], MATCH_UM)[0])

    pairs, read, grading = drawn.take(a), found.take(b), Grading.model_validate(truth["grading"])
    two = np.isfinite(column(found, "network_completeness")).any()
    return Tally(
        drawn=int(drawn_counts.sum()),
        found=int(found_counts.sum()) - excused,
        matched=len(a),
        kinds=_kinds(drawn, found, match(drawn_um, found_um, MATCH_UM), spare),
        read=_reading(pairs, read, ("membrane_od", "completeness"), grading),
        pixels=_reading(pairs, read, ("pixel_od", "pixel_completeness"), grading) if two else None,
        network=_reading(pairs, read, ("network_od", "network_completeness"), grading) if two else None,
    )


def _reading(drawn: pa.Table, found: pa.Table, names: tuple[str, str], grading: Grading) -> Reading:
    """Grade by these two columns; without completeness by the table's own grade."""
    od, completeness = (column(found, name) for name in names)
    own = np.isnan(completeness).all()
    grade = column(found, "grade") if own else grades_of(patterns_of(od, completeness, grading), grading)
    return Reading.of(drawn, od, completeness, grade)


def _kinds(
    drawn: pa.Table, found: pa.Table, pairs: tuple[np.ndarray, np.ndarray], spare: np.ndarray
) -> np.ndarray:
    """Count ``(4, 5)`` nuclei by what was drawn and what was found; spare tumour stands in no row."""
    nothing, missed = len(TRUTHS) - 1, len(FINDINGS) - 1
    truth, kind = (
        np.array([KINDS.index(word) for word in table["kind"].to_pylist()], int) for table in (drawn, found)
    )
    taken_for = np.full(len(truth), missed)
    taken_for[pairs[0]] = kind[pairs[1]]
    alone = np.setdiff1d(np.arange(len(kind)), pairs[1])
    counts = np.zeros((len(TRUTHS), len(FINDINGS)), int)
    judged = ~spare & (truth != OTHER)
    np.add.at(counts, (truth[judged], taken_for[judged]), 1)
    np.add.at(counts, (nothing, kind[alone]), 1)
    return counts


def match(drawn: np.ndarray, found: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Pair points one to one within ``limit``: most pairs first, least total distance second.

    Parameters
    ----------
    drawn, found
        ``(n, 2)`` and ``(m, 2)`` positions in the unit of ``limit``.

    Returns
    -------
    tuple of arrays
        Rows of ``drawn`` and of ``found``, equally many.
    """
    if not len(drawn) or not len(found):
        return np.zeros(0, int), np.zeros(0, int)
    near = cKDTree(drawn).sparse_distance_matrix(cKDTree(found), limit, output_type="ndarray")
    i, j, distance = near["i"], near["j"], near["v"]
    n = len(drawn)
    # Cells that compete form small groups; each is solved alone.
    graph = coo_array((np.ones(len(i)), (i, n + j)), shape=(n + len(found),) * 2)
    group = connected_components(graph, directed=False)[1][i]
    order = np.argsort(group, kind="stable")
    pairs = []
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if not len(rows):
            continue
        a, at_a = np.unique(i[rows], return_inverse=True)
        b, at_b = np.unique(j[rows], return_inverse=True)
        cost = np.full((len(a), len(b)), 1e3 * limit)
        cost[at_a, at_b] = distance[rows]
        best = linear_sum_assignment(cost)
        kept = cost[best] <= limit
        pairs.append(np.stack([a[best[0][kept]], b[best[1][kept]]]))
    left, right = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), int)
    return left, right


def places_px(table: pa.Table) -> np.ndarray:
    """``(n, 2)`` centres ``(y, x)``, level-0 pixels."""
    return np.stack([column(table, "y_px"), column(table, "x_px")], axis=1).astype(float)


def column(table: pa.Table, name: str) -> np.ndarray:
    """Give one column: null is -1 in whole numbers and NaN in others, a column that is not there all NaN."""
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    values = table[name]
    if pa.types.is_dictionary(values.type) or pa.types.is_string(values.type):
        return np.array(values.to_pylist(), object)
    if pa.types.is_integer(values.type):
        values = values.fill_null(-1)
    return values.to_numpy()


def ratio(part: float, whole: float) -> float:
    """Divide; NaN where there is nothing to divide by."""
    return float(part / whole) if whole else float("nan")
