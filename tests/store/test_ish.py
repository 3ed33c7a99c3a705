"""ISH from a CSV file: values, blanks, and every mistake with its row and column."""

from pathlib import Path

import pytest

from her2path.errors import ConfigurationError
from her2path.scoring.ish import IshCount, IshReading, IshTable
from her2path.store.ish import parse_ish, read_ish
from her2path.store.recipes import load_rulebook

HEADER = "slide_id,ish_group,ratio,copies,cells,probe,recount_ratio,recount_copies,recount_cells,remark\n"


@pytest.fixture(scope="module")
def breast() -> IshTable:
    return load_rulebook("breast-2018").ish_table()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ish.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_stands_in_the_rows(tmp_path: Path, breast: IshTable) -> None:
    rows = (
        "a,,2.4,5.1,40,,,,,good\n"
        "\n"
        "b,4,,,,,,,,\n"
        "c,,1.6,7, 20 ,Dual,1.7,6.5,22,\n"
        "d,,,,,,,,,no signal\n"
        "e,,,6.2,,single,,,,\n"
    )
    readings = read_ish(written(tmp_path, "\ufeff" + HEADER + rows), breast)
    assert readings == {
        "a": IshReading(ratio=2.4, copies=5.1, cells=40),
        "b": IshReading(group=4),
        "c": IshReading(ratio=1.6, copies=7, cells=20, recount=IshCount(ratio=1.7, copies=6.5, cells=22)),
        "e": IshReading(copies=6.2, probe="single"),
    }


def test_every_mistake_is_told_with_row_and_column(tmp_path: Path, breast: IshTable) -> None:
    rows = (
        "a,,2.4,,40,,,,,\n"
        'b,,"2,4",-5,,,,,,\n'
        ",1,,,,,,,,\n"
        "c,6,,,,triple,,,,\n"
        "d,1,1.5,5,,,,,,\n"
        "d,1,,,0,,,,,\n"
        "e,4,,,,,1.5,,,\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        read_ish(written(tmp_path, HEADER + rows), breast)
    told = {problem.split(": ", 1)[0]: problem for problem in caught.value.problems}
    assert told.keys() == {
        "row 2, column copies",
        "row 3, column ratio",
        "row 3, column copies",
        "row 4, column slide_id",
        "row 5, column ish_group",
        "row 5, column probe",
        "row 6, column ish_group",
        "row 7, column cells",
        "row 8, column recount_copies",
    }
    assert "'2,4'" in told["row 3, column ratio"]
    assert "'dual' or 'single'" in told["row 5, column probe"]
    assert "group-4" in told["row 6, column ish_group"]
    assert str(caught.value).startswith("ish.csv: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slide_id,recount_rato,ratio,copies\n", "did you mean recount_ratio"),
        ("slide,ratio,copies\n", "the column slide_id is missing"),
        ("slide_id,remark\n", "no column tells of ISH"),
        ("slide_id,ratio,ish_ratio\n", "is there twice"),
        ("slide_id,ratio,copies\na,2.4,5,6\n", "row 2: has more values"),
        ("slide_id,ratio,copies\na,2.4,5\na,2.4,5\n", "row 3, column slide_id: 'a' is there twice"),
        ("", "the column slide_id is missing"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(
    tmp_path: Path, breast: IshTable, text: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_ish(written(tmp_path, text), breast)


def test_what_cannot_be_read_is_told(tmp_path: Path, breast: IshTable) -> None:
    with pytest.raises(ConfigurationError, match="check the path"):
        read_ish(tmp_path / "nowhere.csv", breast)
    (tmp_path / "ish.csv").write_bytes(b"slide_id,ratio\n\xff\xfe\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_ish(tmp_path / "ish.csv", breast)


def test_a_row_of_a_manifest_says_the_same_with_prefixes(breast: IshTable) -> None:
    row = {"path": "a.svs", "ish_ratio": "2.4", "ish_copies": "5.1", "ish_recount_group": "", "scanner": "x"}
    assert parse_ish(row, breast) == (IshReading(ratio=2.4, copies=5.1), ())
    assert parse_ish({"path": "a.svs", "ish_ratio": " "}, breast) == (None, ())
    _, problems = parse_ish({"ish_ratio": "much", "ish_copies": "5.1"}, breast)
    assert [column for column, _ in problems] == ["ish_ratio"]


def test_other_rules_ask_for_other_numbers() -> None:
    table = load_rulebook("colorectal-heracles").ish_table()
    assert parse_ish({"amplified_percent": "62"}, table) == (IshReading(amplified_percent=62), ())
    _, problems = parse_ish({"ratio": "3.1", "copies": "9"}, table)
    assert [column for column, _ in problems] == ["amplified_percent"]


def test_the_example_of_the_guide_reads(breast: IshTable, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "science" / "ish.md").read_text(encoding="utf-8")
    example = page.split("```csv\n")[1].split("```")[0]
    assert len(read_ish(written(tmp_path, example), breast)) == example.count("\n") - 1
