"""``her2path cases``: the specimens of each patient, in a table and a picture."""

from pathlib import Path

from rich.console import Console

from her2path.report.timeline import write_timeline
from her2path.scoring.cases import bring_together
from her2path.store.cases import read_samples, write_cases
from her2path.store.runs import check_writable


def run_cases(cohort: Path, out: Path) -> None:
    """Write the table and the picture, and say what was found."""
    samples, without_case = read_samples(cohort)
    check_writable(out)
    cases = bring_together(samples)
    write_cases(out, cases)
    write_timeline(out, cases)
    console = Console(highlight=False, soft_wrap=True)
    several = sum(len(case.samples) > 1 for case in cases)
    console.print(f"{len(samples)} specimens of {len(cases)} patients, {several} with several", markup=False)
    for case in cases:
        for one in case.discordances:
            console.print(f"{case.case_id}: {one.code}: {one.detail}", markup=False)
    if without_case:
        console.print(f"left out, without case_id: {without_case} of the rows", markup=False)
