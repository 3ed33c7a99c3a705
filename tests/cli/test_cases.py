"""``cases`` brings the specimens of each patient together."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]

COHORT = """slide_id,case_id,category,her2_status,tag,rulebook,date,site
p,A,IHC0_NULL,negative,her2-null,breast-2018,2019-03-02,primary
m,A,IHC1,negative,her2-low,breast-2018,2021-05-09,liver
b,B,IHC3,positive,her2-positive,breast-2018,2020-01-01,
q,,IHC1,negative,her2-low,breast-2018,,
"""


def test_a_table_and_a_picture_are_written_and_what_disagrees_is_said(call: Call, tmp_path: Path) -> None:
    cohort = tmp_path / "cohort.csv"
    cohort.write_text(COHORT, encoding="utf-8")
    ran = call("cases", cohort, "--out", tmp_path / "out")
    assert ran.code == 0
    assert "3 specimens of 2 patients, 1 with several" in ran.out
    assert "A: LOW_GAINED: p (primary, 2019-03-02) her2-null → m (liver, 2021-05-09) her2-low." in ran.out
    assert "without case_id: 1" in ran.out
    assert pq.read_table(tmp_path / "out" / "cases.parquet")["latest_slide_id"].to_pylist() == ["m", "b"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "cases.csv",
        "cases.parquet",
        "cases.png",
        "cases.svg",
    }


def test_a_table_without_patients_ends_with_2_and_writes_nothing(
    call: Call, results: Path, tmp_path: Path
) -> None:
    ran = call("cases", results, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "case_id" in ran.error
    assert not (tmp_path / "out").exists()
