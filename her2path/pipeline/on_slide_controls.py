"""Control tissue and normal epithelium on the slide: measured beside the score, and judged."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from her2path.cells.table import CellTable
from her2path.flags import Flag
from her2path.image.geometry import PixelSize
from her2path.pipeline.areas import Areas, at_cells
from her2path.pipeline.region_classes import expected_level
from her2path.pipeline.survey import mask_area_mm2
from her2path.quality.control import control_flags, control_result, read_cells
from her2path.quality.normal import normal_flags, normal_result
from her2path.recipe import Recipe
from her2path.scoring.grade import intensities
from her2path.scoring.parts import score_parts


@dataclass(frozen=True, eq=False)
class OnSlideControls:
    """What is measured beside the score, as it stands in score.json."""

    controls: list[dict[str, Any]]
    """One a control, in the order of the files."""

    normal: dict[str, Any] | None
    """All normal epithelium together; None where none was drawn."""

    flags: tuple[Flag, ...]


def measure_controls(
    cells: CellTable, areas: Areas, recipe: Recipe, *, downsample: int, pixel_size: PixelSize
) -> OnSlideControls:
    """Measure and judge every control, and all normal epithelium together.

    Parameters
    ----------
    cells
        Those in ``areas.apart``, their kinds settled by themselves: a control may not change what is taken
        for tumour, nor the tumour what is read in the control.
    areas
        Says which cell lies in which region.
    recipe
        Rules, grading, and what controls must read.
    downsample
        Level-0 pixels per pixel of the grid of ``areas``.
    pixel_size
        Of level 0.
    """
    od = intensities(cells, recipe.grading)[0]
    drawn = np.zeros_like(areas.fragments) if areas.controls is None else areas.controls
    in_control = at_cells(drawn, cells, downsample).astype(np.int32)
    numbers = np.arange(1, len(areas.control_shapes) + 1, dtype=np.int32)
    reached = score_parts(
        cells,
        in_control,
        numbers,
        rulebook=recipe.rulebook.for_specimen(recipe.specimen),
        statistics=recipe.statistics,
        yx_um=cells.yx_um(pixel_size),
    )
    windows = {window.level: (window.low_od, window.high_od) for window in recipe.control_windows}
    controls, documents = [], []
    for number, shape, score in zip(numbers.tolist(), areas.control_shapes, reached, strict=True):
        rows, level = in_control == number, expected_level(shape)
        controls.append(
            control_result(
                read_cells(cells.take(rows), od[rows]),
                name=shape.label or f"control {number}",
                expected=level,
                reached=score.score,
                window_od=None if level is None else windows.get(level),
            )
        )
        area_mm2 = mask_area_mm2(drawn == number, downsample, pixel_size)
        documents.append(asdict(controls[-1]) | {"area_mm2": area_mm2})
    # Acini are drawn one by one and hold ten cells each: together they are one internal control.
    normal: dict[str, Any] | None = None
    normal_told: tuple[Flag, ...] = ()
    if areas.normal is not None:
        inside = at_cells(areas.normal, cells, downsample) > 0
        result = normal_result(cells.take(inside), od[inside])
        normal, normal_told = asdict(result), tuple(normal_flags(result))
        normal |= {
            "n_regions": len(areas.normal_shapes),
            "area_mm2": mask_area_mm2(areas.normal > 0, downsample, pixel_size),
        }
    return OnSlideControls(
        controls=documents,
        normal=normal,
        flags=(*control_flags(controls), *normal_told),
    )
