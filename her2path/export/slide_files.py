"""The files of one scored slide, from the value that scoring it gave."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from her2path.export.cores import CORES_FILE, write_cores
from her2path.export.geojson import write_geojson
from her2path.pipeline.result import ScoredSlide
from her2path.store.maps import write_map_picture, write_map_table
from her2path.store.runs import json_bytes, publish_files
from her2path.store.tables import StoredCells, write_cells

GEOJSON_FILE = "cells.geojson.gz"
THUMBNAIL_FILE = "thumbnail.jpg"


def publish(
    scored: ScoredSlide,
    folder: Path,
    *,
    report_html: Callable[[], str],
    thumbnail_jpg: bytes | None = None,
    geojson: bool = False,
) -> None:
    """Write everything that a scored slide leaves behind; it appears as a whole, score.json last.

    A slide on which nothing was scored has no map, and its cell table is empty.

    Parameters
    ----------
    scored
        The result.
    folder
        ``out/slide_id``; an older result there is replaced once the new one is complete.
    report_html
        Draws the page, while the cells are written.
    thumbnail_jpg
        The slide at a glance, for the page of the cohort; None where there is nothing to see.
    geojson
        Whether QuPath detections are wanted too.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    size_px, mpp_yx_um = scored.size_px, scored.mpp_yx_um
    stored = StoredCells(scored.cells, mpp_yx_um, size_px)
    files: dict[str, Callable[[Path], object]] = {
        "cells.parquet": partial(write_cells, stored),
        "report.html": lambda path: path.write_text(report_html(), encoding="utf-8"),
        "run.json": lambda path: path.write_bytes(json_bytes(scored.run)),
    }
    if thumbnail_jpg is not None:
        files[THUMBNAIL_FILE] = lambda path: path.write_bytes(thumbnail_jpg)
    if scored.heterogeneity is not None:
        files["heterogeneity.parquet"] = partial(write_map_table, scored.heterogeneity)
        if size_px is not None and mpp_yx_um is not None:
            files["heterogeneity.ome.tif"] = partial(
                write_map_picture, scored.heterogeneity, shape_px=size_px, mpp_yx_um=mpp_yx_um
            )
    if scored.score.get("tma") is not None:
        files[CORES_FILE] = partial(write_cores, scored.score)
    if geojson:
        files[GEOJSON_FILE] = partial(
            write_geojson, scored.cells, slide_id=scored.slide_id, mpp_yx_um=mpp_yx_um
        )
    publish_files(folder, scored.score, files)
