"""Where the network and the pixels see a cell's membrane differently."""

import numpy as np

from her2path.cells.table import CellTable
from her2path.report.numbers import count, percent
from her2path.scoring.grade import regrade
from her2path.scoring.settings import Grading


def witness_sentence(cells: CellTable | None, grading: Grading) -> str:
    """Say how many counted cells the two witnesses alone would grade differently; empty where one is silent.

    Parameters
    ----------
    cells
        Of the slide.
    grading
        As the slide was graded; each witness is heard by its cut-offs.
    """
    if cells is None or not cells.counted.any():
        return ""
    counted = cells.take(cells.counted)
    if np.isnan(counted.network_completeness).all() or np.isnan(counted.pixel_completeness).all():
        return ""
    network, pixels = (
        regrade(counted, grading.model_copy(update={"intensity_from": witness})).grade
        for witness in ("network", "pixels")
    )
    higher, lower = int(np.sum(network > pixels)), int(np.sum(network < pixels))
    apart = higher + lower
    if not apart:
        return f"The network and the pixels agree on the grade of all {count(len(counted))} tumour cells."
    return (
        f"The network and the pixels would grade {count(apart)} of the {count(len(counted))} tumour cells "
        f"({percent(apart / len(counted))}) differently: the network {count(higher)} higher and "
        f"{count(lower)} lower than the pixels."
    )
