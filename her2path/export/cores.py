"""The cores of a tissue microarray as files: outlines for QuPath, results as a table."""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv
import shapely

from her2path.cells.vocabulary import PATTERNS
from her2path.store.regions import Outline

CORES_FILE = "cores.csv"

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "cores.her2path")
"""Of the identifiers of places: the same slide and label have the same one in every export."""

CLASS_COLOURS = {"Core": (0, 140, 60), "Core: broken": (230, 140, 0), "Core: missing": (200, 0, 0)}

CORE_COLUMNS: dict[str, pa.DataType] = {
    "slide_id": pa.string(),
    "label": pa.string(),
    "row": pa.string(),
    "column": pa.int64(),
    "state": pa.string(),
    "status": pa.string(),
    "reason": pa.string(),
    "score": pa.string(),
    "category": pa.string(),
    "her2_status": pa.string(),
    "tag": pa.string(),
    "n_cells": pa.int64(),
    **dict.fromkeys(PATTERNS, pa.float64()),
    "h_score": pa.float64(),
    "complete_intense_fraction": pa.float64(),
    "borderline": pa.bool_(),
    "rule_fired": pa.string(),
    "rulebook": pa.string(),
    "flags": pa.string(),
    "area_mm2": pa.float64(),
    "share": pa.float64(),
    "y_px": pa.int64(),
    "x_px": pa.int64(),
}
"""Columns of cores.csv: one row a place, whatever is in it."""


def write_core_outlines(outlines: Sequence[Outline], path: Path, *, slide_id: str) -> None:
    """Write places as QuPath annotations: name and class, level-0 pixels.

    Annotations and not cores of QuPath's own kind: those it leaves out when it reads a file of objects.

    Parameters
    ----------
    outlines
        With the label as their title and the state in their class.
    path
        ``.geojson``; the same places give the same bytes.
    slide_id
        Enters the identifiers.
    """
    features = [
        {
            "type": "Feature",
            "id": str(uuid.uuid5(NAMESPACE, f"{slide_id}/{outline.label}")),
            "geometry": shapely.geometry.mapping(shapely.set_precision(outline.geometry, 0.1)),
            "properties": {
                "objectType": "annotation",
                "name": outline.label,
                "classification": {"name": outline.name, "color": CLASS_COLOURS[outline.name]},
            },
        }
        for outline in outlines
    ]
    document = {"type": "FeatureCollection", "features": features}
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def write_cores(score: Mapping[str, Any], path: Path) -> None:
    """Write cores.csv from ``tma`` of score.json; what is not known is an empty field."""
    shared = {"slide_id": score["slide_id"], "rulebook": score["rulebook"]["id"]}
    rows = [
        {
            **core,
            **(core["fractions"] or {}),
            **shared,
            "flags": " ".join(dict.fromkeys(flag["code"] for flag in core["flags"] or ())) or None,
        }
        for core in score["tma"]["cores"]
    ]
    table = pa.Table.from_pylist(
        [{name: row.get(name) for name in CORE_COLUMNS} for row in rows], schema=pa.schema(CORE_COLUMNS)
    )
    pyarrow.csv.write_csv(table, path)
