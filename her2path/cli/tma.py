"""``her2path dearray``: the places of a tissue microarray, to look at and to edit before they are scored."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from her2path.cli import EXIT_FAILED
from her2path.errors import NotEvaluableError, OutputError, SlideError, UsageError
from her2path.export.cores import write_core_outlines
from her2path.pipeline.survey import survey_slide
from her2path.pipeline.tma import check_labels, find_array, outlines_of
from her2path.recipe import Recipe, TissueArray
from her2path.scoring.settings import problems_in
from her2path.slides.open import open_slide
from her2path.store.disk import write_whole
from her2path.store.regions import Outline

GRID = re.compile(r"(\d+) *[xX×] *(\d+)")


def asked_array(
    tma: bool, grid: str | None, core_um: float | None, *, drawn: Path | None
) -> TissueArray | None:
    """Read the options of ``score`` that are about an array; None where none is asked for.

    Raises
    ------
    UsageError
        If they do not go together, or there is no such grid or core.
    """
    described = grid is not None or core_um is not None
    if described and not tma:
        raise UsageError("--grid and --core-um describe a tissue microarray: give --tma with them")
    if described and drawn is not None:
        raise UsageError("--grid and --core-um say how to find cores, --include where they are: give one")
    return _wanted(grid, core_um) if tma else None


def as_array(recipe: Recipe, drawn: Sequence[Outline] | None) -> Recipe:
    """Give the recipe of an array the specimen that it implies; other recipes stay as they are.

    Raises
    ------
    UsageError
        If it says another specimen, or cores that were drawn cannot be told apart.
    """
    if recipe.tma is None:
        return recipe
    if recipe.specimen not in (None, "tma-core"):
        raise UsageError(
            f"--tma scores cores, and the specimen given is {recipe.specimen}; leave it out, or say tma-core"
        )
    check_labels(drawn or (), recipe)
    return recipe.model_copy(update={"specimen": "tma-core"})


def _wanted(grid: str | None, core_um: float | None) -> TissueArray:
    shape = None
    if grid is not None:
        found = GRID.fullmatch(grid.strip())
        if found is None:
            raise UsageError(f"--grid {grid!r} is no grid; write ROWSxCOLUMNS (3x4: three rows of four)")
        shape = (int(found[1]), int(found[2]))
    try:
        return TissueArray(grid=shape, core_um=core_um)
    except ValidationError as error:
        problems = (f"--{line.replace('_', '-')}" for line in problems_in(error, TissueArray))
        raise UsageError("\n".join(problems)) from error


def run_dearray(path: Path, out: Path, *, grid: str | None, core_um: float | None, mpp: float | None) -> int:
    """Write the places of an array and say what was found; give the exit code."""
    wanted = _wanted(grid, core_um)
    console = Console(highlight=False, soft_wrap=True)
    try:
        slide = open_slide(path, mpp_um=None if mpp is None else (mpp, mpp))
        array = find_array(survey_slide(slide, None), slide.pixel_size, wanted)
    except (SlideError, NotEvaluableError) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"her2path: {error}", markup=False)
        return EXIT_FAILED
    outlines = outlines_of(array, slide.pixel_size)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, partial(write_core_outlines, outlines, slide_id=path.stem))
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error.strerror}); give another file with --out"
        ) from error
    states = Counter(place.state for place in array.places)
    pitch_row, pitch_column = array.pitch_um
    lines = (
        f"{array.n_rows} rows and {array.n_columns} columns: {states['present']} whole cores, "
        f"{states['broken']} broken, {states['missing']} missing",
        f"cores of {array.core_um / 1000:.2f} mm, rows {pitch_row / 1000:.2f} mm and columns "
        f"{pitch_column / 1000:.2f} mm apart, turned by {array.rotation_deg:.1f}°",
        *((f"{array.outside_mm2:.2f} mm² of tissue lie in no place",) if array.outside_mm2 else ()),
        *array.doubts,
        f"written to {out}: look at it in QuPath, and give it with --tma --include",
    )
    for line in lines:
        console.print(line, markup=False)
    return 0
