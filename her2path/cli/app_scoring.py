"""Commands that score: slides, stored cells, and what brings results together."""

from pathlib import Path
from typing import Annotated

import typer

from her2path.cli.options import (
    CoreOption,
    DeviceName,
    EngineName,
    GeojsonOption,
    GridOption,
    LogJsonOption,
    MppOption,
    OutOption,
    OverwriteOption,
    RecipeOption,
    RulebookOption,
    SpecimenOption,
)


def score(
    slides: Annotated[list[Path], typer.Argument(help="Slides to score.")],
    out: OutOption,
    rulebook: RulebookOption = None,
    specimen: SpecimenOption = None,
    mpp: MppOption = None,
    include: Annotated[
        Path | None, typer.Option(help="Score inside these regions only: GeoJSON, ImageScope or ASAP XML.")
    ] = None,
    exclude: Annotated[Path | None, typer.Option(help="Leave these regions out.")] = None,
    tma: Annotated[bool, typer.Option("--tma", help="A tissue microarray: score it core by core.")] = False,
    grid: GridOption = None,
    core_um: CoreOption = None,
    engine: Annotated[EngineName, typer.Option(help="Who finds the cells.")] = EngineName.auto,
    device: Annotated[DeviceName, typer.Option(help="Where the network runs.")] = DeviceName.auto,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads. Default: one a core.")] = None,
    recipe: RecipeOption = None,
    overwrite: OverwriteOption = False,
    geojson: GeojsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    log_json: LogJsonOption = False,
) -> None:
    """Score slides: one folder a slide, one table for all."""
    from her2path.cli.score import Wanted, run_score

    wanted = Wanted(
        slides=tuple(slides),
        out=out,
        rulebook=rulebook,
        specimen=specimen and specimen.value,
        mpp=mpp,
        include=include,
        exclude=exclude,
        tma=tma,
        grid=grid,
        core_um=core_um,
        engine=engine.value,
        device=device.value,
        workers=workers,
        recipe=recipe,
        overwrite=overwrite,
        geojson=geojson,
        quiet=quiet,
        log_json=log_json,
    )
    raise typer.Exit(run_score(wanted))


def batch(
    given: Annotated[
        list[Path],
        typer.Argument(metavar="MANIFEST", help="A manifest (.csv); or slides, folders, patterns (quoted)."),
    ],
    out: OutOption,
    scheduler: Annotated[
        str, typer.Option(help="local: processes made here. Or workers that are there: tcp://HOST:PORT.")
    ] = "local",
    database: Annotated[
        str | None,
        typer.Option(
            help="Registry: postgresql+psycopg://USER@HOST/NAME. Default: registry.sqlite in --out."
        ),
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="Score one part of the slides only: 2/5 is the second of five.")
    ] = None,
    retries: Annotated[
        int, typer.Option(min=0, max=3, help="Further attempts where the storage is to blame.")
    ] = 3,
    rulebook: RulebookOption = None,
    specimen: SpecimenOption = None,
    mpp: MppOption = None,
    engine: Annotated[EngineName, typer.Option(help="Who finds the cells.")] = EngineName.auto,
    device: Annotated[DeviceName, typer.Option(help="Where the network runs.")] = DeviceName.auto,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Cores to use; with tcp, threads of each worker. Default: all; with tcp, one."
        ),
    ] = None,
    recipe: RecipeOption = None,
    overwrite: OverwriteOption = False,
    geojson: GeojsonOption = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but what failed or needs a look.")
    ] = False,
    log_json: LogJsonOption = False,
) -> None:
    """Score many slides unattended: resumed where stopped, one table for all."""
    from her2path.cli.batch import BatchWanted, run_batch

    wanted = BatchWanted(
        given=tuple(given),
        out=out,
        rulebook=rulebook,
        specimen=specimen and specimen.value,
        mpp=mpp,
        engine=engine.value,
        device=device.value,
        workers=workers,
        recipe=recipe,
        scheduler=scheduler,
        database=database,
        shard=shard,
        retries=retries,
        overwrite=overwrite,
        geojson=geojson,
        quiet=quiet,
        log_json=log_json,
    )
    raise typer.Exit(run_batch(wanted))


def rescore(
    cells: Annotated[Path, typer.Argument(help="A results folder, a slide's folder, or a cells.parquet.")],
    out: OutOption,
    rulebook: RulebookOption = None,
    specimen: SpecimenOption = None,
    mpp: MppOption = None,
    recipe: RecipeOption = None,
    ish: Annotated[
        Path | None, typer.Option(help="CSV with ISH by slide: settles status and tag, never the score.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Apply new rules to stored cells; no pixel is read."""
    from her2path.cli.rescore import run_rescore

    kind = specimen and specimen.value
    raise typer.Exit(
        run_rescore(
            cells, out, rulebook=rulebook, specimen=kind, mpp=mpp, recipe=recipe, ish=ish, quiet=quiet
        )
    )


def cases(
    cohort: Annotated[
        Path, typer.Argument(help="cohort.csv or cohort.parquet with case_id, or the folder that holds it.")
    ],
    out: OutOption,
) -> None:
    """Bring the specimens of each patient together: latest, highest, any low, what disagrees."""
    from her2path.cli.cases import run_cases

    run_cases(cohort, out)
