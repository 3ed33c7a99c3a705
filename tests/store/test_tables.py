"""The cell table is the record of a slide: a value changed by storing it changes every later score."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.cells.table import COLUMNS, N_RAYS, CellTable
from her2path.cells.vocabulary import KINDS, PATTERNS
from her2path.errors import UsageError
from her2path.store.tables import SCHEMA, StoredCells, read_cells, write_cells


def cells(n: int, seed: int = 0, *, contours: bool = True) -> CellTable:
    rng = np.random.default_rng(seed)

    def some_missing(top: float) -> np.ndarray:
        values = (rng.random(n) * top).astype(np.float32)
        values[rng.random(n) < 0.2] = np.nan
        return values

    radii = (n, N_RAYS if contours else 0)
    return CellTable(
        cell_id=rng.permutation(n).astype(np.int64) * 10**10,
        y_px=rng.integers(0, 200_000, n, np.int32),
        x_px=rng.integers(0, 200_000, n, np.int32),
        kind=rng.integers(0, len(KINDS), n, np.int8),
        counted=rng.random(n) < 0.5,
        membrane_od=some_missing(2),
        completeness=some_missing(1),
        longest_gap=some_missing(1),
        cytoplasm_od=some_missing(2),
        pixel_od=some_missing(2),
        pixel_completeness=some_missing(1),
        network_od=some_missing(2),
        network_completeness=some_missing(1),
        pattern=rng.integers(-1, len(PATTERNS), n, np.int8),
        grade=rng.integers(-1, 4, n, np.int8),
        tumour_probability=some_missing(1),
        nucleus_area_um2=some_missing(100),
        bin=rng.integers(-1, 500, n, np.int32),
        fragment=rng.integers(-1, 9, n, np.int32),
        region=rng.integers(-1, 9, n, np.int32),
        nucleus_radii=rng.integers(0, 256, radii, np.uint8),
        cell_radii=rng.integers(0, 256, radii, np.uint8),
    )


def bare(**changes: Any) -> pa.Table:
    columns = {
        "y_px": [1, 2],
        "x_px": [3, 4],
        "kind": ["tumour", "stroma"],
        "counted": [True, False],
        "pattern": ["WC", None],
    }
    return pa.table({name: values for name, values in (columns | changes).items() if values is not None})


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 50), st.integers(0, 2**32 - 1), st.booleans())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, n: int, seed: int, contours: bool
) -> None:
    path = tmp_path_factory.mktemp("table") / "cells.parquet"
    table = cells(n, seed, contours=contours)
    write_cells(StoredCells(table, (0.25, 0.26), (678, 12345)), path)
    stored = read_cells(path)
    assert stored.cells.equals(table)
    assert (stored.mpp_yx_um, stored.size_px) == ((0.25, 0.26), (678, 12345))


def test_the_file_explains_itself(tmp_path: Path) -> None:
    path = tmp_path / "cells.parquet"
    write_cells(StoredCells(cells(40)), path)
    schema = pq.read_schema(path)
    assert (schema.metadata or {})[b"schema"] == SCHEMA.encode()
    assert schema.names == [column.name for column in COLUMNS]
    about = {column.name: schema.field(column.name).metadata or {} for column in COLUMNS}
    assert about["membrane_od"][b"unit"] == b"OD"
    assert all(metadata[b"meaning"] for metadata in about.values())
    assert schema.field("cell_radii").type == pa.list_(pa.uint8(), N_RAYS)
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_words_instead_of_codes_and_null_for_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "cells.parquet"
    table = cells(200)
    write_cells(StoredCells(table), path)
    read = pq.read_table(path)
    assert set(read["kind"].to_pylist()) == set(KINDS)
    assert set(read["pattern"].to_pylist()) == {*PATTERNS, None}
    assert set(read["grade"].to_pylist()) == {0, 1, 2, 3, None}
    assert read["membrane_od"].null_count == np.isnan(table.membrane_od).sum() > 0


@pytest.mark.parametrize(
    ("metadata", "mpp_yx_um"),
    [
        ({"mpp_y_um": "wide", "mpp_x_um": "0.25"}, (np.nan, np.nan)),
        ({"mpp_y_um": "0.25"}, None),
        ({"slide_width_px": "wide", "slide_height_px": "12"}, None),
        ({b"\xff": b"\xfe"}, None),
    ],
)
def test_nonsense_beside_the_columns_does_not_keep_them_from_being_read(
    tmp_path: Path, metadata: dict[str, str] | dict[bytes, bytes], mpp_yx_um: tuple[float, float] | None
) -> None:
    path = tmp_path / "cells.parquet"
    pq.write_table(bare().replace_schema_metadata(metadata), path)
    stored = read_cells(path)
    assert len(stored.cells) == 2
    assert str(stored.mpp_yx_um) == str(mpp_yx_um)
    assert stored.size_px is None


def test_a_bare_table_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "cells.parquet"
    pq.write_table(bare(), path)
    stored = read_cells(path)
    assert (stored.mpp_yx_um, stored.size_px) == (None, None)
    assert stored.cells.pattern.tolist() == [PATTERNS.index("WC"), -1]
    assert stored.cells.kind.tolist() == [0, 1]
    assert stored.cells.cell_id.tolist() == [0, 1]
    assert stored.cells.fragment.tolist() == stored.cells.region.tolist() == [-1, -1]
    assert np.isnan(stored.cells.membrane_od).all()
    assert stored.cells.cell_radii.shape == (2, 0)


def test_wider_types_and_unknown_columns_are_welcome(tmp_path: Path) -> None:
    path = tmp_path / "cells.parquet"
    pq.write_table(bare(membrane_od=pa.array([0.1, 2], pa.float64()), note=["a", "b"]), path)
    assert read_cells(path).cells.membrane_od.tolist() == pytest.approx([0.1, 2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pattern": ["WC", "XX"]}, "column pattern holds 'XX'; known: N, FI"),
        ({"kind": ["tumor", "stroma"]}, "column kind holds 'tumor'; known: tumour, stroma"),
        ({"kind": [None, "stroma"]}, "column kind holds 1 nulls, the first in row 0"),
        ({"counted": [True, None]}, "column counted holds 1 nulls, the first in row 1"),
        ({"counted": [1, 0]}, "column counted has type int64"),
        ({"y_px": [None, 1]}, "column y_px holds 1 nulls"),
        ({"y_px": [0.5, 1]}, "column y_px has type double"),
        ({"y_px": [2**40, 1]}, "column y_px has type int64 or values that do not fit int32"),
        ({"x_px": [-1, 1]}, "column x_px holds 1 values below 0, the first in row 0"),
        ({"x_px": ["a", "b"]}, "column x_px has type string"),
        ({"membrane_od": [0.1, float("nan")]}, "column membrane_od holds 1 values that are not finite"),
        ({"membrane_od": [float("inf"), 1]}, "column membrane_od holds 1 values that are not finite"),
        ({"membrane_od": [-0.1, 1]}, "column membrane_od holds 1 values below 0"),
        ({"completeness": [1.2, 1]}, "column completeness holds 1 values above 1"),
        ({"grade": [4, 1]}, "column grade holds 1 values above 3"),
        ({"cell_id": [7, 7]}, "column cell_id holds the same id twice"),
        ({"cell_radii": [[1], [2]]}, "column cell_radii has type"),
        ({"pattern": None}, "column pattern is missing"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "cells.parquet"
    pq.write_table(bare(**changes), path)
    with pytest.raises(UsageError) as caught:
        read_cells(path)
    assert message in str(caught.value)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cells.parquet"
    pq.write_table(bare(pattern=None, counted=None, kind=["x", "y"], completeness=[-1, 3]), path)
    with pytest.raises(UsageError) as caught:
        read_cells(path)
    assert len(str(caught.value).splitlines()) == 5


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cells.parquet"
    pq.write_table(bare().replace_schema_metadata({"schema": "her2path.cells/2"}), path)
    with pytest.raises(UsageError, match=r"her2path\.cells/2 is not her2path\.cells/1"):
        read_cells(path)


@pytest.mark.parametrize("content", [None, b"", b"slide_id,score\n"])
def test_what_is_no_parquet_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cells.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"cells\.parquet cannot be read as a Parquet file"):
        read_cells(path)
