"""What a worker of a batch does: claim one slide, score it, write its folder."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2

from her2path.batch.job import Job, Outcome
from her2path.cli.publishing import extra_files, publisher
from her2path.errors import OutputError, SchedulerError, UsageError
from her2path.pipeline.run import score_unless_done
from her2path.pipeline.slide import SlideRequest, with_weights
from her2path.recipe import Engine, Recipe
from her2path.runners.threads import ThreadRunner
from her2path.segment.build import build_segmenter
from her2path.segment.protocol import Segmenter
from her2path.slides.storage import comes_from_system, trouble_that_may_pass
from her2path.store.claims import CLAIMS, claim
from her2path.store.earlier import check_ours
from her2path.store.manifest_recipes import regions_of
from her2path.store.names import belongs_to_another


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
            If this worker would give another answer than the batch asks for, or does not see its folder.
        OutputError
            If the folder of this slide cannot be written, and waiting changes nothing.
        """
        # This process's threads are the parallelism; OpenCV's own would fight them for the same cores.
        cv2.setNumThreads(1)
        self._check_folder()
        came = partial(Outcome, socket.gethostname())
        try:
            with claim(self.out, job.slide_id) as holder:
                if holder is not None:
                    return came(holder=holder)
                score, stood = self._score(job)
        except OutputError as error:
            if not comes_from_system(error):
                raise
            return came(trouble=str(error), output_trouble=True)
        return came(score=score, stood=stood, trouble=_trouble(score, job.row.path))

    def _check_folder(self) -> None:
        """Refuse a machine that does not see the batch's own folder: nobody would look for results there."""
        if not (self.out / CLAIMS).is_dir():
            raise SchedulerError(
                f"{socket.gethostname()} does not see the output folder {self.out}; every worker needs the "
                "same one, under the same name"
            )

    def _score(self, job: Job) -> tuple[Mapping[str, Any], bool]:
        folder = self.out / job.slide_id
        check_ours(folder)
        if job.row.slide_id is None and belongs_to_another(folder, job.row.path):
            raise OutputError(
                f"{folder} has just been taken for another slide of this name; run the same command again"
            )
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


def _trouble(score: Mapping[str, Any], path: Path) -> str | None:
    """Tell what may pass from what is the slide's own."""
    if score["status"] != "failed":
        return None
    if any(flag["code"] == "STORAGE" for flag in score["flags"]):
        return str(score["reason"])
    return trouble_that_may_pass(path)


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
