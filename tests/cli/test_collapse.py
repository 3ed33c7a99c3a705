"""``collapse`` brings the cores of each case to one result."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from her2path.cli.options import CollapseRuleName
from her2path.scoring.collapse import COLLAPSE_RULES

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]

CORES = """slide_id,label,category,her2_status,tag,n_cells,rulebook
t1,A1,IHC3,positive,her2-positive,100,breast-2018
t1,A2,IHC1,negative,her2-low,300,breast-2018
t1,B1,,,,,breast-2018
t1,B2,IHC1,negative,her2-low,300,breast-2018
"""
MAP = "slide_id,core,case_id\nt1,A1,P\nt1,A2,P\nt1,B1,Q\n"


def test_a_table_is_written_and_what_disagrees_is_said(call: Call, tmp_path: Path) -> None:
    cores, of_cases, out = tmp_path / "cores.csv", tmp_path / "map.csv", tmp_path / "out"
    cores.write_text(CORES, encoding="utf-8")
    of_cases.write_text(MAP, encoding="utf-8")
    ran = call("collapse", cores, "--map", of_cases, "--rule", "any-positive", "--out", out)
    assert ran.code == 0
    assert "3 cores of 2 cases, 1 scored (any-positive)" in ran.out
    assert "P: STATUS_DIFFERS: t1 A1: positive; t1 A2: negative" in ran.out
    assert "Q: not evaluable: 0 evaluable cores; a result needs 1" in ran.out
    assert "in no row of the map: 1 cores" in ran.out
    assert pq.read_table(out / "collapsed.parquet")["score"].to_pylist() == ["3+", None]
    assert call("cases", out / "collapsed.csv", "--out", out).code == 0


def test_a_map_that_names_other_cores_ends_with_2_and_writes_nothing(call: Call, tmp_path: Path) -> None:
    cores, of_cases, out = tmp_path / "cores.csv", tmp_path / "map.csv", tmp_path / "out"
    cores.write_text(CORES, encoding="utf-8")
    of_cases.write_text(MAP + "t2,A1,P\n", encoding="utf-8")
    ran = call("collapse", cores, "--map", of_cases, "--rule", "highest", "--out", out)
    assert (ran.code, "slide t2 has no core A1" in ran.error) == (2, True)
    assert not out.exists()


def test_the_command_line_knows_every_rule() -> None:
    assert tuple(name.value for name in CollapseRuleName) == COLLAPSE_RULES
