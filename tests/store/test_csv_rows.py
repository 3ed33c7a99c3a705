"""Rows are counted as a spreadsheet counts them, whoever wrote the file: by its number a mistake is found."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.errors import UsageError
from her2path.store.csv_rows import read_csv_rows


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\N{BOM}"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_way_a_spreadsheet_writes_is_read(table: Path, separator: str, mark: str, end: str) -> None:
    lines = (" path ", "note"), ("a.svs", '"1, 2; 3\t4"'), ("", ""), ("b.svs", "")
    table.write_text(mark + "".join(separator.join(line) + end for line in lines), "utf-8", newline="")
    assert read_csv_rows(table) == [(1, ["path", "note"]), (2, ["a.svs", "1, 2; 3\t4"]), (4, ["b.svs", ""])]


def test_a_cell_of_several_lines_is_one_row(table: Path) -> None:
    table.write_text('\n\npath,note\na,"one\ntwo\nthree"\nb,\n', "utf-8")
    assert [number for number, _ in read_csv_rows(table)] == [3, 4, 5]


def test_a_line_that_tells_the_separator_is_not_shown_and_not_counted(table: Path) -> None:
    table.write_text("sep=;\npath;a,b,c\nx;1\n", "utf-8")
    assert read_csv_rows(table) == [(1, ["path", "a,b,c"]), (2, ["x", "1"])]


def test_a_separator_in_quotes_does_not_separate(table: Path) -> None:
    table.write_text('path;"size, mm, edge"\nx;1\n', "utf-8")
    assert read_csv_rows(table)[0] == (1, ["path", "size, mm, edge"])


def test_an_empty_file_has_no_row(table: Path) -> None:
    table.write_text("\n \n,,\n", "utf-8")
    assert read_csv_rows(table) == []


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("path\nä.svs\n".encode("latin-1"), "no CSV file in UTF-8"),
        ("path\na.svs\n".encode("utf-16"), "no CSV file in UTF-8"),
        (b'path\n"a.svs\nb.svs\n', "close its quotes"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_remedy(table: Path, content: bytes, what: str) -> None:
    table.write_bytes(content)
    with pytest.raises(UsageError, match=what):
        read_csv_rows(table)


def test_a_missing_file_is_named(table: Path) -> None:
    with pytest.raises(UsageError, match=r"table\.csv cannot be read \(No such file"):
        read_csv_rows(table)


CELLS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=8)


@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=6))
def test_what_is_quoted_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    path = tmp_path_factory.mktemp("rows") / "table.csv"
    lines = [["path", "note"], *rows]
    path.write_text("\n".join(",".join(map(quoted, line)) for line in lines), "utf-8", newline="")
    expected = [(number, line) for number, line in enumerate(lines, start=1) if any(line)]
    assert read_csv_rows(path) == expected
