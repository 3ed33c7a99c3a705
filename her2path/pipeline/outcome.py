"""What is known of a slide while it is scored; whatever ends the work, that much can be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from her2path.cells.table import CellTable
from her2path.errors import NotEvaluableError, SlideError, StorageError
from her2path.flags import Flag
from her2path.image.stains import StainMatrix
from her2path.pipeline.evenness import Evenness
from her2path.pipeline.on_slide_controls import OnSlideControls
from her2path.pipeline.parts import Parts
from her2path.pipeline.result import Example, Overview
from her2path.recipe import Recipe
from her2path.scoring.heterogeneity import HeterogeneityMap
from her2path.scoring.score import SlideScore
from her2path.segment.protocol import Weights
from her2path.slides.protocol import Slide
from her2path.store.disk import plain_path

Status: TypeAlias = Literal["scored", "not_evaluable", "failed", "partial"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What is known of a slide so far; None is not known."""

    slide_id: str
    path: Path
    recipe: Recipe
    engine: str
    device: str = "cpu"
    weights: Weights | None = None
    status: Status = "failed"
    reason: str | None = None
    slide: Slide | None = None
    stains: StainMatrix | None = None
    areas_mm2: dict[str, object] | None = None
    overview: Overview | None = None
    cells: CellTable = field(default_factory=CellTable.empty)
    n_cells: int | None = None
    """Cells in the denominator, also where they are too few for a score; None where none were looked for."""

    score: SlideScore | None = None
    heterogeneity: HeterogeneityMap | None = None
    examples: tuple[Example, ...] = ()
    flags: tuple[Flag, ...] = ()
    parts: Parts | None = None
    """Results by region and by fragment; None where no cells were looked for."""

    tma: dict[str, Any] | None = None
    """The array and the results of its cores; None where the slide is none."""

    controls: OnSlideControls | None = None
    """Control tissue and normal epithelium; None where none was drawn, or nothing measured."""

    evenness: Evenness | None = None
    tile_seconds: tuple[float, ...] | None = None
    given_mpp_yx_um: tuple[float, float] | None = None
    """Pixel size of stored cells, where no slide is opened."""

    given_size_px: tuple[int, int] | None = None
    """Size of the slide that stored cells come from."""

    before: Mapping[str, Any] | None = None
    """score.json of the run that the stored cells come from: what only the slide could tell."""

    is_at_hand: bool = True
    """Whether the file may be read once more, for its digest: on a drive that hangs that never ends."""

    @property
    def mpp_yx_um(self) -> tuple[float, float] | None:
        """Pixel size of level 0, ``(y, x)``, where it is known."""
        if self.slide is None:
            return self.given_mpp_yx_um
        return (self.slide.pixel_size.y_um, self.slide.pixel_size.x_um)

    @property
    def size_px(self) -> tuple[int, int] | None:
        """``(height, width)`` of level 0, where it is known."""
        if self.slide is None:
            return self.given_size_px
        return (self.slide.levels[0].height_px, self.slide.levels[0].width_px)

    @property
    def mpp_source(self) -> str | None:
        """Where the pixel size came from."""
        if self.slide is not None:
            return self.slide.pixel_size_source
        if self.recipe.mpp_um is not None:
            return "given"
        return None if self.mpp_yx_um is None else "cell table"

    def refused(self, error: NotEvaluableError) -> "Outcome":
        """Close with a refusal: the reason is told, and flagged after all that was known before."""
        flags = (*self.flags, Flag(error.code, "refusal", error.reason))
        return replace(self, status="not_evaluable", reason=error.reason, flags=flags)

    def failed(self, error: SlideError) -> "Outcome":
        """Close with a slide that cannot be read; that its drive is to blame is flagged."""
        closed = replace(self, status="failed", reason=plain_path(str(error)))
        if not isinstance(error, StorageError):
            return closed
        flag = Flag("STORAGE", "refusal", plain_path(str(error)))
        return replace(closed, flags=(*self.flags, flag), is_at_hand=False)
