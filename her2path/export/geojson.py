"""Cells as QuPath reads them: gzipped GeoJSON of detections, level-0 pixels, x before y."""

import gzip
import math
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from her2path.cells.contours import contour_vertices
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import KINDS, LYMPHOCYTE, OTHER, PATTERNS, STROMA, TUMOUR, UNGRADED

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "cells.her2path")
"""Of the identifiers of cells: the same slide and cell have the same one in every export."""

CHUNK = 4096
"""Cells that are in memory as polygons at one time, about 20 MB."""

COMPRESSION = 3
"""Of gzip: level 6 takes half as long again in all, for a sixth less."""

N_DECIMALS = 1
"""Of coordinates: a tenth of a pixel is below the step of the radii."""


class Class(NamedTuple):
    """A classification of QuPath."""

    name: str
    color: tuple[int, int, int]


GRADE_CLASSES = (
    Class("Tumor: Negative", (90, 90, 180)),
    Class("Tumor: 1+", (255, 215, 0)),
    Class("Tumor: 2+", (225, 150, 50)),
    Class("Tumor: 3+", (200, 50, 50)),
)
"""Classes and colours of counted cells by grade, as QuPath's positive cell detection gives them."""

KIND_CLASSES = {
    TUMOUR: Class("Tumor", (200, 0, 0)),
    STROMA: Class("Stroma", (150, 200, 150)),
    LYMPHOCYTE: Class("Immune cells", (160, 90, 160)),
    OTHER: Class("Other", (255, 200, 0)),
}
"""QuPath's own names and colours, for cells that do not count or have no grade."""

MEASUREMENTS = {
    "membrane_od": "Membrane: DAB OD mean",
    "completeness": "Membrane: completeness",
    "longest_gap": "Membrane: longest gap",
    "cytoplasm_od": "Cytoplasm: DAB OD median",
    "nucleus_area_um2": "Nucleus: Area µm^2",
    "tumour_probability": "Tumor probability",
}
"""Column -> name of the measurement: QuPath's where it has one."""


def write_geojson(
    cells: CellTable, path: Path, *, slide_id: str, mpp_yx_um: tuple[float, float] | None
) -> None:
    """Write a FeatureCollection of cells, a chunk at a time.

    A cell has its membrane as geometry and its nucleus as ``nucleusGeometry``. Without contours or pixel
    size each cell is a point.

    Parameters
    ----------
    cells
        Every row becomes a feature.
    path
        ``cells.geojson.gz``; the same table gives the same bytes.
    slide_id
        Enters the identifiers of the cells.
    mpp_yx_um
        Micrometres per level-0 pixel.
    """
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=COMPRESSION, fileobj=raw, mtime=0) as file,
    ):
        file.write(b'{"type":"FeatureCollection","features":[')
        for start in range(0, len(cells), CHUNK):
            chunk = cells.take(np.arange(start, min(start + CHUNK, len(cells))))
            features = (orjson.dumps(feature) for feature in _features(chunk, slide_id, mpp_yx_um))
            file.write((b",\n" if start else b"\n") + b",\n".join(features))
        file.write(b"\n]}\n")


def _features(
    cells: CellTable, slide_id: str, mpp_yx_um: tuple[float, float] | None
) -> Iterator[dict[str, Any]]:
    # Whole columns as lists first: taking single numbers out of arrays is ten times slower.
    ids, y_px, x_px = cells.cell_id.tolist(), cells.y_px.tolist(), cells.x_px.tolist()
    membranes, nuclei = (_rings(cells, name, mpp_yx_um) for name in ("cell_radii", "nucleus_radii"))
    measured = _measurements(cells)
    for i, (classification, metadata) in enumerate(zip(_classes(cells), _metadata(cells), strict=True)):
        feature: dict[str, Any] = {
            "type": "Feature",
            "id": str(uuid.uuid5(NAMESPACE, f"{slide_id}/{ids[i]}")),
            "geometry": {"type": "Point", "coordinates": [x_px[i], y_px[i]]},
            "properties": {
                "objectType": "detection",
                "classification": classification._asdict(),
                "isLocked": True,
                "measurements": measured[i],
                "metadata": metadata,
            },
        }
        if (membrane := membranes[i]) is not None:
            feature["properties"]["objectType"] = "cell"
            feature["geometry"] = {"type": "Polygon", "coordinates": [membrane]}
            if (nucleus := nuclei[i]) is not None:
                feature["nucleusGeometry"] = {"type": "Polygon", "coordinates": [nucleus]}
        yield feature


def _measurements(cells: CellTable) -> list[dict[str, float]]:
    """Measurements of every cell; one that is missing is left out: JSON has no NaN, and 0 would be a lie."""
    columns = [getattr(cells, name).astype(float).round(4).tolist() for name in MEASUREMENTS]
    titles = tuple(MEASUREMENTS.values())
    return [
        {title: value for title, value in zip(titles, row, strict=True) if math.isfinite(value)}
        for row in zip(*columns, strict=True)
    ]


def _metadata(cells: CellTable) -> list[dict[str, str]]:
    return [
        {
            "kind": KINDS[kind],
            "counted": "true" if counted else "false",
            "pattern": "" if pattern == UNGRADED else PATTERNS[pattern],
        }
        for kind, counted, pattern in zip(
            cells.kind.tolist(), cells.counted.tolist(), cells.pattern.tolist(), strict=True
        )
    ]


def _classes(cells: CellTable) -> list[Class]:
    graded = (cells.counted & (cells.grade != UNGRADED)).tolist()
    return [
        GRADE_CLASSES[grade] if is_graded else KIND_CLASSES[kind]
        for grade, kind, is_graded in zip(cells.grade.tolist(), cells.kind.tolist(), graded, strict=True)
    ]


def _rings(
    cells: CellTable, column: str, mpp_yx_um: tuple[float, float] | None
) -> list[list[list[float]] | None]:
    """Close every contour as a ring of 33 points x, y; None where the cell has none, or no scale is known."""
    radii = getattr(cells, column)
    if mpp_yx_um is None or not radii.shape[1]:
        return [None] * len(cells)
    vertices = contour_vertices(radii, cells.y_px, cells.x_px, mpp_yx_um)[..., ::-1]
    # Rounded as doubles, so that the text has no more digits than it needs.
    closed = np.concatenate([vertices, vertices[:, :1]], axis=1).astype(np.float64).round(N_DECIMALS)
    drawn = radii.any(axis=1).tolist()
    return [ring if is_drawn else None for ring, is_drawn in zip(closed.tolist(), drawn, strict=True)]
