"""What is known of a synthetic slide: sums along every contour, and the table and score they give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from her2path.arrays import Doubles
from her2path.cells.vocabulary import KINDS, OTHER, PATTERNS, TUMOUR, UNGRADED
from her2path.phantom.places import USUAL_UM
from her2path.phantom.plan import CellPlan
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap
from her2path.scoring.grade import grades_of, patterns_of
from her2path.scoring.settings import Grading

MIN_NUCLEUS_UM2 = 12.0
"""A tumour cell with less of its nucleus in the section is drawn but not counted."""

OBSCURED = 0.25
"""Out of focus from here (0 to 1): no reader grades such a cell."""

NOTHING_APART: Mapping[str, NDArray[np.bool_]] = MappingProxyType({})


NOT_INVASIVE = frozenset({"in_situ", "normal"})
"""Epithelium that stands apart and is no tumour in the sense of the table: its kind is ``other``."""


@dataclass(eq=False)
class Tally:
    """Sums over pixels by cell; blocks add to it in any order."""

    n_cells: int
    contour_px: Doubles = field(init=False)
    stained_px: Doubles = field(init=False)
    stained_od: Doubles = field(init=False)
    nucleus_px: Doubles = field(init=False)

    def __post_init__(self) -> None:
        self.contour_px, self.stained_px, self.stained_od, self.nucleus_px = np.zeros((4, self.n_cells))

    def add_contour(self, cell: NDArray[np.int64], crest_od: NDArray[np.float32], stained_od: float) -> None:
        """Add pixels along membranes: the cell each belongs to and the crest there."""
        stained = crest_od >= stained_od
        self.contour_px += np.bincount(cell, minlength=self.n_cells)
        self.stained_px += np.bincount(cell[stained], minlength=self.n_cells)
        self.stained_od += np.bincount(cell[stained], crest_od[stained], minlength=self.n_cells)

    def add_nucleus(self, cell: NDArray[np.int64]) -> None:
        """Add pixels inside nuclei."""
        self.nucleus_px += np.bincount(cell, minlength=self.n_cells)


def truth_table(
    plan: CellPlan,
    tally: Tally,
    *,
    spec: SlideSpec,
    drawn_mpp_um: float,
    obscured: NDArray[np.bool_],
    grading: Grading,
    apart: Mapping[str, NDArray[np.bool_]] = NOTHING_APART,
) -> pa.Table:
    """One row a nucleus, in reading order; see docs of ``cells.parquet`` for the columns.

    Null stands for what a kind of cell does not have. ``apart`` gives, by name, cells that are graded and
    never counted, such as those of a control; each becomes a column of its own.
    """
    height, width = spec.size_px
    y_px = np.floor(plan.nucleus_y_um / spec.mpp).astype(np.int64)
    x_px = np.floor(plan.nucleus_x_um / spec.mpp).astype(np.int64)
    inside = (y_px >= 0) & (y_px < height) & (x_px >= 0) & (x_px < width)
    area_um2 = tally.nucleus_px * drawn_mpp_um**2
    tumour = plan.kind == TUMOUR
    has_contour = tumour & (tally.contour_px > 0)
    completeness = np.divide(
        tally.stained_px, tally.contour_px, out=np.full(len(plan), np.nan), where=has_contour
    ).astype(np.float32)
    membrane_od = np.divide(
        tally.stained_od, tally.stained_px, out=np.zeros(len(plan)), where=tally.stained_px > 0
    ).astype(np.float32)
    pattern = patterns_of(membrane_od, completeness, grading)
    grade = grades_of(pattern, grading)
    counted = has_contour & ~obscured & (area_um2 >= MIN_NUCLEUS_UM2)
    for cells in apart.values():
        counted = counted & ~cells
    kind = plan.kind.copy()
    for name in NOT_INVASIVE & apart.keys():
        kind[apart[name] & tumour] = OTHER
    rows = np.flatnonzero(inside & (plan.kind != OTHER) & (area_um2 > 1))
    cell_id = y_px * width + x_px
    rows = rows[np.argsort(cell_id[rows], kind="stable")]
    missing = pattern[rows] == UNGRADED
    names = np.append(np.array(PATTERNS, object), "")
    return pa.table(
        {
            "cell_id": pa.array(cell_id[rows]),
            "y_px": pa.array(y_px[rows].astype(np.int32)),
            "x_px": pa.array(x_px[rows].astype(np.int32)),
            "kind": pa.array(np.array(KINDS, object)[kind[rows]], pa.string()),
            "counted": pa.array(counted[rows]),
            "membrane_od": pa.array(membrane_od[rows], mask=missing),
            "completeness": pa.array(completeness[rows], mask=missing),
            "pattern": pa.array(names[pattern[rows]], pa.string(), mask=missing),
            "grade": pa.array(grade[rows], mask=missing),
            "nucleus_area_um2": pa.array(area_um2[rows].astype(np.float32)),
            **{name: pa.array(cells[rows]) for name, cells in apart.items()},
        }
    )


def with_seen_od(table: pa.Table, *, spec: SlideSpec, tissue: TissueMap) -> pa.Table:
    """Add ``seen_od``, what membranes read, where a slide does not show its cells as they are.

    ``membrane_od`` and ``pattern`` stay those of well fixed cells in a section of usual thickness.
    """
    gradient, thickness_um = spec.tumour.gradient, spec.confounders.thickness_um
    if gradient.kind == "none" and thickness_um == USUAL_UM:
        return table
    y_um, x_um = (table[name].to_numpy() * spec.mpp for name in ("y_px", "x_px"))
    shown = tissue.at(tissue.guests.stain_left, y_um, x_um) * np.float32(thickness_um / USUAL_UM)
    return table.append_column("seen_od", pc.multiply(table["membrane_od"], pa.array(shown)))


def fractions_of(counted: pa.Table) -> dict[str, float]:
    """Share of each pattern among counted cells; all 0 without cells."""
    found = np.array(counted["pattern"].to_pylist(), object)
    return {name: float(np.mean(found == name)) if len(found) else 0.0 for name in PATTERNS}


def category_of(fractions: dict[str, float], n_cells: int, *, present_from: float) -> str:
    """Name the 2018 breast category of known fractions, counted directly.

    Written out here, and not taken from the rules under test, so that truth does not move with them
    (Wolff et al., J Clin Oncol 2018;36:2105; gaps closed by convention). A pattern is present from
    ``present_from`` cells.
    """
    p = fractions
    complete = p["WC"] + p["MC"] + p["SC"]
    moderate = complete + p["MI"] + p["SI"]
    stained = 1 - p["N"]
    if p["SC"] > 0.10:
        return "IHC3"
    if p["SC"] * n_cells >= present_from or complete > 0.10 or moderate > 0.10:
        return "IHC2"
    if stained > 0.10:
        return "IHC1"
    return "IHC0_STAINED" if stained * n_cells >= present_from else "IHC0_NULL"


SCORES = {"IHC0_NULL": "0", "IHC0_STAINED": "0", "IHC1": "1+", "IHC2": "2+", "IHC3": "3+"}
"""Score of each category."""
