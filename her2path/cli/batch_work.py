"""What a worker of a batch does: claim one slide, score it, write its folder."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cv2

from her2path.batch.job import Attempt, Job, Outcome
from her2path.cli.publishing import extra_files, publisher
from her2path.errors import OutputError, SchedulerError, UsageError
from her2path.pipeline.run import score_unless_done
from her2path.pipeline.slide import SlideRequest, with_weights
from her2path.recipe import Engine, Recipe
from her2path.runners.threads import ThreadRunner
from her2path.segment.build import build_segmenter
from her2path.segment.protocol import Segmenter
from her2path.slides.storage import may_pass, trouble_that_may_pass
from her2path.store.claims import claim
from her2path.store.manifest_recipes import regions_of


@dataclass(frozen=True, slots=True)
class Work:
    """Scores one slide of a batch, in whatever process it is called; pickles."""

    out: Path
    """Absolute, and the same folder on every machine."""

    device: str
    threads: int
    overwrite: bool
    geojson: bool

    def __call__(self, job: Job) -> Outcome:
        """Score a slide, unless its result stands there or another batch has claimed it.

        Raises
        ------
        UsageError
            If a region file has changed since the batch began.
        SchedulerError
            If this worker would give another answer than the batch asks for.
        OutputError
            If the folder of this slide cannot be written, and waiting changes nothing.
        """
        began = datetime.now(UTC)

        def attempt() -> Attempt:
            return Attempt(socket.gethostname(), os.getpid(), began, datetime.now(UTC))

        # This process's threads are the parallelism; OpenCV's own would fight them for the same cores.
        cv2.setNumThreads(1)
        try:
            with claim(self.out, job.slide_id) as holder:
                if holder is not None:
                    return Outcome(attempt(), holder=holder)
                score, stood = self._score(job)
                trouble = trouble_that_may_pass(job.row.path) if score["status"] == "failed" else None
                return Outcome(attempt(), score=score, stood=stood, trouble=trouble)
        except OutputError as error:
            if not may_pass(error):
                raise
            return Outcome(attempt(), trouble=str(error), output_trouble=True)

    def _score(self, job: Job) -> tuple[Mapping[str, Any], bool]:
        include, exclude = regions_of(job.row, job.recipe)
        return score_unless_done(
            SlideRequest(job.slide_id, job.row.path, include=include, exclude=exclude),
            job.recipe,
            segmenter_of(job.recipe, self.device),
            ThreadRunner(self.threads),
            out=self.out,
            publish=publisher(geojson=self.geojson),
            watch=lambda request: lambda done, total: None,
            overwrite=self.overwrite,
            files=extra_files(geojson=self.geojson),
        )


def segmenter_of(recipe: Recipe, device: str) -> Segmenter:
    """Give the segmenter of a recipe, the same one to every slide of this process.

    Raises
    ------
    SchedulerError
        If this process has other weights than the batch was begun with, or cannot run its engine.
    """
    try:
        segmenter = _segmenter(recipe.engine, device)
    except UsageError as error:
        raise SchedulerError(f"a worker on {socket.gethostname()} cannot score: {error}") from error
    if with_weights(recipe, segmenter) != recipe:
        raise SchedulerError(
            f"a worker on {socket.gethostname()} has other weights than this batch was begun with; "
            "install the same her2path with the same extras everywhere"
        )
    return segmenter


@cache
def _segmenter(engine: Engine, device: str) -> Segmenter:
    return build_segmenter(engine, device)
