"""Cells found against the cells that were drawn, slide by slide.

    python benchmarks/accuracy/compare.py TRUTH_DIR RESULT_DIR

TRUTH_DIR holds ``NAME.truth.parquet`` and ``NAME.truth.json`` as written by ``her2path phantom``; RESULT_DIR
holds ``NAME/cells.parquet`` and ``NAME/score.json`` as written by ``her2path score``.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from sklearn.metrics import cohen_kappa_score

MATCH_UM = 5.0
"""A found cell stands for a drawn one within this: about half a tumour nucleus."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well one slide was read."""

    slide: str
    drawn: int
    found: int
    precision: float
    recall: float
    grade_accuracy: float
    grade_kappa: float
    """Quadratic; NaN where every matched cell has one grade."""

    od_bias: float
    """Mean of found minus drawn membrane density over matched cells that are stained in both."""

    completeness_bias: float
    truth: str
    category: str

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


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


def compare(truth_path: Path, result_dir: Path) -> Agreement:
    """Compare one slide's cells and score with what was drawn."""
    name = truth_path.name.removesuffix(".truth.parquet")
    truth = json.loads(truth_path.with_name(f"{name}.truth.json").read_text())
    score = json.loads((result_dir / name / "score.json").read_text())
    drawn, found = pq.read_table(truth_path), pq.read_table(result_dir / name / "cells.parquet")
    mpp = truth["mpp"]
    drawn_yx, found_yx = _places(drawn) * mpp, _places(found) * mpp
    drawn_counts, found_counts = (
        _column(drawn, "counted").astype(bool),
        _column(found, "counted").astype(bool),
    )

    to_drawn, to_found = match(drawn_yx[drawn_counts], found_yx[found_counts], MATCH_UM)
    a, b = np.flatnonzero(drawn_counts)[to_drawn], np.flatnonzero(found_counts)[to_found]
    # Drawn tumour that no reader could count (out of focus, under the pen) is neither right nor wrong.
    spare_tumour = (_column(drawn, "kind") == "tumour") & ~drawn_counts
    unmatched = np.setdiff1d(np.flatnonzero(found_counts), b)
    excused = len(match(drawn_yx[spare_tumour], found_yx[unmatched], MATCH_UM)[0])
    n_judged = found_counts.sum() - excused

    grade_a, grade_b = _column(drawn, "grade")[a], _column(found, "grade")[b]
    graded = (grade_a >= 0) & (grade_b >= 0)
    grade_a, grade_b = grade_a[graded].astype(int), grade_b[graded].astype(int)
    one_grade = len(np.union1d(grade_a, grade_b)) < 2
    stained = (grade_a > 0) & (grade_b > 0)
    a, b = a[graded][stained], b[graded][stained]
    return Agreement(
        slide=name,
        drawn=int(drawn_counts.sum()),
        found=int(found_counts.sum()),
        precision=float(len(to_drawn) / n_judged) if n_judged else float("nan"),
        recall=float(len(to_drawn) / max(drawn_counts.sum(), 1)),
        grade_accuracy=float(np.mean(grade_a == grade_b)) if len(grade_a) else float("nan"),
        grade_kappa=float("nan")
        if one_grade
        else float(cohen_kappa_score(grade_a, grade_b, weights="quadratic", labels=range(4))),
        od_bias=_mean_difference(_column(found, "membrane_od")[b], _column(drawn, "membrane_od")[a]),
        completeness_bias=_mean_difference(
            _column(found, "completeness")[b], _column(drawn, "completeness")[a]
        ),
        truth=truth["category"],
        category=score["category"] or score["status"],
    )


def _places(table: pa.Table) -> np.ndarray:
    return np.stack([_column(table, "y_px"), _column(table, "x_px")], axis=1).astype(float)


def _column(table: pa.Table, name: str) -> np.ndarray:
    """Null becomes -1 in whole numbers and NaN in the others."""
    column = table[name]
    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
        return np.array(column.to_pylist(), object)
    if pa.types.is_integer(column.type):
        column = column.fill_null(-1)
    return column.to_numpy()


def _mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    difference = np.asarray(a, float) - np.asarray(b, float)
    return float(np.nanmean(difference)) if np.isfinite(difference).any() else float("nan")


def main() -> None:
    """Print one line a slide, and the means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("truth_dir", type=Path)
    parser.add_argument("result_dir", type=Path)
    options = parser.parse_args()
    header = ("drawn", "found", "precision", "recall", "F1", "grade", "kappa", "od_bias", "compl_bias")
    print(f"{'slide':22}" + "".join(f"{name:>11}" for name in header) + "  truth        category")
    rows = []
    for path in sorted(options.truth_dir.glob("*.truth.parquet")):
        name = path.name.removesuffix(".truth.parquet")
        if not (options.result_dir / name / "cells.parquet").exists():
            print(f"{name:22}  not scored")
            continue
        row = compare(path, options.result_dir)
        rows.append(row)
        numbers = (row.precision, row.recall, row.f1, row.grade_accuracy, row.grade_kappa, row.od_bias)
        print(
            f"{row.slide:22}{row.drawn:11}{row.found:11}"
            + "".join(f"{value:11.3f}" for value in (*numbers, row.completeness_bias))
            + f"  {row.truth:13}{row.category:13}{'' if row.truth == row.category else 'MISS'}"
        )
    if rows:
        kappas = [row.grade_kappa for row in rows if np.isfinite(row.grade_kappa)]
        hits = sum(row.truth == row.category for row in rows)
        print(
            f"{len(rows)} slides: mean F1 {np.mean([row.f1 for row in rows]):.3f}, "
            f"grade accuracy {np.mean([row.grade_accuracy for row in rows]):.3f}, "
            f"quadratic kappa {np.mean(kappas) if kappas else float('nan'):.3f}, category right in {hits}"
        )


if __name__ == "__main__":
    main()
