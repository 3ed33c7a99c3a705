"""A manifest: which slides to score, and how; every mistake of it before any work."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from her2path.errors import UsageError
from her2path.scoring.terms import Specimen
from her2path.store.csv_rows import read_csv_rows
from her2path.store.found_slides import find_files
from her2path.store.manifest_cells import Drawn, Wrong, cell_reader
from her2path.store.manifest_mistakes import Mistake

KNOWN = (
    "path",
    "slide_id",
    "case_id",
    "specimen",
    "tumour",
    "rulebook",
    "mpp",
    "include",
    "exclude",
    "control_roi",
    "clone",
    "scanner",
    "manual_score",
)
"""Columns that have a meaning, in any capitals; every other travels along."""

DECIDING = ("specimen", "tumour", "rulebook", "mpp", "include", "exclude", "control_roi", "clone")
"""Columns that go into the recipe of a slide: what is written under another name is not read."""

NEAR = 0.8
"""How alike a name must be to one of these to be asked about (difflib's ratio): ``tumor`` and ``specimens``
are, ``mpp_source`` and ``clone_lot`` are not."""

TRAVELLING = (
    "case_id",
    "specimen",
    "tumour",
    "include",
    "exclude",
    "control_roi",
    "clone",
    "scanner",
    "manual_score",
)
"""Known columns that stand in the cohort table beside the results."""

MANIFEST_SUFFIXES = {".csv", ".tsv"}


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One slide to score; what is not given is None."""

    path: Path
    """Absolute, as it was named: links are kept."""

    slide_id: str | None = None
    case_id: str | None = None
    specimen: Specimen | None = None
    tumour: str | None = None
    """Its name in ``configs/tumours.toml``."""

    rulebook: str | None = None
    """An id, or the path of a user's own."""

    mpp_um: float | None = None
    """Micrometres per level-0 pixel, along both axes."""

    include: Path | None = None
    exclude: Path | None = None
    control_roi: Path | None = None
    """Region files: what to score, what to leave out, where control tissue lies."""

    clone: str | None = None
    scanner: str | None = None
    manual_score: str | None = None
    """What a reader said: ``0``, ``1+``, ``2+`` or ``3+``."""

    own: Mapping[str, str | None] = field(default_factory=dict)
    """Columns that are not known here, as they were written."""

    where: str = ""
    """``manifest.csv, row 7``; empty for a slide that stands in no manifest."""

    passed_over: tuple[str, ...] = ()
    """What its region files hold that is no region, a line each."""

    def cells(self) -> dict[str, str | None]:
        """Give what travels into the cohort table: column -> text, None where nothing was given."""
        cells = {name: None if (value := getattr(self, name)) is None else str(value) for name in TRAVELLING}
        return {**cells, "mpp": None if self.mpp_um is None else f"{self.mpp_um:g}", **self.own}


def find_slides(patterns: Sequence[Path]) -> tuple[ManifestRow, ...]:
    """Find slides by files, folders and glob patterns (``scans/**/*.svs``).

    Raises
    ------
    UsageError
        If a folder or pattern holds no slide, or a folder cannot be read.
    """
    return tuple(ManifestRow(path) for path in find_files(patterns))


def parse_rows(given: Sequence[Path]) -> tuple[tuple[ManifestRow, ...], list[Mistake]]:
    """Read what ``batch`` was given: one manifest, or slides, folders and glob patterns.

    Returns
    -------
    tuple of (tuple of ManifestRow, list of Mistake)
        See ``parse_manifest``.
    """
    manifests = [path for path in given if path.suffix.lower() in MANIFEST_SUFFIXES]
    if len(manifests) == len(given) == 1:
        return parse_manifest(given[0])
    if manifests:
        what = f"{manifests[0]} is a manifest: give it alone, or give slides and folders without it"
        return (), [Mistake("", None, what)]
    try:
        return find_slides(given), []
    except UsageError as error:
        return (), [Mistake("", None, line) for line in str(error).splitlines()]


def parse_manifest(path: Path) -> tuple[tuple[ManifestRow, ...], list[Mistake]]:
    """Read a manifest.

    Parameters
    ----------
    path
        CSV (comma, semicolon or tab; UTF-8) with the columns of ``KNOWN``, of which ``path`` is needed.
        Relative paths start from its folder; where nothing is there, from the working directory.

    Returns
    -------
    tuple of (tuple of ManifestRow, list of Mistake)
        A row for every line that names a slide, in the order of the file, without the values that are
        mistakes; and every mistake, so that others may be told with them. The slides need not exist.
    """
    try:
        table = read_csv_rows(path)
    except UsageError as error:
        return (), [Mistake("", None, str(error))]
    if not table:
        return (), [Mistake(f"{path.name}, row 1", None, f"no column is named; the first is {KNOWN[0]}")]
    (header_row, written), *lines = table
    written = written[: _width(written, [cells for _, cells in lines])]
    names = [name.casefold() if name.casefold() in KNOWN else name for name in written]
    mistakes = [
        Mistake(f"{path.name}, row {header_row}", column, what) for column, what in _wrong_names(names)
    ]
    if not lines:
        mistakes.append(Mistake(f"{path.name}, row {header_row + 1}", None, "there is no slide"))
    read, rows = cell_reader(path.parent), []
    for number, cells in lines:
        where = f"{path.name}, row {number}"
        if wrong_length := _wrong_length(cells, names):
            mistakes.append(Mistake(where, None, wrong_length))
            continue
        values = {name: read(name, text) for name, text in zip(names, cells, strict=False)}
        if "path" in values and values["path"] is None:
            values["path"] = Wrong("is empty; name the file of the slide")
        wrongs = {name: value for name, value in values.items() if isinstance(value, Wrong)}
        mistakes += [Mistake(where, name, value.what) for name, value in wrongs.items()]
        if isinstance(values.get("path"), Path):
            rows.append(_row({**values, **dict.fromkeys(wrongs)}, where))
    return tuple(rows), mistakes + _repeated(rows)


def misread_columns(rows: Sequence[ManifestRow]) -> tuple[str, ...]:
    """Ask about columns that travel along unread, and whose names are nearly those of columns that decide."""
    attributes = {name: "mpp_um" if name == "mpp" else name for name in DECIDING}
    unused = [
        name for name, attribute in attributes.items() if all(getattr(row, attribute) is None for row in rows)
    ]
    own = rows[0].own if rows else ()
    near = {name: get_close_matches(name.casefold(), unused, n=1, cutoff=NEAR) for name in own}
    return tuple(
        f"column {name} is not read, and travels along; if it means {found[0]}, call it {found[0]}"
        for name, found in near.items()
        if found
    )


def passed_over(rows: Sequence[ManifestRow]) -> tuple[str, ...]:
    """Say which region files hold lines, points or cells, which are no regions: one line a file."""
    return tuple(dict.fromkeys(line for row in rows for line in row.passed_over))


def _row(values: Mapping[str, Any], where: str) -> ManifestRow:
    drawn = {name: value for name, value in values.items() if isinstance(value, Drawn)}
    known = {name: value for name, value in values.items() if name in KNOWN}
    known |= {name: file.path for name, file in drawn.items()}
    mpp_um = known.pop("mpp", None)
    own = {name: text for name, text in values.items() if name not in KNOWN}
    lines = tuple(file.passed_over for file in drawn.values() if file.passed_over)
    return ManifestRow(**known, mpp_um=mpp_um, own=own, where=where, passed_over=lines)


def _wrong_names(names: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    if "path" not in names:
        near = get_close_matches("path", [name.casefold() for name in names], n=1)
        yield None, f"the column path is missing{f'; is it {near[0]}?' if near else ''}"
    for place, name in enumerate(names, start=1):
        if not name:
            yield str(place), "has no name; name it, or take the column out"
    for name, times in Counter(name for name in names if name).items():
        if times > 1:
            yield name, f"is there {times} times; keep one"


def _width(names: Sequence[str], lines: Sequence[Sequence[str]]) -> int:
    """Count the columns up to the last that has a name or a value: spreadsheets write empty ones behind."""
    valued = max((place for cells in lines for place, cell in enumerate(cells, start=1) if cell), default=0)
    named = max((place for place, name in enumerate(names, start=1) if name), default=0)
    return max(valued, named)


def _wrong_length(cells: Sequence[str], names: Sequence[str]) -> str | None:
    if len(cells) < len(names) or any(cells[len(names) :]):
        return (
            f"has {len(cells)} cells, and {len(names)} columns are named; "
            "put cells that hold the separator in quotes, and leave what is not known empty"
        )
    return None


def _repeated(rows: Sequence[ManifestRow]) -> list[Mistake]:
    """Find slides and ids that stand in two rows; names that differ in case alone are one folder."""
    mistakes = []
    for column, keys in (
        ("path", [os.path.realpath(row.path) for row in rows]),
        ("slide_id", [row.slide_id and row.slide_id.casefold() for row in rows]),
    ):
        first: dict[str, str] = {}
        for key, row in zip(keys, rows, strict=True):
            before = first.setdefault(key, row.where) if key else row.where
            if before != row.where:
                other = before.rpartition(" ")[2]
                what = f"is the same as in row {other}; a slide is scored once, under a name of its own"
                mistakes.append(Mistake(row.where, column, what))
    return mistakes
