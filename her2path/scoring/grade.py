"""From what was measured on a cell's membrane to its pattern and grade."""

from dataclasses import replace

import numpy as np

from her2path.arrays import Codes, Floats
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import UNGRADED
from her2path.scoring.calibration import calibrated
from her2path.scoring.settings import Grading


def patterns_of(membrane_od: Floats, completeness: Floats, grading: Grading) -> Codes:
    """Name the membrane pattern of each cell.

    Parameters
    ----------
    membrane_od
        ``(n,)`` optical density along the crest of the stained membrane; may be NaN where none is stained.
    completeness
        ``(n,)`` stained fraction of the contour, 0 to 1.
    grading
        Cut-offs; a value equal to a cut-off lies above it.

    Returns
    -------
    Codes
        ``(n,)`` int8 codes of ``PATTERNS``; ``UNGRADED`` where the completeness is missing, or the density
        of a membrane that is stained.
    """
    # Cut-offs are compared in the precision of the columns: a stored 0.08 must be a 0.08 and not just below.
    od = np.asarray(membrane_od, np.float32)
    complete = np.asarray(completeness, np.float32)
    cut_offs = np.array(grading.cut_offs_od, np.float32)
    intensity = np.searchsorted(cut_offs, od, side="right")  # 0 none to 4 strong
    intensity[complete < np.float32(grading.min_completeness)] = 0
    codes = np.where(intensity > 0, 2 * intensity - 1 + (complete >= np.float32(grading.complete)), 0)
    unmeasured = np.isnan(complete) | (np.isnan(od) & (complete >= np.float32(grading.min_completeness)))
    return np.where(unmeasured, UNGRADED, codes).astype(np.int8)


def grades_of(patterns: Codes, grading: Grading) -> Codes:
    """Look up the grade 0 to 3 of each pattern; ``UNGRADED`` stays ``UNGRADED``."""
    return np.where(patterns < 0, UNGRADED, np.array(grading.grades, np.int8)[patterns]).astype(np.int8)


def witnessed(table: CellTable, grading: Grading) -> tuple[Floats, Floats]:
    """Give density and completeness from the witnesses that the recipe believes.

    Returns
    -------
    tuple[Floats, Floats]
        ``(n,)`` optical density as measured, and ``(n,)`` stained fraction of the contour. A table that does
        not tell its witnesses apart keeps what it says.
    """
    if np.isnan(table.pixel_completeness).all():
        return table.membrane_od, table.completeness
    pixels = (table.pixel_od, table.pixel_completeness)
    network = (table.network_od, table.network_completeness)
    if grading.intensity_from == "pixels" or np.isnan(table.network_completeness).all():
        return pixels
    if grading.intensity_from == "network":
        return network
    half = np.float32(0.5)
    return half * (pixels[0] + network[0]), half * (pixels[1] + network[1])


def intensities(table: CellTable, grading: Grading) -> tuple[Floats, Floats]:
    """Give density and completeness that grade each cell: as stored, calibrated.

    Returns
    -------
    tuple[Floats, Floats]
        ``(n,)`` optical density on the scale of the cut-offs, and ``(n,)`` stained fraction of the contour.
    """
    od = table.membrane_od
    return (od if grading.calibration is None else calibrated(od, grading.calibration)), table.completeness


def regrade(table: CellTable, grading: Grading) -> CellTable:
    """Hear the witnesses again, and derive pattern and grade of every cell anew."""
    od, completeness = witnessed(table, grading)
    table = replace(table, membrane_od=od, completeness=completeness)
    patterns = patterns_of(*intensities(table, grading), grading)
    return replace(table, pattern=patterns, grade=grades_of(patterns, grading))
