"""The recipe: everything that determines the answer, in one frozen value with a digest.

Workers, tile size, device and output folder are not in it, because they may not change a score.
"""

import hashlib
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from her2path.errors import PixelSizeError
from her2path.image.geometry import PixelSize
from her2path.image.stains import StainMatrix
from her2path.scoring.rulebook import Rulebook, Specimen
from her2path.scoring.settings import Density, Display, Grading, Settings, Statistics
from her2path.scoring.terms import Score

Engine: TypeAlias = Literal["auto", "cnn", "classical"]


def _of_a_microscope(mpp_um: tuple[float, float]) -> tuple[float, float]:
    try:
        PixelSize(*mpp_um)
    except PixelSizeError as error:
        raise ValueError(str(error)) from error
    return mpp_um


GivenPixelSize: TypeAlias = Annotated[tuple[float, float], AfterValidator(_of_a_microscope)]
"""Checked before any work: a pixel size that no microscope has is a mistake in what was asked for."""


LeftOut: TypeAlias = Literal[
    "pen",
    "bubble",
    "coverslip",
    "dust",
    "fold",
    "out_of_focus",
    "pigment",
    "precipitate",
    "haemorrhage",
    "necrosis",
    "crush",
]
"""What the program itself finds and leaves out."""

ClassNames: TypeAlias = tuple[Annotated[str, Field(min_length=1)], ...]


class ControlWindow(Settings):
    """What the control tissue of one level must read."""

    level: Score
    low_od: Density
    high_od: Density
    """Both ends of the window for the median membrane density of its cells, inclusive."""

    @model_validator(mode="after")
    def _low_first(self) -> Self:
        if self.low_od > self.high_od:
            raise ValueError(f"low_od {self.low_od:g} is more than high_od {self.high_od:g}; swap them")
        return self


class Stains(Settings):
    """How the stain vectors of a slide are found."""

    matrix: StainMatrix | None = None
    """Given vectors and white point win over any estimate."""


class TissueArray(Settings):
    """How the cores of a tissue microarray are found."""

    grid: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] | None = None
    """Rows and columns; by default as many as there are cores."""

    core_um: Annotated[float, Field(ge=300, le=3000)] | None = None
    """Diameter of a core; by default it is measured."""


class Recipe(Settings):
    """Everything that determines the answer."""

    rulebook: Rulebook
    specimen: Specimen | None = None
    mpp_um: GivenPixelSize | None = None
    """Given pixel size ``(y, x)``; overrides the file."""

    include_sha256: str | None = None
    """Digest of the region file that names what to score."""

    exclude_sha256: str | None = None
    """Digest of the region file that names what to leave out."""

    tma: TissueArray | None = None
    """Score a tissue microarray core by core; None scores the slide as one."""

    in_situ_classes: ClassNames = (
        "DCIS",
        "LCIS",
        "in situ",
        "carcinoma in situ",
        "ductal carcinoma in situ",
        "lobular carcinoma in situ",
    )
    """Classes of regions that are left out wherever they are drawn: HER2 is scored on invasive tumour."""

    control_classes: ClassNames = ("Control", "Control tissue", "On-slide control")
    """Classes of control tissue on the slide: measured apart, never in the score. The level that it should
    reach stands in the class or the name of the shape (``Control: 3+``)."""

    control_windows: tuple[ControlWindow, ...] = ()
    """What each level of control tissue must read on this stainer and scanner, where that is known."""

    normal_classes: ClassNames = (
        "Normal",
        "Normal duct",
        "Normal ducts",
        "Normal epithelium",
        "Benign",
        "Benign duct",
        "Internal control",
    )
    """Classes of normal epithelium: measured apart as the internal control, never in the score."""

    leave_in: tuple[LeftOut, ...] = ()
    """Reasons for which tissue is not to be left out: for a slide where one of them is mistaken."""

    clone: Annotated[str, Field(min_length=1)] | None = None
    """Antibody clone of the assay; some rulebooks give no low, ultralow or null tag without it."""

    engine: Engine = "auto"
    weights_sha256: str | None = None
    """Digest of the network that finds the cells; None where none does."""

    stains: Stains = Stains()
    grading: Grading = Grading()
    statistics: Statistics = Statistics()
    display: Display = Display()

    @model_validator(mode="after")
    def _one_window_a_level(self) -> Self:
        levels = [window.level for window in self.control_windows]
        if twice := sorted({level for level in levels if levels.count(level) > 1}):
            raise ValueError(f"control_windows: {', '.join(twice)} given more than once; give one a level")
        return self

    @model_validator(mode="after")
    def _calibrated_for_this_clone(self) -> Self:
        calibration = self.grading.calibration
        if calibration is not None and self.clone not in (None, calibration.clone):
            raise ValueError(
                f"clone is {self.clone!r}, and grading.calibration was measured with {calibration.clone!r}; "
                "calibrate with controls of this clone"
            )
        return self

    @property
    def digest(self) -> str:
        """The first 16 hex digits of the SHA-256 of the canonical JSON of this recipe."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
