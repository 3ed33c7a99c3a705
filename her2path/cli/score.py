"""``her2path score``: from options to requests, from results to lines and an exit code."""

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from her2path.cli import EXIT_FAILED
from her2path.cli.console import Console
from her2path.cli.mistakes import Mistakes
from her2path.cli.publishing import extra_files, publisher
from her2path.cli.tma import as_array, asked_array
from her2path.errors import UsageError
from her2path.pipeline.run import score_slides
from her2path.pipeline.slide import SlideRequest
from her2path.runners.threads import ThreadRunner
from her2path.segment.build import build_segmenter
from her2path.store.names import slide_ids
from her2path.store.recipes import load_recipe
from her2path.store.regions import Outline, read_regions
from her2path.store.runs import check_writable


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
    tma: bool
    grid: str | None
    core_um: float | None
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
    mistakes, include, exclude = Mistakes(), _Regions(), _Regions()
    with mistakes.noted():
        slides = _slides(wanted.slides)
    with mistakes.noted():
        include = _regions(wanted.include)
    with mistakes.noted():
        exclude = _regions(wanted.exclude)
    tma = None
    with mistakes.noted():
        tma = asked_array(wanted.tma, wanted.grid, wanted.core_um, drawn=wanted.include)
    with mistakes.noted():
        recipe = load_recipe(
            wanted.recipe,
            tma=tma,
            rulebook=wanted.rulebook,
            specimen=wanted.specimen,
            mpp_um=None if wanted.mpp is None else (wanted.mpp, wanted.mpp),
            engine=None if wanted.engine == "auto" else wanted.engine,
            include_sha256=include.sha256,
            exclude_sha256=exclude.sha256,
        )
        with mistakes.noted():
            recipe = as_array(recipe, include.outlines)
            recipe.rulebook.check_specimen(recipe.specimen)
        segmenter = build_segmenter(recipe.engine, wanted.device)
    mistakes.raise_all()
    check_writable(wanted.out)
    requests = [
        SlideRequest(slide_id, path, include=include.outlines, exclude=exclude.outlines or ())
        for slide_id, path in zip(slide_ids(slides, wanted.out), slides, strict=True)
    ]
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
            publish=publisher(geojson=wanted.geojson),
            watch=lambda request: console.watch(request.slide_id),
            overwrite=wanted.overwrite,
            files=extra_files(geojson=wanted.geojson),
        ):
            console.finished(score, stood=stood)
            failed += _has_failed(score)
    return EXIT_FAILED if failed else 0


def _has_failed(score: Mapping[str, Any]) -> bool:
    return bool(score["status"] == "failed")


def _slides(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Give every slide once, by the path that finds it from any folder.

    A pattern that the shell found nothing for arrives as it was typed: no slide has that name.
    """
    unmatched = [path for path in paths if set("*?[") & set(str(path)) and not os.path.lexists(path)]
    if unmatched:
        raise UsageError("\n".join(f"no slide matches {path}; check the path" for path in unmatched))
    return tuple({path.resolve(): Path(os.path.abspath(path)) for path in paths}.values())  # noqa: PTH100 - as named


@dataclass(frozen=True, eq=False)
class _Regions:
    """What a region file holds, and its digest for the recipe; None where there is no file."""

    outlines: tuple[Outline, ...] | None = None
    sha256: str | None = None


def _regions(path: Path | None) -> _Regions:
    if path is None:
        return _Regions()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}); check the path of the region file"
        ) from error
    found = read_regions(path)
    if found.passed_over:
        sys.stderr.write(f"her2path: {path.name}: {found.passed_over_words}: no regions; passed over\n")
    return _Regions(found.outlines, digest)
