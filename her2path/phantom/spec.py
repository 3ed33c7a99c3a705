"""What a recipe may ask of a synthetic slide; every mistake in a file is listed at once."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, ValidationError, field_validator, model_validator

from her2path.cells.vocabulary import PATTERNS
from her2path.errors import ConfigurationError
from her2path.phantom.confounders import ConfounderSpec
from her2path.phantom.keys import Density, Keys, Share
from her2path.phantom.scanner import SCANNERS
from her2path.scoring.settings import problems_in

Clearing: TypeAlias = Annotated[float, Field(ge=0, le=2.5)]
Architecture: TypeAlias = Literal["nests", "glands", "sheets", "files", "trabeculae"]
CoreLabel: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z][1-9][0-9]?$")]
Stain: TypeAlias = Literal["h-dab", "h-e", "h-aec", "h-red", "fluorescence", "grey", "nuclear-dab"]
Grey: TypeAlias = Annotated[float, Field(ge=80, le=255)]
Gain: TypeAlias = Annotated[float, Field(ge=0.5, le=1.5)]
Category: TypeAlias = Literal["IHC0_NULL", "IHC0_STAINED", "IHC1", "IHC2", "IHC3"]


class TissueSpec(Keys):
    """The outline of the section."""

    shape: Literal["core", "blob", "full", "array"] = "blob"
    """A punched disc, an irregular piece, tissue from edge to edge, or a grid of punched discs."""

    share: Annotated[float, Field(ge=0.05, le=0.95)] = 0.75
    """Of the slide that is tissue, the rest is glass. Means nothing to ``full`` and ``array``."""

    grid: tuple[Annotated[int, Field(ge=1, le=26)], Annotated[int, Field(ge=1, le=99)]] = (3, 4)
    """Rows and columns of an array."""

    core_mm: Annotated[float, Field(gt=0, le=3)] = 0.6
    """Diameter of the cores of an array."""

    pitch_mm: Annotated[float, Field(gt=0, le=5)] = 0.9
    """From the middle of one core of an array to the next."""

    missing: tuple[CoreLabel, ...] = ()
    """Cores of the array that were lost; rows are letters and columns numbers, ``A1`` at the upper left."""

    broken: tuple[CoreLabel, ...] = ()
    """Cores of the array of which a part is lost."""

    rotation_deg: Annotated[float, Field(ge=-20, le=20)] = 0.0
    """Turn of the array about the middle of the slide, clockwise."""

    fragments: Annotated[int, Field(ge=1, le=12)] = 1
    """Separate pieces side by side, such as levels of a block or needle cores. For ``core`` and ``blob``."""

    control: Literal["none", "0", "1+", "2+", "3+"] = "none"
    """A piece of control tissue of known staining at the end of the slide, never in the score."""

    gaps: Share = 0.25
    """Of the stroma that is white: loose tissue and retraction."""

    in_situ: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """Of the area of tumour that lies in ducts: carcinoma in situ, solid or comedo, not counted."""

    normal_ducts: Annotated[float, Field(ge=0, le=0.3)] = 0.0
    """Of the tissue, in ducts and lobules of two layers round an open lumen, not counted."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        rows, columns = self.grid
        lost = (*self.missing, *self.broken)
        outside = [at for at in lost if ord(at[0]) - ord("A") >= rows or int(at[1:]) > columns]
        if self.shape != "array" and lost:
            raise ValueError('missing and broken cores need shape = "array"')
        if self.shape == "array" and outside:
            raise ValueError(f"no core {', '.join(outside)} in a grid of {rows} rows and {columns} columns")
        if self.shape == "array" and self.core_mm >= self.pitch_mm:
            raise ValueError(f"cores of {self.core_mm:g} mm overlap at a pitch of {self.pitch_mm:g} mm")
        if self.shape in ("full", "array") and self.fragments > 1:
            raise ValueError(f"fragments need a piece to repeat, and shape is {self.shape}")
        if self.shape == "full" and self.control != "none":
            raise ValueError("a control needs glass round it, and shape is full")
        return self


class GradientSpec(Keys):
    """Stain that is lost on the way over the section; the truth keeps what the cells really are."""

    kind: Literal["none", "one-sided", "zonal"] = "none"
    """From one side to the other, or from the border to a middle that fixative did not reach."""

    od_loss: Share = 0.5
    """Of the DAB, where most is lost. Haematoxylin loses less."""


class TumourSpec(Keys):
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

    necrosis_od: Density = 0.0
    """DAB that dead tumour soaks up, in a haze."""

    sparse: Annotated[float, Field(ge=0, le=400)] = 0.0
    """Where given, all tumour there is: single cells and pairs, so many places a mm², as after treatment."""

    gradient: GradientSpec = GradientSpec()

    @field_validator("vesicular")
    @classmethod
    def _low_first(cls, vesicular: tuple[float, float]) -> tuple[float, float]:
        if vesicular[0] > vesicular[1]:
            raise ValueError(f"least {vesicular[0]:g} is more than most {vesicular[1]:g}; swap them")
        return vesicular


class StromaSpec(Keys):
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


class SlideSpec(Keys):
    """One synthetic slide."""

    name: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    """Stem of the files."""

    size_px: tuple[Annotated[int, Field(ge=256, le=200_000)], Annotated[int, Field(ge=256, le=200_000)]]
    """Height and width at level 0."""

    mpp: Annotated[float, Field(ge=0.1, le=1.0)] = 0.25
    """Micrometres per pixel of level 0."""

    seed: Annotated[int, Field(ge=0)] = 0
    scanner: str = "bluish"
    stain: Stain = "h-dab"
    """What the section was stained with and how it was looked at; only H-DAB of membranes has a score."""

    jpeg_quality: Annotated[int, Field(ge=5, le=100)] | None = None
    """In place of the scanner's."""

    gamma: Annotated[float, Field(ge=0.4, le=2.5)] | None = None
    """Exponent of the tone curve around white, in place of the scanner's; below 1 lifts the shadows."""

    white: tuple[Grey, Grey, Grey] | None = None
    """Grey values of clear glass, in place of the scanner's."""

    cast: tuple[Gain, Gain, Gain] = (1.0, 1.0, 1.0)
    """What a wrong white balance multiplies red, green and blue by; what passes 255 is cut off there."""

    category: Category | None = None
    """What the slide must come out as; a recipe that misses it is refused rather than mislabelled."""

    patterns: dict[str, Share]
    """Share of tumour cells drawn with each pattern; neighbours' membranes add to it."""

    in_situ_patterns: dict[str, Share] = Field(default={"SC": 1.0})
    """The same of carcinoma in situ, which is often stained more strongly than what invades."""

    normal_patterns: dict[str, Share] = Field(default={"N": 1.0})
    """The same of the cells that line normal ducts."""

    mixing: Literal["mixed", "clustered"] = "mixed"
    """Patterns in patches of a few cells, or in whole regions."""

    tissue: TissueSpec = TissueSpec()
    tumour: TumourSpec = TumourSpec()
    stroma: StromaSpec = StromaSpec()
    confounders: ConfounderSpec = ConfounderSpec()

    @field_validator("patterns", "in_situ_patterns", "normal_patterns")
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

    @model_validator(mode="after")
    def _array_fits(self) -> Self:
        steps, core, pitch = self.tissue.grid, self.tissue.core_mm, self.tissue.pitch_mm
        needs = [(n - 1) * pitch + core for n in steps]
        has = [n * self.mpp / 1000 for n in self.size_px]
        if self.tissue.shape == "array" and (needs[0] > has[0] or needs[1] > has[1]):
            raise ValueError(
                f"an array of {needs[0]:.2f} × {needs[1]:.2f} mm does not fit {has[0]:.2f} × {has[1]:.2f} mm"
            )
        if self.category is not None and self.stain != "h-dab":
            raise ValueError(f"category: a slide stained {self.stain} has no HER2 score; leave it out")
        return self


class PhantomSpec(Keys):
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
