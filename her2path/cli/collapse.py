"""``her2path collapse``: one result a case, from the cores of its microarrays."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from her2path.scoring.collapse import CollapseRule, collapse
from her2path.store.collapse import read_cores, write_collapsed
from her2path.store.runs import check_writable


def run_collapse(
    cores: Sequence[Path], of_cases: Path, out: Path, *, rule: CollapseRule, min_cores: int
) -> None:
    """Write the table, and say what was found."""
    found, n_without = read_cores(cores, of_cases)
    check_writable(out)
    cases = collapse(found, rule=rule, min_cores=min_cores)
    write_collapsed(out, cases, rule)
    console = Console(highlight=False, soft_wrap=True)
    n_scored = sum(one.category is not None for one in cases)
    console.print(f"{len(found)} cores of {len(cases)} cases, {n_scored} scored ({rule})", markup=False)
    for one in cases:
        for differing in one.discordances:
            console.print(f"{one.case.case_id}: {differing.code}: {differing.detail}", markup=False)
        if one.reason is not None:
            console.print(f"{one.case.case_id}: not evaluable: {one.reason}", markup=False)
    if n_without:
        console.print(f"left out, in no row of the map: {n_without} cores", markup=False)
