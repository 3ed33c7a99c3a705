"""Commands that show what is there: rulebooks, a slide, this installation."""

from pathlib import Path
from typing import Annotated

import typer

from her2path.cli.options import MppOption


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


def info(slide: Annotated[Path, typer.Argument(help="A slide.")], mpp: MppOption = None) -> None:
    """Show what her2path reads from a slide: size, levels, pixel size."""
    from her2path.cli.show import show_slide

    raise typer.Exit(show_slide(slide, mpp))


def doctor() -> None:
    """Check that this installation can score a slide."""
    from her2path.cli.doctor import run_doctor

    raise typer.Exit(run_doctor())
