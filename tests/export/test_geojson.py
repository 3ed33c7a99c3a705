"""What QuPath opens must lie on the cells and count as the score counts."""

import gzip
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import shapely
from shapely.geometry import shape

from her2path.cells.table import N_RAYS, CellTable
from her2path.cells.vocabulary import LYMPHOCYTE, TUMOUR, UNGRADED
from her2path.export import geojson
from her2path.export.geojson import write_geojson

MPP_UM = (0.25, 0.5)


def cells(n: int = 5, *, contours: bool = True) -> CellTable:
    at = np.arange(1, n + 1, dtype=np.int32)
    grade = np.resize([0, 1, 2, 3, UNGRADED], n)
    membrane_od = np.full(n, 0.3)
    membrane_od[0] = np.nan
    width = N_RAYS if contours else 0
    return CellTable(
        cell_id=at.astype(np.int64) * 10**9,
        y_px=at * 100,
        x_px=at * 70,
        kind=np.full(n, TUMOUR),
        counted=grade >= 0,
        membrane_od=membrane_od,
        completeness=np.full(n, 0.5),
        longest_gap=np.full(n, 0.25),
        cytoplasm_od=np.full(n, 0.05),
        pixel_od=np.full(n, np.nan, np.float32),
        pixel_completeness=np.full(n, np.nan, np.float32),
        network_od=np.full(n, np.nan, np.float32),
        network_completeness=np.full(n, np.nan, np.float32),
        pattern=np.resize([0, 3, 6, 8, UNGRADED], n),
        grade=grade,
        tumour_probability=np.full(n, 0.9),
        nucleus_area_um2=np.full(n, 40.0),
        bin=np.zeros(n, np.int32),
        nucleus_radii=np.full((n, width), 40),
        cell_radii=np.full((n, width), 80),
    )


def written(
    table: CellTable, folder: Path, mpp_yx_um: tuple[float, float] | None = MPP_UM
) -> list[dict[str, Any]]:
    path = folder / "cells.geojson.gz"
    write_geojson(table, path, slide_id="a", mpp_yx_um=mpp_yx_um)
    collection = orjson.loads(gzip.decompress(path.read_bytes()))
    assert collection["type"] == "FeatureCollection"
    features: list[dict[str, Any]] = collection["features"]
    return features


def test_outlines_lie_around_the_cell_in_pixels(tmp_path: Path) -> None:
    for number, feature in enumerate(written(cells(), tmp_path), 1):
        membrane, nucleus = shape(feature["geometry"]), shape(feature["nucleusGeometry"])
        assert feature["properties"]["objectType"] == "cell"
        assert membrane.is_valid
        assert membrane.contains(nucleus)
        assert membrane.centroid.distance(shapely.Point(70 * number, 100 * number)) < 0.1
        assert membrane.bounds == pytest.approx(
            (70 * number - 16, 100 * number - 32, 70 * number + 16, 100 * number + 32)
        )
        ring = feature["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]
        assert len(ring) == N_RAYS + 1


def test_classes_are_those_of_the_score(tmp_path: Path) -> None:
    names = [feature["properties"]["classification"]["name"] for feature in written(cells(), tmp_path)]
    assert names == ["Tumor: Negative", "Tumor: 1+", "Tumor: 2+", "Tumor: 3+", "Tumor"]


def test_cells_that_do_not_count_have_no_grade(tmp_path: Path) -> None:
    table = cells(2)
    table = CellTable(**{**vars(table), "counted": np.zeros(2, bool), "kind": np.array([TUMOUR, LYMPHOCYTE])})
    names = [feature["properties"]["classification"]["name"] for feature in written(table, tmp_path)]
    assert names == ["Tumor", "Immune cells"]


def test_measurements_have_qupaths_names_and_missing_ones_are_left_out(tmp_path: Path) -> None:
    first, second = (feature["properties"]["measurements"] for feature in written(cells(2), tmp_path))
    assert "Membrane: DAB OD mean" not in first
    assert second["Membrane: DAB OD mean"] == pytest.approx(0.3)
    assert second["Nucleus: Area µm^2"] == 40
    assert all(
        isinstance(text, str) for text in written(cells(), tmp_path)[4]["properties"]["metadata"].values()
    )


def test_identifiers_are_stable_and_unique(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = written(cells(10), tmp_path)
    monkeypatch.setattr(geojson, "CHUNK", 3)
    assert written(cells(10), tmp_path) == features
    assert len({uuid.UUID(feature["id"]) for feature in features}) == 10


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.gz", "two.gz"):
        write_geojson(cells(), tmp_path / name, slide_id="a", mpp_yx_um=MPP_UM)
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


@pytest.mark.parametrize(("contours", "mpp_yx_um"), [(False, MPP_UM), (True, None)])
def test_without_outlines_cells_are_points(
    tmp_path: Path, contours: bool, mpp_yx_um: tuple[float, float] | None
) -> None:
    features = written(cells(contours=contours), tmp_path, mpp_yx_um)
    assert [feature["geometry"] for feature in features][1] == {"type": "Point", "coordinates": [140, 200]}
    assert all(feature["properties"]["objectType"] == "detection" for feature in features)


def test_a_table_without_cells_is_an_empty_collection(tmp_path: Path) -> None:
    assert written(CellTable.empty(), tmp_path) == []
