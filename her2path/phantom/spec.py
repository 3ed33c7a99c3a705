"""What a recipe may ask of a synthetic slide; every mistake in a file is listed at once."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from her2path.cells.vocabulary import PATTERNS
from her2path.errors import ConfigurationError
from her2path.phantom.scanner import SCANNERS
from her2path.scoring.settings import problems_in

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Density: TypeAlias = Annotated[float, Field(ge=0, le=1.5)]
Clearing: TypeAlias = Annotated[float, Field(ge=0, le=2.5)]
Architecture: TypeAlias = Literal["nests", "glands", "sheets", "files", "trabeculae"]
Category: TypeAlias = Literal["IHC0_NULL", "IHC0_STAINED", "IHC1", "IHC2", "IHC3"]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TissueSpec(_Spec):
    """The outline of the section."""

    shape: Literal["core", "blob", "full"] = "blob"
    """A punched disc, an irregular piece, or tissue from edge to edge."""

    share: Annotated[float, Field(ge=0.05, le=0.95)] = 0.75
    """Of the slide that is tissue, the rest is glass. Means nothing to ``full``."""

    gaps: Share = 0.25
    """Of the stroma that is white: loose tissue and retraction."""


class TumourSpec(_Spec):
    """The invasive tumour."""

    architecture: Architecture = "nests"
    share: Annotated[float, Field(ge=0.05, le=1)] = 0.5
    """Of the tissue that is tumour; the rest is stroma."""

    cell_um: Annotated[float, Field(ge=8, le=25)] = 12.0
    """Mean distance between neighbouring tumour cells."""

    nucleus_um: Annotated[float, Field(ge=5, le=14)] = 8.0
    """Mean diameter of tumour nuclei."""

    nucleus_od: Density = 0.19
    """Haematoxylin of a mean tumour nucleus. On real cores 0.12–0.25."""

    cytoplasm_od: Density = 0.05
    """Haematoxylin of the cytoplasm."""

    hyperchromatic: Share = 0.15
    """Share of nuclei that are dark and without structure."""

    vesicular: tuple[Clearing, Clearing] = (0.45, 1.0)
    """Least and most clearing of the other nuclei: 0 is solid, above 1 only rim and nucleoli are left."""

    granular: Annotated[float, Field(ge=0, le=4)] = 0.0
    """Strength of the fine dark and light grain that sharp optics show in chromatin."""

    irregular: Annotated[float, Field(ge=0, le=3)] = 0.0
    """How far the outlines of nuclei leave an ellipse; at 1 twice as far as at 0."""

    signet: Share = 0.0
    """Share of cells with a ball of mucin that pushes the nucleus to the rim."""

    overlap: Share = 0.0
    """Share of cells that lie over a neighbour in the thickness of the section."""

    strong_od: Annotated[float, Field(ge=0.65, le=2.0)] = 0.82
    """Crest of a mean strong membrane. The densest of real 3+ fields reach 1.8."""

    necrosis: Share = 0.0
    """Share of the tumour that is dead: ghosts of cells without nuclei, which nobody counts, and dust."""

    @field_validator("vesicular")
    @classmethod
    def _low_first(cls, vesicular: tuple[float, float]) -> tuple[float, float]:
        if vesicular[0] > vesicular[1]:
            raise ValueError(f"least {vesicular[0]:g} is more than most {vesicular[1]:g}; swap them")
        return vesicular


class StromaSpec(_Spec):
    """Everything between the tumour cells."""

    spacing_um: Annotated[float, Field(ge=8, le=80)] = 15.0
    """Mean distance between neighbouring spindle cells."""

    fibre_od: Density = 0.05
    """Haematoxylin of collagen fibres."""

    lymphocytes: Share = 0.1
    """Share of the stroma that lymphocytes crowd in."""

    vessels: Annotated[float, Field(ge=0, le=0.5)] = 0.04
    """Share of the stroma that is the white inside of vessels, with red cells."""

    lacy: Share = 0.0
    """How far bundles of collagen give way to a crisp net full of holes."""

    pale_cells: Share = 0.0
    """Share of stromal cells and lymphocytes that are large and pale, as plasma cells and macrophages are."""

    retraction: Share = 0.0
    """Share of the tumour's outline where stroma has shrunk away from it and left a white cleft."""

    fat: Share = 0.0
    """Share of the stroma that is fat: large round holes with thin rims."""


class ConfounderSpec(_Spec):
    """What is brown, dark or blurred and is not membrane staining; all off by default."""

    blush_od: Density = 0.0
    """DAB in the cytoplasm of tumour cells, in patches."""

    haze: Annotated[float, Field(ge=0, le=5)] = 1.0
    """Strength of the brown that stained membranes out of the focal plane lend a cell: from about 2 it veils
    the nuclei."""

    background_od: Density = 0.01
    """DAB everywhere in the tissue."""

    eosinophilic_od: Density = 0.0
    """Pale pink-grey of cytoplasm and collagen that belongs to neither stain."""

    golgi: Share = 0.0
    """Share of tumour cells with brown granules beside the nucleus."""

    brown_nuclei: Share = 0.0
    """Share of tumour nuclei that DAB stains."""

    secretion_od: Density = 0.0
    """DAB of what fills the lumina of glands."""

    edge_od: Density = 0.0
    """DAB added at the very edge of the section, where reagents dry and cling."""

    folds: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the slide where the section lies double; its cells are not counted."""

    pigment: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Clumps of dark brown granules a mm² of tissue."""

    pen: bool = False
    """One stroke of a marker across glass and tissue."""

    blurred: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the slide that is out of focus; its cells are not counted."""


class SlideSpec(_Spec):
    """One synthetic slide."""

    name: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    """Stem of the files."""

    size_px: tuple[Annotated[int, Field(ge=256, le=200_000)], Annotated[int, Field(ge=256, le=200_000)]]
    """Height and width at level 0."""

    mpp: Annotated[float, Field(ge=0.1, le=1.0)] = 0.25
    """Micrometres per pixel of level 0."""

    seed: Annotated[int, Field(ge=0)] = 0
    scanner: str = "bluish"
    category: Category | None = None
    """What the slide must come out as; a recipe that misses it is refused rather than mislabelled."""

    patterns: dict[str, Share]
    """Share of tumour cells drawn with each pattern; neighbours' membranes add to it."""

    mixing: Literal["mixed", "clustered"] = "mixed"
    """Patterns in patches of a few cells, or in whole regions."""

    tissue: TissueSpec = TissueSpec()
    tumour: TumourSpec = TumourSpec()
    stroma: StromaSpec = StromaSpec()
    confounders: ConfounderSpec = ConfounderSpec()

    @field_validator("patterns")
    @classmethod
    def _known_patterns(cls, patterns: dict[str, float]) -> dict[str, float]:
        problems = []
        if unknown := sorted(set(patterns) - set(PATTERNS)):
            problems.append(f"unknown {', '.join(unknown)}; allowed are {', '.join(PATTERNS)}")
        if abs(sum(patterns.values()) - 1) > 1e-6:
            problems.append(f"shares sum to {sum(patterns.values()):g}, must sum to 1")
        if problems:
            raise ValueError("; ".join(problems))
        return patterns

    @field_validator("scanner")
    @classmethod
    def _known_scanner(cls, scanner: str) -> str:
        if scanner not in SCANNERS:
            raise ValueError(f"no such scanner; allowed are {', '.join(SCANNERS)}")
        return scanner


class PhantomSpec(_Spec):
    """Slides to draw."""

    slides: tuple[SlideSpec, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if not self.slides:
            raise ValueError("no slide; give at least one [[slide]]")
        names = [slide.name for slide in self.slides]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"name: {', '.join(twice)} given to more than one slide")
        return self


def read_spec(path: Path) -> PhantomSpec:
    """Read a recipe of synthetic slides.

    Parameters
    ----------
    path
        A TOML file: the keys of one ``SlideSpec`` at the top (``name`` is the file's stem if absent), or
        several under ``[[slide]]``.

    Raises
    ------
    ConfigurationError
        If the file cannot be read or holds mistakes; all of them are listed.
    """
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(str(path), [f"cannot be read ({error.strerror}); check the path"]) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(str(path), [f"is not TOML: {error}"]) from error
    several = document.pop("slide", None)
    if several is not None and document:
        raise ConfigurationError(str(path), [f"{key}: put it under [[slide]]" for key in document])
    slides = [{"name": path.stem, **document}] if several is None else several
    try:
        return PhantomSpec.model_validate({"slides": slides})
    except ValidationError as error:
        # One slide's keys stand at the top of its file; of several, the number says which.
        ours, theirs = ("slides[0].", "") if several is None else ("slides", "slide")
        problems = [line.replace(ours, theirs, 1) for line in problems_in(error, PhantomSpec)]
        raise ConfigurationError(str(path), problems) from error
