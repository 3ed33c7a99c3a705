"""The table of a study: scores in any spelling, every mistake at once, nothing guessed."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from her2path.errors import ConfigurationError, UsageError
from her2path.qa.study import study_agreement
from her2path.store.qa_pairs import read_readings


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "pairs.csv"


def test_scores_groups_and_measures_are_told_apart(table: Path) -> None:
    table.write_text(
        "slide_id,case_id,site,ish,date,reader,program,fraction,notes,empty\n"
        "s1,A,north,neg,2024-05-01,0 (null),0,0.01,fine,\n"
        "\n"
        "s2,A,south,positive,2024-05-02,2 +,IHC 3+,0.62,folded,\n"
        "s3,,,,,,1+,,,\n",
        encoding="utf-8",
    )
    readings = read_readings(table)
    assert readings.slide_ids == ("s1", "s2", "s3")
    assert [rater.name for rater in readings.raters] == ["reader", "program", "empty"]
    assert readings.raters[0].scores.tolist() == [0, 2, -1]
    assert readings.raters[0].categories.tolist() == [0, 3, -1]
    assert readings.raters[1].scores.tolist() == [0, 3, 1]
    assert readings.case_ids == ("A", "A", None)
    assert readings.groups == {"site": ("north", "south", None)}
    assert readings.dates == (date(2024, 5, 1), date(2024, 5, 2), None)
    assert readings.ish is not None
    assert readings.ish.tolist() == [0, 1, -1]
    assert np.array_equal(readings.measures["fraction"], [0.01, 0.62, np.nan], equal_nan=True)
    assert readings.left_out["fraction"] == "read as numbers, not as a rater ('0.01' is no score)"
    assert "'fine' is not a score" in readings.left_out["notes"]
    assert readings.unread == ()


def test_what_cannot_be_read_is_listed_where_it_stands(table: Path) -> None:
    table.write_text(
        "slide_id,a,b,ish,date\ns1,1+,low,yes,yesterday\n\ns2,?,2+,neg,2024-01-01\ns3,3+,3+,,\n",
        encoding="utf-8",
    )
    readings = read_readings(table)
    found = [(one.row, one.column, one.slide_id, one.text) for one in readings.unread]
    assert found == [
        (2, "b", "s1", "low"),
        (2, "ish", "s1", "yes"),
        (2, "date", "s1", "yesterday"),
        (4, "a", "s2", "?"),
    ]
    assert "may be 1+, or 2+ without amplification" in readings.unread[0].why
    assert readings.raters[0].scores.tolist() == [1, -1, 3]


def test_every_mistake_is_told_at_once(table: Path) -> None:
    table.write_text("slide_id,a,a,\ns1,0,1,\ns1,1,1,x\n,2,2,\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_readings(table)
    assert caught.value.problems == (
        "row 1, column a: is there twice",
        "row 1: a column with values has no name",
        "row 2, column slide_id: 's1' is there 2 times",
        "row 3, column slide_id: 's1' is there 2 times",
        "row 4, column slide_id: is missing",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("slide,a,b\ns1,0,1\n", "the column slide_id is missing"),
        ("slide_id,a,b\n", "has no row of a slide"),
        ("", "the column slide_id is missing"),
        ("slide_id,a,b\ns1,0,1,2\n", "row 2: has more values than there are columns"),
    ],
    ids=["no slide_id", "no rows", "empty", "too long"],
)
def test_a_table_that_cannot_be_used_is_an_error(table: Path, text: str, problem: str) -> None:
    table.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=problem):
        read_readings(table)


def test_files_that_are_no_tables_are_errors(table: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_readings(table)
    table.write_bytes("slide_id,a\nÄ,1\n".encode("utf-16"))
    with pytest.raises(UsageError, match="no CSV file in UTF-8"):
        read_readings(table)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="cannot be read as a table"):
        read_readings(broken)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_spreadsheets_write_other_separators(table: Path, separator: str) -> None:
    lines = (("slide_id", "a", "fraction"), ("s1", "1+", "0,25"), ("s2", "3+", "0,75"))
    table.write_text("\n".join(separator.join(line) for line in lines), encoding="utf-8-sig")
    readings = read_readings(table)
    assert readings.raters[0].scores.tolist() == [1, 3]
    assert readings.measures["fraction"].tolist() == [0.25, 0.75]


@pytest.mark.parametrize("slip", ["11", "1.5", "2,5", "-1", "4.0", ".3"])
def test_a_number_that_is_no_score_among_scores_is_a_slip(table: Path, slip: str) -> None:
    table.write_text(f'slide_id,a\ns1,0\ns2,3\ns3,1\ns4,"{slip}"\n', encoding="utf-8")
    readings = read_readings(table)
    assert readings.raters[0].scores.tolist() == [0, 3, 1, -1]
    assert [(one.row, one.text) for one in readings.unread] == [(5, slip)]
    assert readings.measures == {}
    assert readings.left_out == {}


@pytest.mark.parametrize(
    "texts",
    [("0", "0", "0", "0.03"), ("0", "1", "2", "12.5"), ("0", "10", "20", "30", "3"), ("1.5", "", "2.5", "0")],
)
def test_a_column_that_was_measured_is_no_rater(table: Path, texts: tuple[str, ...]) -> None:
    table.write_text("slide_id,a\n" + "".join(f"s{n},{text}\n" for n, text in enumerate(texts)))
    readings = read_readings(table)
    expected = [float(text or "nan") for text in texts]
    assert np.array_equal(readings.measures["a"], expected, equal_nan=True)
    assert readings.raters == ()
    assert readings.unread == ()
    assert "read as numbers, not as a rater" in readings.left_out["a"]


def test_a_study_without_two_raters_names_the_measures(table: Path) -> None:
    table.write_text("slide_id,reader,percent\ns1,0,12.5\ns2,3+,80\n", encoding="utf-8")
    with pytest.raises(UsageError, match="column percent is no rater: read as numbers, not as a rater"):
        study_agreement(read_readings(table))


def test_known_columns_are_known_in_any_capitals(table: Path) -> None:
    table.write_text(
        "Slide_ID,CASE_ID,Site,ISH,Date,Reader\ns1,A,north,positive,2024-05-01,2+\n", encoding="utf-8"
    )
    readings = read_readings(table)
    assert [rater.name for rater in readings.raters] == ["Reader"]
    assert readings.case_ids == ("A",)
    assert readings.groups == {"site": ("north",)}
    assert readings.dates == (date(2024, 5, 1),)
    assert readings.ish is not None
    assert readings.ish.tolist() == [1]


def test_known_columns_that_differ_in_capitals_alone_are_a_mistake(table: Path) -> None:
    table.write_text("slide_id,Site,site,A,a\ns1,north,south,1+,2+\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_readings(table)
    assert caught.value.problems == ("row 1, column site: is there twice, as Site and site",)


@pytest.mark.parametrize(
    ("first", "separator"), [("sep=;", ";"), ("SEP=,", ","), ("sep=\t", "\t"), ('"sep=;"', ";")]
)
def test_a_first_line_that_tells_the_separator_is_skipped(table: Path, first: str, separator: str) -> None:
    lines = [separator.join(line) for line in (("slide_id", "a"), ("s1", "1+"), ("s2", "?"), ("s3", "3+"))]
    table.write_text("\r\n".join([first, *lines]), encoding="utf-8-sig", newline="")
    readings = read_readings(table)
    assert readings.slide_ids == ("s1", "s2", "s3")
    assert readings.raters[0].scores.tolist() == [1, -1, 3]
    assert readings.unread[0].row == 3  # Excel shows the names as row 1


def cohort(path: Path) -> Path:
    pq.write_table(
        pa.table(
            {
                "slide_id": ["s1", "s2", "s3"],
                "case_id": ["A", None, None],
                "status": ["scored", "scored", "failed"],
                "score": ["0", "3+", None],
                "category": ["IHC0_STAINED", "IHC3", None],
                "h_score": [3.5, 210.0, None],
                "recipe_digest": ["d", "d", "d"],
                "age": ["1", "2", "3"],
            }
        ),
        path,
    )
    return path


def test_a_cohort_is_joined_to_manual_scores(table: Path, tmp_path: Path) -> None:
    table.write_text("slide_id,case_id,reader\ns2,B,3+\ns1,A,0\ns9,,1+\n", encoding="utf-8")
    readings = read_readings(cohort(tmp_path / "cohort.parquet"), table)
    assert [rater.name for rater in readings.raters] == ["her2path", "reader"]
    assert readings.raters[0].categories.tolist() == [1, 4, -1]
    assert readings.raters[1].scores.tolist() == [0, 3, -1]
    assert readings.case_ids == ("A", "B", None)
    assert readings.measures["h_score"][:2].tolist() == [3.5, 210.0]
    assert readings.only_in == {"cohort.parquet": ("s3",), "pairs.csv": ("s9",)}
    assert read_readings(tmp_path, table).slide_ids == readings.slide_ids


def test_tables_that_contradict_each_other_are_an_error(table: Path, tmp_path: Path) -> None:
    table.write_text("slide_id,case_id,her2path\ns1,Z,0\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_readings(cohort(tmp_path / "cohort.parquet"), table)
    assert caught.value.problems == (
        "row 2, column case_id: 'Z', but cohort.parquet has 'A'",
        "column her2path: is in cohort.parquet as well; rename one of the two",
    )


def test_tables_of_other_slides_are_an_error(table: Path, tmp_path: Path) -> None:
    table.write_text("slide_id,reader\nx,0\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no slide_id in common"):
        read_readings(cohort(tmp_path / "cohort.parquet"), table)
