"""Specimens from a cohort table; patients in a table."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from her2path.errors import ConfigurationError, OutputError, UsageError
from her2path.scoring.cases import Sample, bring_together
from her2path.store.cases import CASE_COLUMNS, read_samples, write_cases
from her2path.store.cohort import cohort_row, write_cohort

COHORT = """slide_id,case_id,status,category,her2_status,tag,rulebook,date,site,age
p,007,scored,IHC0_NULL,negative,her2-null,breast-2018,2019-03-02,primary,61
m,007,scored,IHC1,negative,her2-low,breast-2018,2021-05-09,"bone, spine",63
x,007,failed,,,,breast-2018,2022-01-01,liver,64
q,,scored,IHC3,positive,her2-positive,breast-2018,,,50
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cohort.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_samples_are_read_as_they_are_written(tmp_path: Path) -> None:
    samples, without_case = read_samples(written(tmp_path, COHORT))
    assert without_case == 1
    assert samples[1] == Sample(
        "m", "007", "IHC1", "negative", "her2-low", "breast-2018", date(2021, 5, 9), "bone, spine"
    )
    assert (samples[2].category, samples[2].score, samples[2].her2_status) == (None, None, None)


def test_the_cohort_table_of_a_run_is_enough(tmp_path: Path) -> None:
    score = {"slide_id": "a", "category": "IHC1", "status": "scored", "rulebook": {"id": "breast-2018"}}
    manifest = {"case_id": "A", "site": "liver", "date": "2021-05-09"}
    write_cohort(tmp_path, [cohort_row(score, manifest)])
    expected = (Sample("a", "A", "IHC1", rulebook="breast-2018", taken=date(2021, 5, 9), site="liver"),)
    for path in (tmp_path, tmp_path / "cohort.csv", tmp_path / "cohort.parquet"):
        assert read_samples(path) == (expected, 0)


def test_dates_of_a_database_are_dates(tmp_path: Path) -> None:
    path = tmp_path / "cohort.parquet"
    table = {"slide_id": ["a"], "case_id": [7], "category": ["IHC1"], "date": [date(2021, 5, 9)]}
    pq.write_table(pa.table(table), path)
    assert read_samples(path)[0] == (Sample("a", "7", "IHC1", taken=date(2021, 5, 9)),)


def test_every_mistake_is_told_with_row_and_column(tmp_path: Path) -> None:
    text = COHORT.replace("IHC0_NULL", "IHC9").replace("2021-05-09", "9.5.2021").replace("x,007", "p,007")
    with pytest.raises(ConfigurationError) as caught:
        read_samples(written(tmp_path, text.replace("her2-low", "low")))
    told = dict(problem.split(": ", 1) for problem in caught.value.problems)
    assert told.keys() == {
        "row 2, column category",
        "row 3, column date",
        "row 3, column tag",
        "row 4, column slide_id",
    }
    assert "IHC0_STAINED" in told["row 2, column category"]
    assert "YYYY-MM-DD" in told["row 3, column date"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slide_id,category\na,IHC1\n", "the column case_id is missing"),
        ("slide_id,case_id,category\na,,IHC1\n", "no case_id in any row"),
        ("slide_id,case_id,category\na\n", "cannot be read as a table"),
    ],
)
def test_a_table_without_patients_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_samples(written(tmp_path, text))


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_samples(tmp_path)


def test_one_row_a_patient(tmp_path: Path) -> None:
    samples, _ = read_samples(written(tmp_path, COHORT.replace("q,,", "q,B,")))
    write_cases(tmp_path, bring_together(samples))
    table = pq.read_table(tmp_path / "cases.parquet")
    assert table.schema.equals(pa.schema(CASE_COLUMNS))
    first, second = table.to_pylist()
    assert (first["case_id"], first["n_specimens"], first["n_scored"]) == ("007", 3, 2)
    assert (first["latest_slide_id"], first["latest_tag"], first["highest_score"]) == ("m", "her2-low", "1+")
    assert (first["any_low"], first["first_date"]) == (True, date(2019, 3, 2))
    assert first["discordances"] == "SCORE_DIFFERS LOW_GAINED NOT_ALL_SCORED"
    assert first["timeline"].count("→") == 2
    assert (second["last_date"], second["any_low"], second["discordances"]) == (None, False, "")
    assert pyarrow.csv.read_csv(tmp_path / "cases.csv").num_rows == 2


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_cases(tmp_path / "nowhere", bring_together([Sample("a", "A", "IHC1")]))
