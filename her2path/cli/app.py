"""The commands. What a command needs is imported when it runs: ``--help`` answers at once."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from her2path import DISCLAIMER, __version__
from her2path.errors import UsageError

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


class CollapseRuleName(StrEnum):
    """How the cores of a case give one result."""

    highest = "highest"
    majority = "majority"
    weighted = "weighted"
    any_positive = "any-positive"


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
GridOption = Annotated[
    str | None, typer.Option(help="Rows and columns of the array, 3x4. Default: as many as there are cores.")
]
CoreOption = Annotated[
    float | None, typer.Option(help="Diameter of the cores in micrometres. Default: measured.")
]
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
    tma: Annotated[bool, typer.Option("--tma", help="A tissue microarray: score it core by core.")] = False,
    grid: GridOption = None,
    core_um: CoreOption = None,
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


@app.command()
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


@app.command()
def rulebooks(
    rulebook: Annotated[
        str | None, typer.Argument(help="Show this one, by id; or your own, by path (.toml).")
    ] = None,
    check: Annotated[
        Path | None, typer.Option(help="Check a rulebook of your own (.toml): every mistake at once.")
    ] = None,
) -> None:
    """List the rulebooks, show one, or check your own."""
    from her2path.cli.rulebooks import run_rulebooks

    run_rulebooks(rulebook, check)


@app.command()
def cases(
    cohort: Annotated[
        Path, typer.Argument(help="cohort.csv or cohort.parquet with case_id, or the folder that holds it.")
    ],
    out: OutOption,
) -> None:
    """Bring the specimens of each patient together: latest, highest, any low, what disagrees."""
    from her2path.cli.cases import run_cases

    run_cases(cohort, out)


@app.command()
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


@app.command()
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


@app.command()
def qa(
    out: OutOption,
    pairs: Annotated[
        Path | None,
        typer.Argument(help="CSV with slide_id and a column a rater; or a cohort table, or its folder."),
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="Rater that the others are compared with: a comparator, not the truth.")
    ] = None,
    manual: Annotated[
        Path | None, typer.Option(help="CSV with slide_id and manual scores, to join by slide_id.")
    ] = None,
    program: Annotated[
        str | None, typer.Option(help="Rater that is no reader. Default: her2path, where it is one.")
    ] = None,
    same_unit: Annotated[
        list[str] | None, typer.Option(help="Two columns of numbers in one unit, as A:B, to compare.")
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(help="Results folder of the slides: why, and which cells, where raters differ."),
    ] = None,
    monitor: Annotated[
        bool, typer.Option("--monitor", help="Chart the rates of the table, by month, site, scanner, lot.")
    ] = False,
    controls: Annotated[
        Path | None,
        typer.Option(help="CSV of control, date, membrane_od, or a results folder: judge the control runs."),
    ] = None,
    before: Annotated[
        Path | None, typer.Option(help="Results folder or cohort table, to compare with --after.")
    ] = None,
    after: Annotated[Path | None, typer.Option(help="The later run of the same slides.")] = None,
    gate: Annotated[
        bool,
        typer.Option(
            "--gate",
            help="Exit with 1 where the later run breaks a limit. A limit about what cohort tables do not "
            "hold, such as fractions, cannot be judged: exit with 2.",
        ),
    ] = False,
    limits: Annotated[
        Path | None, typer.Option(help="Limits of the gate (.toml). Default: no decision may change.")
    ] = None,
) -> None:
    """Show how far raters agree; or watch rates, control runs, and two runs of the same slides."""
    comparing = gate or any(one is not None for one in (before, after, limits))
    if (pairs is not None or controls is not None) == comparing:
        raise UsageError("give one of these: a table of scores, --controls, or both; --before and --after")
    of_raters = {
        "--reference": reference,
        "--manual": manual,
        "--program": program,
        "--same-unit": same_unit,
        "--results": results,
    }
    if comparing:
        _refuse_unread("--before and --after", of_raters | {"--monitor": monitor})
        from her2path.cli.qa_watch import run_change

        raise typer.Exit(run_change(before, after, out, gate=gate, limits=limits))
    if controls is not None and pairs is None:
        _refuse_unread("--controls without a table of scores", of_raters | {"--monitor": monitor})
        from her2path.cli.qa_watch import run_controls

        raise typer.Exit(run_controls(controls, out))
    if pairs is not None and monitor:
        _refuse_unread("--monitor", of_raters | {"--controls": controls})
        from her2path.cli.qa_watch import run_monitor

        raise typer.Exit(run_monitor(pairs, out))
    if pairs is not None:
        from her2path.cli.qa import run_qa

        run_qa(
            pairs,
            out,
            manual=manual,
            reference=reference,
            program=program,
            same_unit=same_unit or (),
            results=results,
            controls=controls,
        )


def _refuse_unread(what: str, options: Mapping[str, object]) -> None:
    """Refuse options that are not read: left out silently, they would look as if they had been heeded."""
    if unread := [name for name, given in options.items() if given]:
        raise UsageError(f"{what} does not go with {', '.join(unread)}; run her2path qa once for each")


@app.command("qa-plan")
def qa_plan(
    agreement: Annotated[float, typer.Option(help="True agreement that is expected.")] = 0.95,
    bound: Annotated[float, typer.Option(help="What the lower end of the 95 % interval must reach.")] = 0.90,
    power: Annotated[float, typer.Option(help="Chance that a study of this size shows it.")] = 0.80,
    rate: Annotated[
        list[str] | None, typer.Option(help="Share of a class among incoming cases, as 1+=0.40; repeat.")
    ] = None,
) -> None:
    """Plan a study of agreement: how many slides, and how many cases to collect for each class."""
    from her2path.qa.planner import parse_rates, plan, plan_lines

    rates = parse_rates(rate) if rate else None
    for line in plan_lines(plan(agreement=agreement, bound=bound, power=power, rates=rates)):
        typer.echo(line)


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


@app.command()
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


@app.command()
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


@app.command()
def doctor() -> None:
    """Check that this installation can score a slide."""
    from her2path.cli.doctor import run_doctor

    raise typer.Exit(run_doctor())
