"""Mistakes in a manifest, all of them at once, each where it stands."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from her2path.errors import UsageError

ALIKE = 20
"""So many rows with the same mistake have a line each; more share one, for 20 000 lines hide the others."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake."""

    where: str
    """``manifest.csv, row 7``; empty where no row is to blame, but what was asked for."""

    column: str | None
    what: str

    @property
    def line(self) -> str:
        """The mistake in words."""
        column = f", column {self.column}" if self.column else ""
        return f"{self.where}{column}: {self.what}" if self.where else self.what


def raise_all(mistakes: Sequence[Mistake]) -> None:
    """Raise every mistake, one line each; nothing was wrong where this returns.

    Raises
    ------
    UsageError
        If there is any.
    """
    if mistakes:
        raise UsageError("\n".join(_lines(mistakes)))


def _lines(mistakes: Sequence[Mistake]) -> list[str]:
    alike: dict[tuple[str | None, str], list[Mistake]] = defaultdict(list)
    for mistake in dict.fromkeys(mistakes):
        alike[mistake.column, mistake.what].append(mistake)
    shown = [mistake for group in alike.values() for mistake in group[:ALIKE]]
    lines = [mistake.line for mistake in sorted(shown, key=lambda one: _row(one.where))]
    for (column, _), group in alike.items():
        if more := group[ALIKE:]:
            source = more[0].where.rpartition(", row ")[0]
            rows = _ranges([_row(mistake.where) for mistake in more])
            lines.append(Mistake(f"{source}, rows {rows}", column, f"as in row {_row(group[0].where)}").line)
    return lines


def _row(where: str) -> int:
    number = where.rpartition(", row ")[2]
    return int(number) if number.isdecimal() else 0


def _ranges(numbers: Sequence[int]) -> str:
    """Write rising numbers as ``3, 5 to 9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)
