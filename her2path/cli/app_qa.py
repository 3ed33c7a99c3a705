"""Commands of quality assurance: what agrees, what changes, and how many slides a study needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from her2path.cli.options import OutOption
from her2path.errors import UsageError


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


def _refuse_unread(what: str, options: Mapping[str, object]) -> None:
    """Refuse options that are not read: left out silently, they would look as if they had been heeded."""
    if unread := [name for name, given in options.items() if given]:
        raise UsageError(f"{what} does not go with {', '.join(unread)}; run her2path qa once for each")
