"""Commands that make what scoring rests on: recipes from controls, weights, slides with known cells."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from her2path.cli.options import DeviceName, OutOption, RecipeOption


def calibrate_blank(
    controls: Annotated[
        list[Path], typer.Argument(help="Negative controls: results folders or cells.parquet, 20 or more.")
    ],
    out: Annotated[Path, typer.Option(help="Recipe fragment to write (.toml), for --recipe.")],
    low: Annotated[
        list[Path] | None, typer.Option(help="Controls of low expression: gives a limit of detection.")
    ] = None,
    recipe: RecipeOption = None,
    clone: Annotated[str | None, typer.Option(help="Antibody clone of the controls.")] = None,
) -> None:
    """Measure the limit of blank: how much staining is none."""
    from her2path.cli.calibrate import run_calibrate_blank

    typer.echo(run_calibrate_blank(controls, out, low=low or (), recipe=recipe, clone=clone))


def calibrate(
    controls: Annotated[
        Path, typer.Argument(help="CSV of controls: path, level, expected_od (median membrane density).")
    ],
    out: Annotated[Path, typer.Option(help="Recipe fragment to write (.toml), for --recipe.")],
    assay: Annotated[str, typer.Option(help="Assay that the controls were stained with.")],
    clone: Annotated[str, typer.Option(help="Its antibody clone.")],
    scanner: Annotated[str, typer.Option(help="Scanner.")],
    date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the staining. Default: today.")
    ] = None,
    recipe: RecipeOption = None,
) -> None:
    """Map membrane densities onto those of a reference laboratory, through controls."""
    from her2path.cli.calibrate import run_calibrate

    day = (date or datetime.now(UTC)).date()
    typer.echo(
        run_calibrate(controls, out, assay=assay, clone=clone, scanner=scanner, day=day, recipe=recipe)
    )


def train(
    config: Annotated[Path, typer.Argument(help="A training configuration (.toml).")],
    out: OutOption,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the real sets that the configuration names.")
    ] = None,
    start: Annotated[Path | None, typer.Option(help="Folder of a network to go on from.")] = None,
    evaluation: Annotated[
        Path | None, typer.Option(help="accuracy.json of these weights, for their card.")
    ] = None,
    device: Annotated[DeviceName, typer.Option(help="Where the network learns.")] = DeviceName.auto,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that draw fields. Default: one a core.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Stop after this time; the same command goes on.")
    ] = None,
) -> None:
    """Train the network, or go on with a training that was stopped."""
    from her2path.cli.train import run_train

    code = run_train(
        config,
        out,
        data=data,
        start=start,
        evaluation=evaluation,
        device=device.value,
        workers=workers,
        minutes=minutes,
    )
    raise typer.Exit(code)


def phantom(
    recipe: Annotated[Path, typer.Argument(help="A phantom recipe (.toml).")], out: OutOption
) -> None:
    """Draw synthetic slides with known cells and a known score."""
    from her2path.phantom import write_phantoms
    from her2path.store.runs import check_writable

    check_writable(out)
    for path in write_phantoms(recipe, out):
        typer.echo(path)
