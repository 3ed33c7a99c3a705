"""The program and its commands. What a command needs is imported when it runs: ``--help`` answers at once."""

from typing import Annotated

import typer

from her2path import DISCLAIMER, __version__
from her2path.cli.app_arrays import collapse, dearray
from her2path.cli.app_making import calibrate, calibrate_blank, phantom, train
from her2path.cli.app_qa import qa, qa_plan
from her2path.cli.app_scoring import batch, cases, rescore, score
from her2path.cli.app_show import doctor, info, rulebooks

COMMANDS = (
    score,
    batch,
    rescore,
    cases,
    dearray,
    collapse,
    qa,
    qa_plan,
    rulebooks,
    calibrate_blank,
    calibrate,
    train,
    phantom,
    info,
    doctor,
)
"""In the order of the help, each under the name of its function: ``qa_plan`` is ``her2path qa-plan``."""

app = typer.Typer(
    name="her2path",
    help=f"Score HER2 immunohistochemistry on whole-slide images.\n\n{DISCLAIMER}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


for command in COMMANDS:
    app.command()(command)
