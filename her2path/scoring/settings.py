"""What the recipe may set on the right-hand side of the waist: grading, statistics."""

import datetime
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Density: TypeAlias = Annotated[float, Field(ge=0, le=2)]
Micrometres: TypeAlias = Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """Frozen, and a key that nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


MIN_LEVELS = 3
"""Through two levels goes a line whatever they are; the third tells whether one line would do [P]."""


class Calibration(Settings):
    """From the membrane density of one laboratory and scanner to that of a reference, through controls.

    Straight lines through the levels of the controls; beyond the outermost levels the shift of the nearest
    (docs/science/calibration.md).
    """

    assay: str
    clone: str
    scanner: str
    date: datetime.date
    levels: tuple[str, ...]
    """Name of each level of the controls, lowest first."""

    measured_od: tuple[Density, ...]
    """Median membrane density of each level as measured here."""

    expected_od: tuple[Density, ...]
    """What that level has in the reference."""

    n_controls: Annotated[int, Field(ge=1)]
    residual_od: Annotated[float, Field(ge=0)]
    """Farthest that a control lies from the lines, in density of the reference."""

    @model_validator(mode="after")
    def _rises_through_enough_levels(self) -> Self:
        n = len(self.levels)
        if n < MIN_LEVELS or len(self.measured_od) != n or len(self.expected_od) != n:
            raise ValueError(
                f"levels, measured_od and expected_od must be of one length, {MIN_LEVELS} or more; "
                f"got {n}, {len(self.measured_od)} and {len(self.expected_od)}"
            )
        for name, values in (("measured_od", self.measured_od), ("expected_od", self.expected_od)):
            if any(after <= before for before, after in pairwise(values)):
                raise ValueError(f"{name} must rise from level to level; got {values}")
        return self


class Grading(Settings):
    """From a cell's membrane density and completeness to its pattern and grade."""

    intensity_from: Literal["both", "pixels", "network"] = "both"
    """Whose density and completeness grade a cell, ``both`` being the mean of the two
    (docs/decisions/0015-both-grade.md). Where no network has seen the slide, it is the pixels'."""

    stained_od: Density = 0.08
    """Membrane counts as stained from here (crest of the membrane, base 10)."""

    weak_od: Density = 0.20
    """Weak from here; below it faint. QuPath's 1+ cut-off for DAB (PositiveCellDetection, 0.2/0.4/0.6)."""

    moderate_od: Density = 0.40
    """Moderate from here (QuPath's 2+ cut-off)."""

    strong_od: Density = 0.60
    """Strong from here (QuPath's 3+ cut-off)."""

    min_completeness: Fraction = 0.20
    """A cell with less of its contour stained is unstained: the side shared with one stained neighbour of
    six, and the grain of a blush, reach this far [P]."""

    complete: Fraction = 0.80
    """Complete (circumferential) from this fraction of the contour. The guideline gives no number."""

    grades: tuple[int, int, int, int, int, int, int, int, int] = (0, 1, 1, 1, 2, 2, 2, 2, 3)
    """Grade of N, FI, FC, WI, WC, MI, MC, SI, SC: the breast score of tissue made of that pattern alone."""

    calibration: Calibration | None = None
    """Maps densities before the cut-offs are asked (``her2path calibrate``); the table keeps what it has."""

    @property
    def cut_offs_od(self) -> tuple[float, float, float, float]:
        """Stained, weak, moderate, strong."""
        return (self.stained_od, self.weak_od, self.moderate_od, self.strong_od)

    @model_validator(mode="after")
    def _cut_offs_rise(self) -> Self:
        if list(self.cut_offs_od) != sorted(set(self.cut_offs_od)):
            raise ValueError("stained_od < weak_od < moderate_od < strong_od must hold")
        return self

    @model_validator(mode="after")
    def _controls_reach_the_cut_offs(self) -> Self:
        if self.calibration is not None:
            low, high = self.calibration.expected_od[0], self.calibration.expected_od[-1]
            beyond = [f"{od:g}" for od in self.cut_offs_od if not low <= od <= high]
            if beyond:
                raise ValueError(
                    f"the cut-offs {', '.join(beyond)} lie outside what the controls of the calibration "
                    f"support, {low:g} to {high:g}; add a weaker or a stronger control"
                )
        return self


class Statistics(Settings):
    """Intervals, gates and the heterogeneity map."""

    bootstrap_replicates: Annotated[int, Field(ge=100, le=100_000)] = 1000
    bootstrap_blocks: Annotated[int, Field(ge=10, le=1000)] = 15
    """The tissue is cut into as large blocks as are worth this many of equal size. Few large blocks hold
    correlated neighbours together; with fewer than ten their spread says little [P, measured:
    docs/science/bootstrap-intervals.md]."""

    seed: int = 20180530
    """Of the bootstrap and of the permutation test: the same table gives the same interval."""

    min_cells: Annotated[int, Field(ge=1)] = 20
    """Fewer cells than this give no score [P: domain reference §1.5]."""

    min_cells_for_tag: Annotated[int, Field(ge=1)] = 100
    """Fewer cells than this give no low, ultralow or null tag [P: domain reference §1.5]."""

    presence_min_cells: Annotated[int, Field(ge=1)] = 10
    """A staining pattern is present from this many cells [P: k_min of domain reference §1.5] …"""

    presence_min_share: Fraction = 0.02
    """… or, where that is fewer, from this share of the cells, and at least one [P]: ten of a hundred are so
    many that a limited strong population would go unseen."""

    presence_limit_of_blank: Fraction = 0.0
    """Share of stained cells that negative controls reach (``her2path calibrate-blank``)."""

    presence_limit_of_detection: Fraction | None = None
    """Share that is told from blank 19 times in 20, where controls of low expression were measured."""

    bin_um: Micrometres = 250.0
    """Distance between the centres of neighbouring hexagons."""

    bin_min_cells: Annotated[int, Field(ge=1)] = 20
    """Hexagons with fewer counted cells are drawn as unknown and take no part in the statistics."""

    permutations: Annotated[int, Field(ge=99, le=99_999)] = 999

    cytoplasmic_ratio: Annotated[float, Field(gt=0)] = 0.8
    """A stained cell is cytoplasmic where its cytoplasm is this dense, as a share of its membrane [P]."""

    cytoplasmic_share: Fraction = 0.5
    """Share of cytoplasmic cells among the stained from which the slide is flagged [P]."""

    qcs_od: Density = 0.20
    """θ of the QCS curve that is given by name, and of the proximity score. No published value for HER2 is
    verified: this is the weak cut-off [P]."""

    proximity_um: Micrometres = 25.0
    """r of the proximity score: about two tumour cells [P]."""

    connected_um: Micrometres = 15.0
    """Cells with stained membranes are connected where their centres are at most this far apart: about one
    tumour cell [P]."""

    connected_cells: Annotated[int, Field(ge=2)] = 5
    """A connected group counts from this many cells [P]."""


class Display(Settings):
    """How a report writes the codes of category and tag; the codes of score.json stay as they are.

    "0+" is written for both kinds of 0 by different sources: whoever wants it says which is meant.
    """

    IHC0_NULL: str = "0"
    IHC0_STAINED: str = "0"
    IHC1: str = "1+"
    IHC2: str = "2+"
    IHC3: str = "3+"
    her2_null: str = "HER2-null"
    her2_ultralow: str = "HER2-ultralow"
    her2_low: str = "HER2-low"
    her2_positive: str = "HER2-positive"

    def of(self, code: str | None) -> str | None:
        """Write a category or a tag; None stays None."""
        return None if code is None else str(getattr(self, code.replace("-", "_")))


def problems_in(error: ValidationError, model: type[BaseModel]) -> tuple[str, ...]:
    """Every mistake in a configuration, one line each: key, what is wrong, allowed values.

    Parameters
    ----------
    error
        What pydantic found.
    model
        The model that was validated; names the keys that are known where one is not.
    """
    lines = []
    mistakes = error.errors(include_url=False, include_context=False)
    for mistake in mistakes:
        inner = [other["loc"] for other in mistakes if len(other["loc"]) > len(mistake["loc"])]
        if mistake["type"] == "too_short" and any(
            loc[: len(mistake["loc"])] == mistake["loc"] for loc in inner
        ):
            continue  # pydantic does not count the items that are wrong, which have their own lines
        *parents, _ = loc = mistake["loc"] or ("",)
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
        if mistake["type"] == "extra_forbidden":
            known = _keys_under(model, parents)
            near = get_close_matches(str(loc[-1]), known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            what = f"unknown key; {hint}known here: {', '.join(known)}"
        elif mistake["type"] == "missing":
            what = "is missing"
        else:
            what = mistake["msg"].removeprefix("Value error, ").replace("Input should", "should")
            if not isinstance(mistake["input"], dict | list | tuple):
                what += f"; got {mistake['input']!r}"
        lines.append(f"{key}: {what}" if key else what)
    return tuple(lines)


def _keys_under(model: type[BaseModel], parents: list[int | str]) -> list[str]:
    for name in parents:
        if isinstance(name, str) and name in model.model_fields:
            model = _model_in(model.model_fields[name].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type expression has no type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
