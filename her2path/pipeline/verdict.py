"""What a recipe says of cells: of a whole slide, of stored cells, or of one core."""

import numpy as np

from her2path.cells.table import CellTable
from her2path.image.geometry import PixelSize
from her2path.recipe import Recipe
from her2path.scoring.ish import IshReading
from her2path.scoring.score import SlideScore, score_cells


def denominator(cells: CellTable) -> int:
    """Count the cells that a score would rest on."""
    return int(np.count_nonzero(cells.in_denominator))


def score_by_recipe(
    cells: CellTable, recipe: Recipe, pixel_size: PixelSize | None, *, ish: IshReading | None = None
) -> SlideScore:
    """Score cells by the rulebook, statistics, specimen and clone of a recipe.

    Parameters
    ----------
    cells
        Settled and graded.
    recipe
        Its rulebook must fit its specimen.
    pixel_size
        Of level 0; None where it is not known.
    ish
        Of the same specimen, where there is any.

    Raises
    ------
    UsageError
        If the rules need distances and the pixel size is not known, or read no ISH.
    NotEvaluableError
        ``NO_TUMOUR`` or ``TOO_FEW_CELLS``.
    """
    return score_cells(
        cells,
        rulebook=recipe.rulebook,
        statistics=recipe.statistics,
        pixel_size=pixel_size,
        specimen=recipe.specimen,
        ish=ish,
        clone=recipe.clone,
    )
