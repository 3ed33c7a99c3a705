"""Every place has a result, and none is made up."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from her2path.cells.table import CellTable
from her2path.image.geometry import PixelSize
from her2path.pipeline.core_results import OF_A_CORE, score_cores
from her2path.pipeline.tma import CorePlace
from her2path.quality.tma import State
from her2path.store.recipes import load_recipe

TableOf = Callable[[NDArray[np.integer], NDArray[np.integer]], CellTable]

PIXEL_SIZE = PixelSize(0.25, 0.25)


def place(number: int, label: str, state: State = "present", *, unreadable: bool = False) -> CorePlace:
    return CorePlace(number, label, label[0], int(label[1:]), state, 100, 100, 1.0, 0.7, unreadable)


def test_every_core_is_scored_on_its_own_cells(table_of: TableOf) -> None:
    n = np.array([60, 60, 60, 3])
    cells = table_of(np.zeros(n.sum(), np.int32), np.arange(n.sum()))
    cells = replace(cells, region=np.repeat([1, 2, 6, 4], n).astype(np.int32))
    places = (
        place(1, "A1"),
        place(2, "A2", unreadable=True),
        place(3, "A3", "broken"),
        place(4, "B1"),
        place(5, "B2", "missing"),
    )
    cores = score_cores(places, cells, load_recipe(specimen="tma-core"), PIXEL_SIZE)
    told = [(core["label"], core["status"], core["score"], core["n_cells"]) for core in cores]
    assert told == [
        ("A1", "scored", "0", 60),
        ("A2", "partial", "0", 60),
        ("A3", "not_evaluable", None, 0),
        ("B1", "not_evaluable", None, 3),
        ("B2", "not_evaluable", None, None),
    ]
    assert cores[4]["reason"] == "no core in this place"
    assert all(core["reason"] for core in cores[1:])
    assert {core[name] for core in cores[2:] for name in OF_A_CORE} == {None}
    assert "LOW_CELL_COUNT" in {flag["code"] for flag in cores[0]["flags"]}
