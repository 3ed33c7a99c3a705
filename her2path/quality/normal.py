"""Normal epithelium as the internal control: it must not be stained more than faintly."""

from collections.abc import Iterator
from dataclasses import dataclass

from her2path.arrays import Floats
from her2path.cells.table import CellTable
from her2path.flags import Flag
from her2path.quality.control import Reading, read_cells

OVERSTAINED_GRADE = 2
"""Normal ducts express a little HER2, and read none to faint, incomplete staining: grade 0 or 1. From weak
complete staining on it is that of a tumour (ASCO/CAP 2013: repeat the test where normal ducts and lobules
are strongly stained)."""

OVERSTAINED_SHARE = 0.10
"""Of the cells, above which the epithelium is overstained: what makes a tumour 2+ (ASCO/CAP 2018)."""

MIN_CELLS = 50
"""One duct cut across shows about as many luminal cells; in fewer, some stained myoepithelium or a strip of
tumour that was drawn in is a tenth of all [P]."""


@dataclass(frozen=True, eq=False)
class NormalResult:
    """The normal epithelium of a slide."""

    reading: Reading
    overstained_share: float | None
    """Of its cells, that are graded ``OVERSTAINED_GRADE`` or more."""

    passed: bool | None
    """None where too few cells were found."""


def normal_result(cells: CellTable, od: Floats) -> NormalResult:
    """Measure and judge normal epithelium.

    Parameters
    ----------
    cells
        Of the region; rows that are ``counted`` and have a pattern take part. Who looks for tumour finds the
        epithelium of ducts, which has the same nuclei in the same solid surroundings.
    od
        ``(n,)`` membrane density of each row on the scale of the cut-offs.
    """
    reading = read_cells(cells, od)
    used = cells.in_denominator
    share = float((cells.grade[used] >= OVERSTAINED_GRADE).mean()) if used.any() else None
    passed = None if share is None or reading.n_cells < MIN_CELLS else share <= OVERSTAINED_SHARE
    return NormalResult(reading, share, passed)


def normal_flags(result: NormalResult) -> Iterator[Flag]:
    """Yield what a reader must know of it."""
    n, share = result.reading.n_cells, result.overstained_share
    if result.passed is None or share is None:
        yield Flag(
            "CONTROL_NOT_JUDGED",
            "info",
            f"Normal epithelium: {n} cells; fewer than {MIN_CELLS} are not judged.",
        )
        return
    said = (
        f"Normal epithelium: {share:.0%} of {n:,} cells are stained more than faintly or incompletely; "
        f"up to {OVERSTAINED_SHARE:.0%} passes"
    )
    if result.passed:
        yield Flag("CONTROL_PASS", "info", f"{said}.")
    else:
        yield Flag("CONTROL_FAIL", "warning", f"{said}. The assay may be overstained.")
