"""Places go to QuPath and come back; a table of cores has a row for every place."""

from pathlib import Path

import pyarrow.csv
import shapely

from her2path.export.cores import CORE_COLUMNS, write_core_outlines, write_cores
from her2path.store.regions import Outline, read_regions


def test_outlines_come_back_with_label_and_class(tmp_path: Path) -> None:
    path = tmp_path / "cores.geojson"
    outlines = (
        Outline(shapely.Point(500, 400).buffer(100), "Core", "A1"),
        Outline(shapely.Point(900, 400).buffer(100), "Core: missing", "A2"),
    )
    write_core_outlines(outlines, path, slide_id="s")
    read = read_regions(path)
    assert read.passed_over == ()
    assert [(one.label, one.name) for one in read.outlines] == [("A1", "Core"), ("A2", "Core: missing")]
    for one, drawn in zip(read.outlines, outlines, strict=True):
        assert shapely.symmetric_difference(one.geometry, drawn.geometry).area < 100
    before = path.read_bytes()
    write_core_outlines(outlines, path, slide_id="s")
    assert path.read_bytes() == before


def test_what_is_not_known_of_a_core_is_an_empty_field(tmp_path: Path) -> None:
    known = {
        "label": "A1",
        "row": "A",
        "column": 1,
        "state": "present",
        "status": "scored",
        "score": "1+",
        "n_cells": 70,
        "fractions": {"N": 0.25, "FI": 0.75},
        "flags": [{"code": "LOW_CELL_COUNT"}, {"code": "BORDERLINE"}, {"code": "BORDERLINE"}],
    }
    missing = {"label": "A2", "row": "A", "column": 2, "state": "missing", "fractions": None, "flags": None}
    score = {"slide_id": "s", "rulebook": {"id": "breast-2018"}, "tma": {"cores": [known, missing]}}
    write_cores(score, tmp_path / "cores.csv")
    options = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
    table = pyarrow.csv.read_csv(tmp_path / "cores.csv", convert_options=options)
    assert table.column_names == list(CORE_COLUMNS)
    first, second = table.to_pylist()
    assert (first["N"], first["FI"], first["flags"]) == (0.25, 0.75, "LOW_CELL_COUNT BORDERLINE")
    told = {name for name, value in second.items() if value is not None}
    assert told == {"slide_id", "label", "row", "column", "state", "rulebook"}
