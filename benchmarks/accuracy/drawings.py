"""The sets of drawn slides: which there are, drawing each once, and what is known of them."""

import hashlib
import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import her2path.phantom
from her2path.cells.vocabulary import PATTERNS
from her2path.errors import ConfigurationError
from her2path.phantom import read_spec, write_phantoms
from her2path.scoring.cascade import conditions_met, deciding_rule
from her2path.scoring.settings import Grading, Statistics
from her2path.scoring.terms import SCORE_OF
from her2path.store.recipes import load_rulebook

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".bench" / "accuracy"

SETS = ("held-out", "unseen", "dev", "samples")
"""``samples`` come with the project; the others are the recipes whose names begin so."""

NEAR = 2.0
"""Percentage points: closer to a cut-off than this, a slide may fall to either side."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One slide with known cells."""

    slide: Path
    scanner: str
    mpp: float
    score: str | None
    category: str | None
    """None where the slide is none to be scored."""

    near: str | None
    """The cut-off that the truth lies beside, where the score turns on it."""

    @property
    def truth(self) -> Path:
        """Its cells."""
        return self.slide.with_suffix(".truth.parquet")


def drawings(which: str) -> list[Drawing]:
    """Give the slides of a set; those that are not there yet are drawn."""
    if which == "samples":
        slides = sorted((ROOT / "sample_slides").glob("*.svs"))
    else:
        recipes = sorted((HERE / "phantoms").glob(f"{which}-*.toml"))
        slides = [slide for slide in map(_drawn, recipes) if slide]
    return [_known(slide) for slide in slides]


def _drawn(recipe: Path) -> Path | None:
    """Draw a recipe, unless the same recipe was drawn by the same code; None where it is refused."""
    folder = CACHE / _drawing_code()
    slide = folder / f"{recipe.stem}.svs"
    truth = slide.with_suffix(".truth.json")  # written last: where it is, the slide is whole
    try:
        (spec,) = read_spec(recipe).slides
        known = json.loads(truth.read_text()) if truth.exists() else {}
        wanted = {"recipe": spec.model_dump(mode="json"), "grading": Grading().model_dump(mode="json")}
        if {key: known.get(key) for key in wanted} != wanted:
            print(f"drawing {recipe.stem} ...", file=sys.stderr, flush=True)
            write_phantoms(recipe, folder)
    except ConfigurationError as error:
        print(f"{recipe.stem} left out: {error}", file=sys.stderr)
        return None
    return slide


@cache
def _drawing_code() -> str:
    """Digest of the code that draws: what was drawn by other code is another slide."""
    digest = hashlib.sha256()
    for source in sorted(Path(her2path.phantom.__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _known(slide: Path) -> Drawing:
    truth = json.loads(slide.with_suffix(".truth.json").read_text())
    return Drawing(
        slide=slide,
        scanner=truth["recipe"]["scanner"],
        mpp=truth["mpp"],
        score=truth["score"],
        category=truth["category"],
        near=_near(truth["fractions"], truth["n_cells"], truth["rulebook"]) if truth["score"] else None,
    )


def _near(fractions: dict[str, float], n_cells: int, rulebook_id: str) -> str | None:
    """Name the percentages that lie within ``NEAR`` of their cut-off, if the score would change across it."""
    rulebook, statistics = load_rulebook(rulebook_id), Statistics()
    rules = rulebook.rules
    counts = np.rint(n_cells * np.array([fractions[name] for name in PATTERNS])).astype(np.int64)
    met = conditions_met(rules, counts, np.zeros(len(rules), bool), statistics)
    percents = [100 * sum(fractions[name] for name in rule.patterns) for rule in rules]
    near = [
        k
        for k, rule in enumerate(rules)
        if rule.metric == "percent" and abs(percents[k] - rule.threshold) <= NEAR
    ]
    scores = set()
    for side in (False, True):
        met[near] = side
        fired = int(deciding_rule(met))
        scores.add(SCORE_OF[(rules[fired] if fired < len(rules) else rulebook.fall_through).category])
    if len(scores) == 1:
        return None
    return ", ".join(f"{rules[k].name} {percents[k]:.1f} % (cut {rules[k].threshold:g})" for k in near)
