"""What the recipe may set on the right-hand side of the waist: grading, statistics."""

from difflib import get_close_matches
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Density: TypeAlias = Annotated[float, Field(ge=0, le=2)]
Micrometres: TypeAlias = Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """Frozen, and a key that nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Grading(Settings):
    """From a cell's membrane density and completeness to its pattern and grade."""

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

    @model_validator(mode="after")
    def _cut_offs_rise(self) -> "Grading":
        cut_offs = (self.stained_od, self.weak_od, self.moderate_od, self.strong_od)
        if list(cut_offs) != sorted(set(cut_offs)):
            raise ValueError("stained_od < weak_od < moderate_od < strong_od must hold")
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
    """Share of cells called stained in negative controls (mean + 1.645 SD, CLSI EP17)."""

    bin_um: Micrometres = 250.0
    """Distance between the centres of neighbouring hexagons."""

    bin_min_cells: Annotated[int, Field(ge=1)] = 20
    """Hexagons with fewer counted cells are drawn as unknown and take no part in the statistics."""

    permutations: Annotated[int, Field(ge=99, le=99_999)] = 999

    cytoplasmic_ratio: Annotated[float, Field(gt=0)] = 0.8
    """A stained cell is cytoplasmic where its cytoplasm is this dense, as a share of its membrane [P]."""

    cytoplasmic_share: Fraction = 0.5
    """Share of cytoplasmic cells among the stained from which the slide is flagged [P]."""


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
