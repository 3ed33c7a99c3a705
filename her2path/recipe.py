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
from her2path.scoring.settings import Display, Grading, Settings, Statistics

Engine: TypeAlias = Literal["auto", "cnn", "classical"]


def _of_a_microscope(mpp_um: tuple[float, float]) -> tuple[float, float]:
    try:
        PixelSize(*mpp_um)
    except PixelSizeError as error:
        raise ValueError(str(error)) from error
    return mpp_um


GivenPixelSize: TypeAlias = Annotated[tuple[float, float], AfterValidator(_of_a_microscope)]
"""Checked before any work: a pixel size that no microscope has is a mistake in what was asked for."""


class Stains(Settings):
    """How the stain vectors of a slide are found."""

    matrix: StainMatrix | None = None
    """Given vectors and white point win over any estimate."""


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

    in_situ_classes: tuple[Annotated[str, Field(min_length=1)], ...] = (
        "DCIS",
        "LCIS",
        "in situ",
        "carcinoma in situ",
        "ductal carcinoma in situ",
        "lobular carcinoma in situ",
    )
    """Classes of regions that are left out wherever they are drawn: HER2 is scored on invasive tumour."""

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
