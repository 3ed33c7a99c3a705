"""Commands of tissue microarrays."""

from pathlib import Path
from typing import Annotated

import typer

from her2path.cli.options import CollapseRuleName, CoreOption, GridOption, MppOption, OutOption


def dearray(
    slide: Annotated[Path, typer.Argument(help="A tissue microarray.")],
    out: Annotated[Path, typer.Option(help="GeoJSON to write: the places, to look at and edit in QuPath.")],
    grid: GridOption = None,
    core_um: CoreOption = None,
    mpp: MppOption = None,
) -> None:
    """Find the cores of a tissue microarray; no cell is looked for."""
    from her2path.cli.tma import run_dearray

    raise typer.Exit(run_dearray(slide, out, grid=grid, core_um=core_um, mpp=mpp))


def collapse(
    cores: Annotated[list[Path], typer.Argument(help="cores.csv of each microarray.")],
    map: Annotated[Path, typer.Option(help="CSV of slide_id, core (its label) and case_id.")],
    rule: Annotated[CollapseRuleName, typer.Option(help="Which cores speak for the case.")],
    out: OutOption,
    min_cores: Annotated[int, typer.Option(min=1, help="Fewer evaluable cores give no result.")] = 1,
) -> None:
    """Collapse the cores of each case to one result."""
    from her2path.cli.collapse import run_collapse

    run_collapse(cores, map, out, rule=rule.value, min_cores=min_cores)
