"""How firmly the score stands: cells to another score, other cut-offs, and the measures without classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from her2path.report.figures import Mark
from her2path.report.numbers import NOT_GIVEN, count, fixed, is_given, percent, whole_percent
from her2path.report.words import SCORES, TAG_WORDS

LABEL_MIN_WIDTH = 0.08
"""A score is written into its patch where that is this wide, as a share of the picture."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Neighbouring settings of one row with one score; all as shares of the picture, y from the top."""

    x: float
    y: float
    width: float
    height: float
    style: str


@dataclass(frozen=True, slots=True)
class Label:
    """A score in its patch."""

    x: float
    y: float
    text: str
    style: str


@dataclass(frozen=True, slots=True)
class SweepPicture:
    """Scores over density cut-offs (x) and the completeness that is complete (y, upwards)."""

    patches: tuple[Patch, ...]
    labels: tuple[Label, ...]
    here: tuple[float, float]
    """The recipe, ``(x, y)``."""

    nearest: tuple[float, float] | None
    x_ticks: tuple[Mark, ...]
    y_ticks: tuple[Mark, ...]
    says: str


def margin_sentences(score: Mapping[str, Any]) -> list[str]:
    """Say how many cells would have to be read otherwise for another score; empty where nothing is known."""
    margin, n = score.get("cells_to_other_score"), score["n_cells"]
    if not margin:
        return []
    return [
        f"The score would be {step['score']} if {count(step['cells'])} of the {count(n)} tumour cells "
        f"({percent(step['cells'] / n)}) were read as {stained}."
        for name, stained in (("higher", "more strongly or more completely stained"), ("lower", "unstained"))
        if (step := margin.get(name))
    ]


def design_sentence(score: Mapping[str, Any]) -> str:
    """Say what the likeness of neighbours costs; empty where it is not known."""
    effect = score.get("design_effect")
    if not is_given(effect):
        return ""
    independent = score["n_cells"] / effect
    return (
        f"Neighbouring cells stain alike: the {count(score['n_cells'])} cells say as much as "
        f"{count(independent)} independent ones (design effect {fixed(effect, 1)})."
    )


def tag_shares(score: Mapping[str, Any]) -> str:
    """Write how often each tag came out when the tissue was drawn anew; empty where there is one or none."""
    shares = {name: share for name, share in (score.get("tag_ci") or {}).items() if share > 0}
    if len(shares) < 2:
        return ""
    return ", ".join(
        f"{TAG_WORDS.get(name, 'no tag before ISH')} {percent(share)}" for name, share in shares.items()
    )


def sweep_picture(score: Mapping[str, Any]) -> SweepPicture | None:
    """Lay out the threshold sweep; None where there is none."""
    sweep = score.get("threshold_sweep")
    if not sweep:
        return None
    factors, complete = sweep["intensity_factors"], sweep["complete_cut_offs"]
    wide, high = 1 / len(factors), 1 / len(complete)
    patches = [
        patch for r, row in enumerate(sweep["scores"]) for patch in _row(row, 1 - (r + 1) * high, wide, high)
    ]
    nearest = sweep["nearest"]
    here = ((factors.index(1.0) + 0.5) * wide, 1 - (_recipe_row(sweep) + 0.5) * high)
    return SweepPicture(
        patches=tuple(patches),
        labels=tuple(_labels(patches)),
        here=here,
        nearest=nearest
        and (
            (factors.index(nearest["intensity_factor"]) + 0.5) * wide,
            1 - (complete.index(nearest["complete"]) + 0.5) * high,
        ),
        x_ticks=tuple(
            Mark((factors.index(factor) + 0.5) * wide, f"× {factor:g}")
            for factor in (0.5, 0.8, 1.0, 1.2, 1.5)
            if factor in factors
        ),
        y_ticks=tuple(
            Mark(1 - (row + 0.5) * high, whole_percent(complete[row]))
            for row in dict.fromkeys((0, _recipe_row(sweep), len(complete) - 1))
        ),
        says=_sweep_words(score["score"], sweep),
    )


def continuous_rows(score: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """List name, value and what it is, for the measures without classes."""
    held = score.get("continuous")
    if not held:
        return []
    qcs, near, linked = (held[name] or {} for name in ("qcs", "proximity", "connectivity"))
    scale = " (calibrated)" if held["calibrated"] else ""
    radius = fixed(near.get("radius_um"), 0, "µm")
    return [
        ("H-score", fixed(held["h_score"], 0), "percentages of 1+, 2+, 3+ cells, once, twice, three times"),
        (
            "H-score by completeness",
            fixed(held["h_score_weighted"], 0),
            "the same, each cell weighted by how much of its membrane is stained",
        ),
        (
            "QCS",
            percent(qcs.get("fraction")),
            f"cells with a membrane density of {fixed(qcs.get('od'))} or more{scale}",
        ),
        (
            "Spatial proximity",
            percent(near.get("fraction")),
            f"cells that reach it, or have one that does within {radius}",
        ),
        (
            "Membrane connectivity",
            percent(linked.get("fraction")),
            f"stained cells in groups of {linked.get('min_cells', NOT_GIVEN)} or more, linked within "
            f"{fixed(linked.get('link_um'), 0, 'µm')}",
        ),
    ]


def _recipe_row(sweep: Mapping[str, Any]) -> int:
    return int(list(sweep["complete_cut_offs"]).index(sweep["complete"]))


def _row(row: list[str], y: float, wide: float, high: float) -> list[Patch]:
    patches, start = [], 0
    for name, run in groupby(row):
        n = len(list(run))
        patches.append(Patch(start * wide, y, n * wide, high, f"g{SCORES.index(name)}"))
        start += n
    return patches


def _labels(patches: list[Patch]) -> list[Label]:
    """Write each score once, in the middle of its rows of full width."""
    labels = []
    for style in sorted({patch.style for patch in patches}):
        own = [patch for patch in patches if patch.style == style]
        widest = max(patch.width for patch in own)
        middle = [patch for patch in own if patch.width > 0.9 * widest]
        patch = middle[len(middle) // 2]
        if patch.width >= LABEL_MIN_WIDTH:
            labels.append(
                Label(patch.x + patch.width / 2, patch.y + patch.height / 2, SCORES[int(style[1])], style)
            )
    return labels


def _sweep_words(score: str, sweep: Mapping[str, Any]) -> str:
    nearest = sweep["nearest"]
    if nearest is None:
        return f"The score is {score} at every setting."
    shift = nearest["intensity_factor"] - 1
    changes = []
    if shift:
        changes.append(f"density cut-offs {whole_percent(abs(shift))} {'higher' if shift > 0 else 'lower'}")
    if nearest["complete"] != sweep["complete"]:
        changes.append(f"“complete” from {whole_percent(nearest['complete'])} of the contour")
    return (
        f"{whole_percent(sweep['same_fraction'])} of the settings give {score}. The nearest other score is "
        f"{nearest['score']}: {' and '.join(changes)}."
    )
