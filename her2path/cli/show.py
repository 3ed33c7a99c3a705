"""``her2path rulebooks`` and ``her2path info``: print what is known, in tables."""

from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from her2path.errors import PixelSizeError, SlideError, UsageError
from her2path.image.geometry import MEMBRANE_MPP_UM, PixelSize
from her2path.scoring.rulebook import Rulebook
from her2path.slides.open import open_slide
from her2path.store.recipes import list_rulebooks, load_rulebook


def show_rulebooks() -> None:
    """List the rulebooks that come with the program: ids at the start of a line, nothing cut short."""
    console = Console(highlight=False, soft_wrap=True)
    known = list_rulebooks()
    width = max(len(rulebook.id) for rulebook in known)
    for rulebook in known:
        about = f"version {rulebook.version}; {rulebook.tumour}; {_specimens(rulebook)}"
        console.print(f"{rulebook.id:<{width}}  {about}", markup=False)
        console.print(f"{'':<{width}}  {rulebook.citation}", markup=False)


def show_rulebook(id_or_path: str) -> None:
    """Show the rules of one rulebook in order; a mistake in it is raised."""
    rulebook = load_rulebook(id_or_path)
    console = Console(highlight=False)
    console.print(f"{rulebook.id} {rulebook.version}", style="bold", markup=False)
    console.print(
        f"{rulebook.citation}\ntumour: {rulebook.tumour}; specimen: {_specimens(rulebook)}", markup=False
    )
    # The names of rules are what score.json holds: they are never cut short.
    names = (Column("rule", no_wrap=True), Column("gives", no_wrap=True))
    table = Table(*names, "patterns", "asks for", box=None)
    for rule in rulebook.rules:
        table.add_row(
            rule.name, rule.category, " ".join(rule.patterns), _asks(rule.metric, rule.op, rule.threshold)
        )
    table.add_row(rulebook.fall_through.name, rulebook.fall_through.category, "", "none of the above")
    console.print(table)


def _specimens(rulebook: Rulebook) -> str:
    return ", ".join(rulebook.specimens) if rulebook.specimens else "any"


def _asks(metric: str, op: str | None, threshold: float | None) -> str:
    unit = {"percent": " % of cells", "cluster": " cells in a cluster"}.get(metric, "")
    return "present" if threshold is None else f"{op} {threshold:g}{unit}"


def show_slide(path: Path, mpp: float | None) -> int:
    """Show size, levels and pixel size; give the exit code. Associated images are not read."""
    try:
        if mpp is not None:
            PixelSize(mpp, mpp)
    except PixelSizeError as error:
        raise UsageError(str(error)) from error
    console = Console(highlight=False, soft_wrap=True)
    try:
        slide = open_slide(path, mpp_um=None if mpp is None else (mpp, mpp))
    except SlideError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"her2path: {error}", markup=False)
        return 1
    size = slide.pixel_size
    full = slide.levels[0]
    rows = {
        "file": path.name,
        "reader": type(slide).__name__,
        "size": f"{full.width_px} × {full.height_px} px (width × height), "
        f"{full.width_px * size.x_um / 1000:.2f} × {full.height_px * size.y_um / 1000:.2f} mm",
        "pixel size": f"{size.x_um:g} × {size.y_um:g} µm/px ({slide.pixel_size_source})",
        "objective": "not stated" if slide.objective is None else f"{slide.objective:g}x",
        "levels": ", ".join(
            f"{level.width_px} × {level.height_px} (1:{level.downsample:g})" for level in slide.levels
        ),
    }
    for name, value in rows.items():
        console.print(f"{name:<11}{value}", markup=False)
    if size.mean_um > MEMBRANE_MPP_UM:
        console.print(
            f"coarser than {MEMBRANE_MPP_UM} µm/px: scored with a flag, never tagged null, ultralow or low",
            markup=False,
        )
    return 0
