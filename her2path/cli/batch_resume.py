"""What of a batch stands already, what is to be scored, and which slide's file is another than it was."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from her2path.batch.job import Job
from her2path.batch.queue import largest_first
from her2path.pipeline.document import SOFTWARE
from her2path.store.cohort import COHORT_COLUMNS
from her2path.store.earlier import FINISHED
from her2path.store.runs import already_scored, read_score

LOOKING = 8
"""Threads that look for results and slides: it is waiting for a drive, not work."""

KEPT = frozenset(COHORT_COLUMNS) | {"flags", "score_ci"}
"""Of score.json, for the table, the summary and the registry: a tenth of it."""

Score = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Begun:
    """How far a batch is when it begins."""

    to_do: tuple[Job, ...]
    """Largest first."""

    standing: tuple[tuple[Job, Score], ...]
    replaced: Mapping[str, Score]
    """By slide: the result of the same recipe and version, of a file that was another."""


def look_at(jobs: Sequence[Job], out: Path, *, files: Sequence[str], overwrite: bool) -> Begun:
    """Tell the slides that are to be scored from those whose results stand.

    Parameters
    ----------
    jobs
        All slides.
    out
        Folder of the results.
    files
        Names of files that a result must hold beside those that every result holds.
    overwrite
        Score all of them.
    """
    with ThreadPoolExecutor(LOOKING) as pool:
        found = tuple(zip(jobs, pool.map(partial(_result, out=out, files=files), jobs), strict=True))
    standing = tuple((job, score) for job, (score, stands) in found if stands and score and not overwrite)
    stood = {job.slide_id for job, _ in standing}
    return Begun(
        to_do=largest_first([job for job in jobs if job.slide_id not in stood]),
        standing=standing,
        replaced={job.slide_id: score for job, (score, stands) in found if score and not stands},
    )


def _result(job: Job, *, out: Path, files: Sequence[str]) -> tuple[Score | None, bool]:
    """Give the finished result by the recipe of a slide, and whether it is of the file that is there now."""
    folder, digest = out / job.slide_id, job.recipe.digest
    score = already_scored(folder, job.row.path, digest=digest, software=SOFTWARE, files=files)
    stands = score is not None
    score = score or read_score(folder)
    if score is None or score.get("status") not in FINISHED:
        return None, False
    if not stands and (score.get("recipe_digest"), score.get("software")) != (digest, SOFTWARE):
        return None, False
    return {key: value for key, value in score.items() if key in KEPT}, stands
