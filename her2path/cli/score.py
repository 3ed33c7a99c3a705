"""``her2path score``: from options to requests, from results to lines and an exit code."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from her2path.cli.console import Console
from her2path.errors import UsageError
from her2path.export.slide_files import publish
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.run import score_slides
from her2path.pipeline.slide import SlideRequest
from her2path.report.document import render_report
from her2path.runners.threads import ThreadRunner
from her2path.segment.build import build_segmenter
from her2path.store.recipes import load_recipe
from her2path.store.regions import Outline, read_regions
from her2path.store.runs import check_writable, slide_ids

EXIT_FAILED = 1
"""At least one slide failed; the others are finished and written."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of ``score``."""

    slides: tuple[Path, ...]
    out: Path
    rulebook: str | None
    specimen: str | None
    mpp: float | None
    include: Path | None
    exclude: Path | None
    engine: str
    device: str
    workers: int | None
    recipe: Path | None
    overwrite: bool
    geojson: bool
    quiet: bool
    log_json: bool


def run_score(wanted: Wanted) -> int:
    """Score the slides; give the exit code."""
    recipe = load_recipe(
        wanted.recipe,
        rulebook=wanted.rulebook,
        specimen=wanted.specimen,
        mpp_um=None if wanted.mpp is None else (wanted.mpp, wanted.mpp),
        engine=None if wanted.engine == "auto" else wanted.engine,
        include_sha256=_digest(wanted.include),
        exclude_sha256=_digest(wanted.exclude),
    )
    recipe.rulebook.check_specimen(recipe.specimen)
    segmenter = build_segmenter(recipe.engine, wanted.device)
    include, exclude = _outlines(wanted.include), _outlines(wanted.exclude)
    check_writable(wanted.out)
    requests = [
        SlideRequest(slide_id, path, include=include, exclude=exclude or ())
        for slide_id, path in zip(slide_ids(wanted.slides, wanted.out), wanted.slides, strict=True)
    ]

    def write(scored: ScoredSlide, folder: Path) -> None:
        publish(scored, folder, report_html=render_report(scored), geojson=wanted.geojson)

    # The runner's threads are the parallelism; OpenCV's own would fight them for the same cores.
    cv2.setNumThreads(1)
    failed = 0
    with Console(quiet=wanted.quiet, as_json=wanted.log_json) as console:
        for score, stood in score_slides(
            requests,
            recipe,
            segmenter,
            ThreadRunner(wanted.workers or os.cpu_count() or 1),
            out=wanted.out,
            publish=write,
            watch=lambda request: console.watch(request.slide_id),
            overwrite=wanted.overwrite,
        ):
            console.finished(score, stood=stood)
            failed += _has_failed(score)
    return EXIT_FAILED if failed else 0


def _has_failed(score: Mapping[str, Any]) -> bool:
    return bool(score["status"] == "failed")


def _digest(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}); check the path of the region file"
        ) from error


def _outlines(path: Path | None) -> tuple[Outline, ...] | None:
    return None if path is None else read_regions(path).outlines
