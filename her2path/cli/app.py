"""The commands. What a command needs is imported when it runs: ``--help`` answers at once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from her2path import DISCLAIMER, __version__

app = typer.Typer(
    name="her2path",
    help=f"Score HER2 immunohistochemistry on whole-slide images.\n\n{DISCLAIMER}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class SpecimenName(StrEnum):
    """Kinds of specimen."""

    resection = "resection"
    biopsy = "biopsy"
    tma_core = "tma-core"
    cytology = "cytology"


class EngineName(StrEnum):
    """Who finds the cells."""

    auto = "auto"
    cnn = "cnn"
    classical = "classical"


class DeviceName(StrEnum):
    """Where the network runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


RulebookOption = Annotated[
    str | None, typer.Option(help="Rulebook id, or the path of your own (.toml). Default: breast-2018.")
]
SpecimenOption = Annotated[SpecimenName | None, typer.Option(help="Needed where the rulebook asks for it.")]
RecipeOption = Annotated[
    Path | None, typer.Option(help="Everything that determines the answer, in one TOML file.")
]
MppOption = Annotated[float | None, typer.Option(help="Micrometres per pixel; overrides what the file says.")]
OutOption = Annotated[Path, typer.Option(help="Folder that results are written to.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"her2path {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command()
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
    engine: Annotated[EngineName, typer.Option(help="Who finds the cells.")] = EngineName.auto,
    device: Annotated[DeviceName, typer.Option(help="Where the network runs.")] = DeviceName.auto,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads. Default: one a core.")] = None,
    recipe: RecipeOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Score again what is already scored with the same recipe.")
    ] = False,
    geojson: Annotated[
        bool, typer.Option("--geojson", help="Write the cells as QuPath detections as well.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="One JSON line an event.")] = False,
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


@app.command()
def rescore(
    cells: Annotated[Path, typer.Argument(help="A results folder, a slide's folder, or a cells.parquet.")],
    out: OutOption,
    rulebook: RulebookOption = None,
    specimen: SpecimenOption = None,
    mpp: MppOption = None,
    recipe: RecipeOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Apply new rules to stored cells; no pixel is read."""
    from her2path.cli.rescore import run_rescore

    kind = specimen and specimen.value
    raise typer.Exit(
        run_rescore(cells, out, rulebook=rulebook, specimen=kind, mpp=mpp, recipe=recipe, quiet=quiet)
    )


@app.command()
def rulebooks(
    rulebook: Annotated[
        str | None, typer.Argument(help="Show this one, by id; or check your own, by path (.toml).")
    ] = None,
) -> None:
    """List the rulebooks, show one, or check your own."""
    from her2path.cli.show import show_rulebook, show_rulebooks

    if rulebook is None:
        show_rulebooks()
    else:
        show_rulebook(rulebook)


@app.command()
def info(slide: Annotated[Path, typer.Argument(help="A slide.")], mpp: MppOption = None) -> None:
    """Show what her2path reads from a slide: size, levels, pixel size."""
    from her2path.cli.show import show_slide

    raise typer.Exit(show_slide(slide, mpp))


@app.command()
def phantom(
    recipe: Annotated[Path, typer.Argument(help="A phantom recipe (.toml).")], out: OutOption
) -> None:
    """Draw synthetic slides with known cells and a known score."""
    from her2path.phantom import write_phantoms
    from her2path.store.runs import check_writable

    check_writable(out)
    for path in write_phantoms(recipe, out):
        typer.echo(path)


@app.command()
def doctor() -> None:
    """Check that this installation can score a slide."""
    from her2path.cli.doctor import run_doctor

    raise typer.Exit(run_doctor())
