"""The recipe: everything that determines the answer, in one frozen value with a digest.

Workers, tile size, device and output folder are not in it, because they may not change a score.
"""

import hashlib
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator

from her2path.errors import PixelSizeError
from her2path.image.geometry import PixelSize
from her2path.image.stains import StainMatrix
from her2path.scoring.rulebook import Rulebook, Specimen
from her2path.scoring.settings import Grading, Settings, Statistics

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

    engine: Engine = "auto"
    stains: Stains = Stains()
    grading: Grading = Grading()
    statistics: Statistics = Statistics()

    @property
    def digest(self) -> str:
        """The first 16 hex digits of the SHA-256 of the canonical JSON of this recipe."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
