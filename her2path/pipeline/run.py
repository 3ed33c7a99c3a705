"""Several slides, one after the other: resume, publish, cohort table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from her2path.pipeline.cells import Progress
from her2path.pipeline.document import SOFTWARE, run_record
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.slide import SlideRequest, score_slide, with_weights
from her2path.recipe import Recipe
from her2path.runners.protocol import Runner
from her2path.segment.protocol import Segmenter
from her2path.store.cohort import cohort_row, write_cohort
from her2path.store.runs import already_scored, write_run

Publish = Callable[[ScoredSlide, Path], None]
"""Writes everything about a slide into its folder; handed in, because the pipeline draws no report."""


def score_slides(
    requests: Sequence[SlideRequest],
    recipe: Recipe,
    segmenter: Segmenter,
    runner: Runner,
    *,
    out: Path,
    publish: Publish,
    watch: Callable[[SlideRequest], Progress],
    overwrite: bool = False,
    files: Sequence[str] = (),
) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Score slides and write each result as soon as it is there.

    The cohort table is brought up to date after every slide: what is finished is never lost.

    Parameters
    ----------
    requests
        Slides with different ids.
    recipe, segmenter, runner
        See ``score_slide``.
    out
        Folder of the results.
    publish
        Writes one result.
    watch
        Called when a slide begins; what it gives is told of every tile.
    overwrite
        Score again what is already scored with the same recipe.
    files
        Names of files that ``publish`` is to write beside the usual ones: a result without them is scored
        again.

    Yields
    ------
    tuple of (Mapping, bool)
        The content of score.json, and whether it stood there already.
    """
    started = datetime.now(UTC)
    recipe = with_weights(recipe, segmenter)
    rows = []
    for request in requests:
        folder = out / request.slide_id
        done = None
        if not overwrite:
            done = already_scored(folder, request.path, digest=recipe.digest, software=SOFTWARE, files=files)
        if done is None:
            scored = score_slide(request, recipe, segmenter, runner, progress=watch(request))
            publish(scored, folder)
            score = scored.score
        else:
            score = done
        rows.append(cohort_row(score))
        write_cohort(out, rows)
        yield score, done is not None
    write_run(out, run_record(recipe, rows, started=started), now=started)
