"""score.json and run.json: what came out, and how it came about."""

import platform
import resource
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from her2path import DISCLAIMER, __version__
from her2path.image.geometry import PixelSize
from her2path.pipeline.outcome import Outcome
from her2path.pipeline.result import ScoredSlide
from her2path.recipe import Recipe
from her2path.scoring.continuous import ContinuousScores, continuous_scores
from her2path.scoring.sweep import Sweep, threshold_sweep
from her2path.store.disk import plain_path
from her2path.store.runs import NOT_READ, describe_file

SCHEMA = "her2path.score/1"
SOFTWARE = f"her2path {__version__}"

LIBRARIES = (
    "numpy",
    "scipy",
    "opencv-python-headless",
    "openslide-python",
    "openslide-bin",
    "tifffile",
    "imagecodecs",
    "torch",
)
"""Whose versions could move a score."""

CLINICAL = (
    "score",
    "category",
    "her2_status",
    "tag",
    "rule_fired",
    "n_cells",
    "fractions",
    "fractions_ci",
    "fractions_wilson",
    "score_ci",
    "tag_ci",
    "design_effect",
    "cells_to_other_score",
    "borderline",
    "h_score",
    "complete_intense_fraction",
    "membrane_od",
    "explanation",
    "evidence",
    "ish",
)
"""What the scoring gives, by its names in score.json."""


@dataclass
class Clock:
    """Seconds and pixels by stage; the one mutable thing of a run."""

    started: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)
    pixels: dict[str, int] = field(default_factory=dict)

    def lap(self, stage: str, *, n_px: int | None = None) -> None:
        """Close a stage: the time since the last one belongs to it."""
        self.seconds[stage] = self.elapsed - sum(self.seconds.values())
        if n_px is not None:
            self.pixels[stage] = n_px

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started


def scored_slide(outcome: Outcome, clock: Clock) -> ScoredSlide:
    """Give all that is known of a slide at the end, with its documents."""
    # The digest of a large file takes a while; other measures are taken meanwhile.
    with ThreadPoolExecutor(1, thread_name_prefix="run") as beside:
        run = beside.submit(run_document, outcome, clock)
        score = score_document(outcome, clock)
    return ScoredSlide(
        slide_id=outcome.slide_id,
        score=score,
        run=run.result(),
        mpp_yx_um=outcome.mpp_yx_um,
        size_px=outcome.size_px,
        cells=outcome.cells,
        heterogeneity=outcome.heterogeneity,
        overview=outcome.overview,
        examples=outcome.examples,
    )


def score_document(outcome: Outcome, clock: Clock) -> dict[str, Any]:
    """Everything of score.json, every key present; null is not known."""
    score, slide, rulebook = outcome.score, outcome.slide, outcome.recipe.rulebook
    clinical: dict[str, Any] = {} if score is None else score.as_json()
    before = outcome.before or {}
    mpp_yx_um = outcome.mpp_yx_um
    indices = outcome.heterogeneity and outcome.heterogeneity.indices
    flags = (*outcome.flags, *(score.flags if score else ()))
    measures = _measures(outcome)
    display = outcome.recipe.display
    return {
        "schema": SCHEMA,
        "slide_id": outcome.slide_id,
        "path": plain_path(outcome.path),
        "status": outcome.status,
        "reason": outcome.reason,
        **{key: clinical.get(key) for key in CLINICAL},
        "rulebook": {"id": rulebook.id, "version": rulebook.version, "citation": rulebook.citation},
        "specimen": outcome.recipe.specimen,
        "clone": outcome.recipe.clone,
        "display": {
            "category": display.of(clinical.get("category")),
            "tag": display.of(clinical.get("tag")),
        },
        "n_cells": clinical.get("n_cells", outcome.n_cells),
        "continuous": measures and asdict(measures.continuous),
        "threshold_sweep": measures and measures.sweep and asdict(measures.sweep),
        "heterogeneity": asdict(indices) if indices else None,
        "fragments": outcome.parts and outcome.parts.fragments,
        "n_tumour_fragments": outcome.parts and outcome.parts.n_tumour_fragments,
        "regions": outcome.parts and outcome.parts.regions,
        "tma": outcome.tma,
        "controls": outcome.controls.controls if outcome.controls else before.get("controls"),
        "normal_epithelium": outcome.controls.normal if outcome.controls else before.get("normal_epithelium"),
        "edge": outcome.evenness.edge if outcome.evenness else before.get("edge"),
        "staining_trends": outcome.evenness.trends if outcome.evenness else before.get("staining_trends"),
        "area_mm2": outcome.areas_mm2 or before.get("area_mm2"),
        "mpp": mpp_yx_um and PixelSize(*mpp_yx_um).mean_um,
        "mpp_yx": mpp_yx_um,
        "mpp_source": outcome.mpp_source,
        "objective": slide.objective if slide else before.get("objective"),
        "stains": asdict(outcome.stains) if outcome.stains else before.get("stains"),
        "flags": [asdict(flag) for flag in flags],
        "engine": outcome.engine,
        "device": outcome.device,
        "recipe_digest": outcome.recipe.digest,
        "software": SOFTWARE,
        "seconds": round(clock.elapsed, 3),
        "disclaimer": DISCLAIMER,
    }


@dataclass(frozen=True, slots=True)
class _Measures:
    continuous: ContinuousScores
    sweep: Sweep | None


def _measures(outcome: Outcome) -> _Measures | None:
    """Measure what the cells say beside the score; None where there is no score."""
    if outcome.score is None:
        return None
    cells, recipe, mpp_yx_um = outcome.cells, outcome.recipe, outcome.mpp_yx_um
    yx_um = None if mpp_yx_um is None else cells.yx_um(PixelSize(*mpp_yx_um))
    grading, statistics = recipe.grading, recipe.statistics
    return _Measures(
        continuous_scores(cells, grading=grading, statistics=statistics, yx_um=yx_um),
        threshold_sweep(
            cells,
            grading=grading,
            rulebook=recipe.rulebook.for_specimen(recipe.specimen),
            statistics=statistics,
            yx_um=yx_um,
        ),
    )


def run_document(outcome: Outcome, clock: Clock) -> dict[str, Any]:
    """Everything of run.json."""
    seconds = {stage: round(value, 4) for stage, value in clock.seconds.items()}
    if outcome.tile_seconds is not None:
        names = ("tiles: read", "tiles: segment", "tiles: measure", "tiles: quality")
        seconds |= {name: round(value, 4) for name, value in zip(names, outcome.tile_seconds, strict=True)}
    return {
        "slide_id": outcome.slide_id,
        "versions": {"her2path": __version__, "python": platform.python_version()} | _versions(),
        "recipe": outcome.recipe.model_dump(mode="json"),
        "recipe_digest": outcome.recipe.digest,
        "weights": outcome.weights and outcome.weights.name,
        "weights_sha256": outcome.weights and outcome.weights.sha256,
        **(describe_file(outcome.path) if outcome.is_at_hand else NOT_READ),
        "device": outcome.device,
        "engine": outcome.engine,
        "reader": outcome.slide and plain_path(outcome.slide.reader),
        "seconds": seconds,
        "pixels": dict(clock.pixels),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "platform": platform.platform(terse=True),
    }


def run_record(recipe: Recipe, rows: Sequence[Mapping[str, Any]], *, started: datetime) -> dict[str, Any]:
    """Content of ``runs/<time>.json`` from the rows of the cohort table that one call made."""
    return {
        "software": SOFTWARE,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe_digest": recipe.digest,
        "slides": [
            {key: row[key] for key in ("slide_id", "status", "reason", "score", "seconds")} for row in rows
        ],
    }


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
