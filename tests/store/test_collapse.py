"""Tables of cores meet their map: what does not fit is named by row and column."""

from pathlib import Path

import pyarrow.csv
import pytest

from her2path.errors import ConfigurationError, UsageError
from her2path.scoring.collapse import collapse
from her2path.store.cases import read_samples
from her2path.store.collapse import COLLAPSED_COLUMNS, read_cores, write_collapsed

CORES = """slide_id,label,category,her2_status,tag,n_cells,rulebook,more
t1,A1,IHC3,positive,her2-positive,400,breast-2018,x
t1,A2,IHC1,negative,her2-low,120,breast-2018,x
t1,B1,,,,,breast-2018,x
t1,B2,IHC2,equivocal,,300,breast-2018,x
"""
MAP = """slide_id,core,case_id
t1,A1,007
t1,a-2,007
t1,B1,8
t1,B2,
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    cores, of_cases = tmp_path / "cores.csv", tmp_path / "map.csv"
    cores.write_text(CORES, encoding="utf-8")
    of_cases.write_text(MAP, encoding="utf-8")
    return cores, of_cases


def test_cores_get_their_case_whatever_the_label_looks_like(files: tuple[Path, Path]) -> None:
    cores, n_without = read_cores([files[0]], files[1])
    assert [(core.sample.slide_id, core.sample.case_id, core.n_cells) for core in cores] == [
        ("t1 A1", "007", 400),
        ("t1 A2", "007", 120),
        ("t1 B1", "8", 0),
    ]
    assert n_without == 1


def test_the_table_has_a_row_a_case_and_cases_reads_it(files: tuple[Path, Path], tmp_path: Path) -> None:
    cores, _ = read_cores([files[0]], files[1])
    write_collapsed(tmp_path, collapse(cores, rule="weighted"), "weighted")
    table = pyarrow.csv.read_csv(tmp_path / "collapsed.csv")
    assert table.column_names == list(COLLAPSED_COLUMNS)
    first, second = table.to_pylist()
    assert (first["score"], first["rule"], first["n_cores"], first["agreement"]) == ("3+", "weighted", 2, 0.5)
    assert (first["deciding_cores"], first["discordances"]) == ("t1 A1", "SCORE_DIFFERS STATUS_DIFFERS")
    assert (second["status"], second["score"], second["n_evaluable"]) == ("not_evaluable", "", 0)
    samples, _ = read_samples(tmp_path / "collapsed.parquet")
    assert [(sample.case_id, sample.category) for sample in samples] == [("007", "IHC3"), ("8", None)]


def test_every_mistake_is_named(files: tuple[Path, Path]) -> None:
    cores, of_cases = files
    cores.write_text(CORES + "t1,A1,IHC9,,,many,,\n", encoding="utf-8")
    of_cases.write_text(MAP + "t1,C7,9\n", encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_cores([cores], of_cases)
    text = str(raised.value)
    for part in (
        "row 6, column label: t1 A1 is there twice",
        "row 6, column category: 'IHC9' is not known",
        "row 6, column n_cells: 'many' is no number of cells",
        "map.csv: slide t1 has no core C7",
    ):
        assert part in text


def test_a_core_in_two_rows_of_the_map_and_a_map_without_cases_are_refused(files: tuple[Path, Path]) -> None:
    cores, of_cases = files
    of_cases.write_text(MAP + "t1,A-1,8\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="row 6, column core: t1 A1 is there twice"):
        read_cores([cores], of_cases)
    of_cases.write_text("slide_id,core,case_id\nt1,A1,\n", encoding="utf-8")
    with pytest.raises(UsageError, match="fill the column"):
        read_cores([cores], of_cases)
    of_cases.write_text("slide_id,label\nt1,A1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="the column core is missing"):
        read_cores([cores], of_cases)
