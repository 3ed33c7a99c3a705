"""ISH of many slides from a CSV file, with every mistake at once."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from her2path.errors import ConfigurationError
from her2path.scoring.ish import IshCount, IshReading, IshTable
from her2path.scoring.settings import problems_in

PREFIX = "ish_"
RECOUNT = "recount_"

COLUMNS = (
    *(name for name in IshReading.model_fields if name != "recount"),
    *(f"{RECOUNT}{name}" for name in IshCount.model_fields),
)
"""What a row may tell, each name also with ``ish_`` in front; other columns are the laboratory's own."""


def read_ish(path: Path, table: IshTable) -> dict[str, IshReading]:
    """Read a CSV file with one row a slide: ``slide_id`` and the columns of ``COLUMNS``.

    Parameters
    ----------
    path
        Comma-separated, UTF-8, names in the first row. A slide without any value has no ISH.
    table
        Of the rulebook: which numbers it needs.

    Returns
    -------
    dict of str to IshReading
        By slide, in the order of the file.

    Raises
    ------
    ConfigurationError
        With every mistake: row (as a spreadsheet counts, the names are row 1), column, what is wrong.
    """
    names, rows = _read_rows(path)
    readings: dict[str, IshReading] = {}
    problems = list(_wrong_names(names))
    for number, row in rows:
        slide_id = row.get("slide_id", "").strip()
        if not slide_id or slide_id in readings:
            what = f"{slide_id!r} is there twice" if slide_id else "is missing"
            problems.append(f"row {number}, column slide_id: {what}")
        reading, wrong = parse_ish(row, table)
        problems += [f"row {number}, column {column}: {what}" for column, what in wrong]
        if reading is not None:
            readings[slide_id] = reading
    if problems:
        raise ConfigurationError(path.name, problems)
    return readings


def parse_ish(
    values: Mapping[str, str], table: IshTable
) -> tuple[IshReading | None, Sequence[tuple[str, str]]]:
    """Make a reading from the texts of one row, of an ISH file or of a manifest.

    Parameters
    ----------
    values
        Text by column; names that are not of ``COLUMNS`` are passed over, and blanks are not told.
    table
        Of the rulebook: which numbers it needs.

    Returns
    -------
    tuple of (IshReading or None, sequence of (str, str))
        None where nothing was told or something is wrong; what is wrong, with its column.
    """
    written = {_plain(column): column for column in values if _plain(column) in COLUMNS}
    told = {name: values[column].strip() for name, column in written.items() if values[column].strip()}
    if not told:
        return None, ()
    if "probe" in told:
        told["probe"] = told["probe"].lower()
    first = {name: text for name, text in told.items() if not name.startswith(RECOUNT)}
    again = {name.removeprefix(RECOUNT): text for name, text in told.items() if name.startswith(RECOUNT)}
    try:
        reading = IshReading.model_validate(first | ({"recount": again} if again else {}))
    except ValidationError as error:
        found = [line.split(": ", 1) for line in problems_in(error, IshReading)]
        wrong = [(name.replace("recount.", RECOUNT), what) for name, what in found]
    else:
        wrong = list(table.problems_with(reading, reading.probe))
        if reading.recount is not None:
            again_wrong = table.problems_with(reading.recount, reading.probe)
            wrong += [(f"{RECOUNT}{name}", what) for name, what in again_wrong if name != "probe"]
        if not wrong:
            return reading, ()
    return None, [(written.get(name, name), what) for name, what in wrong]


def _plain(column: str) -> str:
    return column.strip().removeprefix(PREFIX)


def _read_rows(path: Path) -> tuple[Sequence[str], Sequence[tuple[int, Mapping[str, str]]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval="", strict=True)
            names = [name.strip() for name in reader.fieldnames or ()]
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise ConfigurationError(str(path), [f"cannot be read ({error.strerror}); check the path"]) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(path.name, [f"is not comma-separated UTF-8 text: {error}"]) from error
    too_long = [f"row {number}: has more values than there are columns" for number, row in rows if "" in row]
    if too_long:
        raise ConfigurationError(path.name, too_long)
    return names, [(number, dict(zip(names, row.values(), strict=True))) for number, row in rows]


def _wrong_names(names: Sequence[str]) -> Iterator[str]:
    if "slide_id" not in names:
        yield "row 1: the column slide_id is missing"
    plain = [_plain(name) for name in names]
    for name in dict.fromkeys(plain):
        if name in COLUMNS and plain.count(name) > 1:
            yield f"row 1, column {name}: is there twice"
        elif name not in COLUMNS and (near := get_close_matches(name, COLUMNS, n=1, cutoff=0.8)):
            yield f"row 1, column {name}: is not known; did you mean {near[0]}?"
    if not set(plain) & set(COLUMNS):
        yield f"row 1: no column tells of ISH; known: {', '.join(COLUMNS)}"
