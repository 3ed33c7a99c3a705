"""Several slides, one after the other: resume, publish, cohort table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from her2path.errors import OutputError
from her2path.pipeline.cells import Progress
from her2path.pipeline.document import SOFTWARE, Clock, run_record, scored_slide
from her2path.pipeline.outcome import Outcome
from her2path.pipeline.result import ScoredSlide
from her2path.pipeline.slide import SlideRequest, score_slide, with_weights
from her2path.recipe import Recipe
from her2path.runners.protocol import Runner
from her2path.segment.protocol import Segmenter
from her2path.store.claims import claim
from her2path.store.cohort import cohort_row, write_cohort
from her2path.store.disk import plain_path
from her2path.store.runs import already_scored, bring_back, write_run

Publish = Callable[[ScoredSlide, Path], None]
"""Writes everything about a slide into its folder; handed in, because the pipeline draws no report."""

PATIENCE_S = 3600.0
"""How long to wait for a slide that another process is scoring; the largest take it minutes."""


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

    Raises
    ------
    OutputError
        If a result cannot be written, or another process holds its slide for long.
    """
    started = datetime.now(UTC)
    recipe = with_weights(recipe, segmenter)
    rows = []
    for request in requests:
        with claim(out, request.slide_id, wait_s=PATIENCE_S, needed=False) as holder:
            if holder is not None:
                raise OutputError(
                    f"{out / request.slide_id} has been in the hands of {holder.words} for "
                    f"{PATIENCE_S / 60:.0f} minutes; see whether that process hangs"
                )
            score, stood = score_unless_done(
                request,
                recipe,
                segmenter,
                runner,
                out=out,
                publish=publish,
                watch=watch,
                overwrite=overwrite,
                files=files,
            )
        rows.append(cohort_row(score))
        write_cohort(out, rows[-1:])
        yield score, stood
    write_run(out, run_record(recipe, rows, started=started), now=started)


def score_unless_done(
    request: SlideRequest,
    recipe: Recipe,
    segmenter: Segmenter,
    runner: Runner,
    *,
    out: Path,
    publish: Publish,
    watch: Callable[[SlideRequest], Progress],
    overwrite: bool,
    files: Sequence[str],
) -> tuple[Mapping[str, Any], bool]:
    """Score one slide and write its result, unless it stands there already; see ``score_slides``.

    Parameters
    ----------
    recipe
        With the weights of the segmenter.

    Returns
    -------
    tuple of (Mapping, bool)
        The content of score.json, and whether it stood there already.
    """
    folder = out / request.slide_id
    if not overwrite and (done := result_of(folder, request.path, recipe, files)) is not None:
        return done, True
    scored = score_slide(request, recipe, segmenter, runner, progress=watch(request))
    publish(scored, folder)
    return scored.score, False


def result_of(
    folder: Path, slide: Path, recipe: Recipe, files: Sequence[str] = ()
) -> Mapping[str, Any] | None:
    """Give the finished result of a slide by this recipe and version; None where it is to be scored.

    One that made way for another recipe is put back in its place.
    """
    asked: dict[str, Any] = {"digest": recipe.digest, "software": SOFTWARE, "files": files}
    return already_scored(folder, slide, **asked) or bring_back(folder, slide, **asked)


def failed_slide(slide_id: str, path: Path, recipe: Recipe, reason: str) -> ScoredSlide:
    """Give the result of a slide whose scoring broke down, with nothing in it but the reason.

    Nothing of the slide is read: it may be its drive that broke it.
    """
    engine = recipe.engine if recipe.weights_sha256 is None else "cnn"
    outcome = Outcome(slide_id, path, recipe, engine=engine, reason=plain_path(reason), is_at_hand=False)
    return scored_slide(outcome, Clock())
