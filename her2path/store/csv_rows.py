"""The rows of a CSV file as a spreadsheet shows them."""

import csv
import re
from pathlib import Path

from her2path.errors import UsageError

SEPARATORS = ",;\t"
"""Spreadsheets write the second where the comma stands in decimal numbers."""

SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)
"""First line by which a spreadsheet is told the separator; it is not shown, and not counted."""

QUOTED = re.compile(r'"[^"]*"')


def read_csv_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Read a CSV file: UTF-8 with or without byte order mark; comma, semicolon or tab.

    Parameters
    ----------
    path
        The file. Its separator is the one that stands in the first line most often, outside quotes.

    Returns
    -------
    list of (int, list of str)
        Number and cells of every row that is not blank. The number is the one that a spreadsheet shows: the
        first row is 1, blank rows count, and a cell with line breaks is one row. Cells are trimmed.

    Raises
    ------
    UsageError
        If the file cannot be read, is not UTF-8, or its quotes do not close.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            told = SEPARATOR_LINE.fullmatch(file.readline())
            if told is None:
                file.seek(0)
            separator = told[1] if told else _separator(next((line for line in file if line.strip()), ""))
            file.seek(0)
            if told:
                file.readline()
            rows = csv.reader(file, delimiter=separator, strict=True)
            numbered = [(number, [cell.strip() for cell in row]) for number, row in enumerate(rows, start=1)]
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            f"{path.name} is no CSV file in UTF-8 ({error}); save it as 'CSV UTF-8', or close its quotes"
        ) from error
    return [(number, row) for number, row in numbered if any(row)]


def _separator(line: str) -> str:
    """Tell the separator of a line; one inside quotes separates nothing."""
    return max(SEPARATORS, key=QUOTED.sub("", line).count)
