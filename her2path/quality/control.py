"""Control tissue on the slide: what it reads, and whether that is what it should read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from her2path.arrays import Floats
from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.flags import Flag

MIN_CELLS = 100
"""A control of fewer cells is measured and not judged: one cell is then more than one hundredth, a tenth of
the share that decides a score [P: as for a tag, domain reference §1.5]."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What the cells of one region read. None where there is no cell to tell."""

    n_cells: int
    fractions: Mapping[str, float] | None
    """By pattern, of ``n_cells``."""

    stained_share: float | None
    membrane_od: float | None
    """Median over all cells, stained or not."""


@dataclass(frozen=True, eq=False)
class ControlResult:
    """One control region."""

    name: str
    expected: str | None
    """Score that it is known to have."""

    reached: str | None
    """Score that the rules of the slide give its cells."""

    reading: Reading
    window_od: tuple[float, float] | None
    """What ``membrane_od`` must lie in, where that is known."""

    passed: bool | None
    """None where it cannot be judged."""

    detail: str
    """What was measured, against what was expected."""


def read_cells(cells: CellTable, od: Floats) -> Reading:
    """Measure a region: the shares of its patterns and its membrane density.

    Parameters
    ----------
    cells
        Of the region; rows that are ``counted`` and have a pattern take part.
    od
        ``(n,)`` membrane density of each row on the scale of the cut-offs.
    """
    used = cells.in_denominator
    n = int(np.count_nonzero(used))
    if not n:
        return Reading(0, None, None, None)
    shares = np.bincount(cells.pattern[used], minlength=len(PATTERNS)) / n
    known = od[used & np.isfinite(od)]
    return Reading(
        n_cells=n,
        fractions=dict(zip(PATTERNS, shares.tolist(), strict=True)),
        stained_share=float(1 - shares[0]),
        membrane_od=float(np.median(known)) if len(known) else None,
    )


def control_result(
    reading: Reading,
    *,
    name: str,
    expected: str | None,
    reached: str | None,
    window_od: tuple[float, float] | None = None,
) -> ControlResult:
    """Judge one control region.

    Parameters
    ----------
    reading
        What its cells read.
    name
        Of the region.
    expected
        Score that it is known to have; None where nobody said.
    reached
        Score that the rules of the slide give its cells; None where they give none.
    window_od
        Low and high end of what its membrane density must be, inclusive; None where that is not known.

    Returns
    -------
    ControlResult
        It passes where the score is the expected one, and the density within the window; whichever of the
        two is not known is not asked for.
    """
    told = _in_words(reading)
    if reading.n_cells < MIN_CELLS:
        passed, why = None, f"fewer than {MIN_CELLS} cells are not judged"
    elif expected is None:
        passed, why = None, "no expected score stands in its class or name"
    else:
        inside = window_od is None or _inside(reading.membrane_od, window_od)
        passed, why = reached == expected and inside, f"reached {reached or 'no score'}, expected {expected}"
        if window_od is not None:
            why += f"; {window_od[0]:.2f} to {window_od[1]:.2f} OD expected"
    return ControlResult(name, expected, reached, reading, window_od, passed, f"{told}; {why}")


def control_flags(results: Iterable[ControlResult]) -> Iterator[Flag]:
    """Yield what a reader must know of each control, in their order."""
    for result in results:
        said = f"Control {result.name!r}: {result.detail}."
        if result.passed is None:
            yield Flag("CONTROL_NOT_JUDGED", "info", said)
        elif result.passed:
            yield Flag("CONTROL_PASS", "info", said)
        else:
            yield Flag("CONTROL_FAIL", "warning", said)


def _inside(od: float | None, window_od: tuple[float, float]) -> bool:
    return od is not None and window_od[0] <= od <= window_od[1]


def _in_words(reading: Reading) -> str:
    if reading.stained_share is None or reading.membrane_od is None:
        return f"{reading.n_cells:,} cells"
    return (
        f"{reading.n_cells:,} cells, {reading.stained_share:.0%} stained, "
        f"median membrane {reading.membrane_od:.2f} OD"
    )
