"""The files of a study."""

import csv
import json
from pathlib import Path

import pytest

from her2path.errors import OutputError
from her2path.qa.comparison import compare_methods
from her2path.qa.study import study_agreement
from her2path.store.qa_pairs import read_readings
from her2path.store.qa_study import write_study


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    path.write_text("slide_id,a,b\ns1,0,1+\ns2,2+,x\ns3,3+,3+\ns4,1+,1+\n", encoding="utf-8")
    return path


def test_the_document_and_its_tables_are_written(pairs: Path, tmp_path: Path) -> None:
    readings = read_readings(pairs)
    write_study(tmp_path, study_agreement(readings), compare_methods(readings), {"software": "her2path"})
    document = json.loads((tmp_path / "qa.json").read_text(encoding="utf-8"))
    assert next(iter(document)) == "software"
    assert document["pairs"][0]["n"] == 3
    with (tmp_path / "agreement.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (opa,) = [row for row in rows if row["statistic"] == "opa" and row["scale"] == "score" and not row["cut"]]
    assert float(opa["value"]) == pytest.approx(2 / 3)
    assert (tmp_path / "readings.csv").read_text(encoding="utf-8").splitlines()[1:3] == ["s1,0,1+", "s2,2+,"]
    apart = (tmp_path / "discordant.csv").read_text(encoding="utf-8").splitlines()
    assert apart[1].startswith("a,b,0,1+,1,s1,")
    assert (tmp_path / "unread.csv").read_text(encoding="utf-8").splitlines()[1].startswith("3,b,s2,x,")
    assert "nan" not in (tmp_path / "agreement.csv").read_text(encoding="utf-8").lower()


def test_a_folder_that_is_not_there_is_an_error(pairs: Path, tmp_path: Path) -> None:
    readings = read_readings(pairs)
    with pytest.raises(OutputError, match="cannot be written"):
        write_study(tmp_path / "nowhere", study_agreement(readings), compare_methods(readings), {})
