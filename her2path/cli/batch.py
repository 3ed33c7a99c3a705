"""``her2path batch``: a manifest in, every slide scored or told why not, one table for all."""

import signal
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from her2path.batch.job import Job
from her2path.batch.queue import WAITS_S, Event, largest_first, work_off
from her2path.batch.share import parse_shard
from her2path.cli.batch_book import BatchBook
from her2path.cli.batch_console import BatchConsole
from her2path.cli.batch_crew import LOCAL, check_scheduler, crew_for
from her2path.cli.batch_work import Work
from her2path.cli.mistakes import Mistakes
from her2path.cli.publishing import extra_files
from her2path.cli.tma import as_array
from her2path.errors import SchedulerError
from her2path.pipeline.document import SOFTWARE
from her2path.pipeline.slide import with_weights
from her2path.recipe import Recipe
from her2path.registry.address import default_url, hide_passwords
from her2path.registry.registry import open_registry
from her2path.segment.build import build_segmenter
from her2path.store.claims import claim
from her2path.store.manifest import ManifestRow, misread_columns
from her2path.store.manifest_recipes import read_batch, regions_of
from her2path.store.names import slide_ids
from her2path.store.runs import already_scored, check_writable

LOOKING = 8
"""Threads that look for results that stand already: it is waiting for a drive, not work."""


@dataclass(frozen=True, slots=True)
class BatchWanted:
    """The options of ``batch``."""

    given: tuple[Path, ...]
    out: Path
    rulebook: str | None
    specimen: str | None
    mpp: float | None
    engine: str
    device: str
    workers: int | None
    recipe: Path | None
    scheduler: str
    database: str | None
    shard: str | None
    retries: int
    overwrite: bool
    geojson: bool
    quiet: bool
    log_json: bool


def run_batch(wanted: BatchWanted) -> int:
    """Score all slides; give the exit code."""
    wanted = replace(wanted, out=wanted.out.absolute())
    jobs = _jobs(wanted)
    to_do, standing = _resume(jobs, wanted)
    with ExitStack() as stack:
        stack.enter_context(_ended_as_interrupted())
        registry = stack.enter_context(
            open_registry(wanted.database or default_url(wanted.out), str(wanted.out))
        )
        console = stack.enter_context(BatchConsole(wanted.out, quiet=wanted.quiet, as_json=wanted.log_json))
        options = asdict(wanted) | {"database": wanted.database and hide_passwords(wanted.database)}
        book = BatchBook(wanted.out, jobs, options=options, registry=registry, console=console)
        try:
            book.begin(standing, to_do)
            if to_do:
                with closing(_events(to_do, wanted)) as events:
                    book.follow(events)
        except SchedulerError as error:
            book.halt(str(error))
        except KeyboardInterrupt:
            book.interrupt()
            raise
        finally:
            exit_code = book.close()
    return exit_code


def _jobs(wanted: BatchWanted) -> tuple[Job, ...]:
    """Read what was given; every mistake at once, before anything starts."""
    mistakes = Mistakes()
    rows: tuple[ManifestRow, ...] = ()
    recipes: tuple[Recipe, ...] = ()
    mine = slice(None)
    with mistakes.noted():
        mine = parse_shard(wanted.shard)
    with mistakes.noted():
        check_scheduler(wanted.scheduler)
    with mistakes.noted():
        rows, recipes = read_batch(
            wanted.given,
            recipe=wanted.recipe,
            rulebook=wanted.rulebook,
            specimen=wanted.specimen,
            mpp_um=wanted.mpp,
            engine=wanted.engine,
        )
        # Workers elsewhere may have the GPU that this machine has not.
        recipes = _complete(rows, recipes, wanted.device if wanted.scheduler == LOCAL else "cpu")
    mistakes.raise_all()
    for doubt in misread_columns(rows):
        sys.stderr.write(f"her2path: {doubt}\n")
    check_writable(wanted.out)
    with claim(wanted.out, "trial"):
        pass  # a folder without locks is told now, not by every slide
    # Every part of a manifest names all of its slides, so that each has the same name in all of them.
    ids = slide_ids([row.path for row in rows], wanted.out, [row.slide_id for row in rows])
    jobs = [
        Job(slide_id, row, recipe, _size(row.path))
        for slide_id, row, recipe in zip(ids, rows, recipes, strict=True)
    ]
    return tuple(jobs[mine])


def _complete(rows: Sequence[ManifestRow], recipes: Sequence[Recipe], device: str) -> tuple[Recipe, ...]:
    """Write into each recipe the network that will be asked, and what an array implies."""
    weighted = {
        engine: partial(with_weights, segmenter=build_segmenter(engine, device))
        for engine in {recipe.engine for recipe in recipes}
    }
    whole = []
    for row, recipe in zip(rows, recipes, strict=True):
        drawn = regions_of(row, recipe)[0] if recipe.tma is not None else None
        whole.append(weighted[recipe.engine](as_array(recipe, drawn)))
    return tuple(whole)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _resume(
    jobs: Sequence[Job], wanted: BatchWanted
) -> tuple[tuple[Job, ...], tuple[tuple[Job, Mapping[str, Any]], ...]]:
    """Tell the slides that are to be scored, largest first, from those whose results stand."""
    if wanted.overwrite:
        return largest_first(jobs), ()
    files = extra_files(geojson=wanted.geojson)

    def result(job: Job) -> Mapping[str, Any] | None:
        folder = wanted.out / job.slide_id
        return already_scored(folder, job.row.path, digest=job.recipe.digest, software=SOFTWARE, files=files)

    with ThreadPoolExecutor(LOOKING) as pool:
        results = tuple(zip(jobs, pool.map(result, jobs), strict=True))
    return (
        largest_first([job for job, score in results if score is None]),
        tuple((job, score) for job, score in results if score is not None),
    )


def _events(jobs: Sequence[Job], wanted: BatchWanted) -> Generator[Event]:
    """Have the slides scored, and tell what happens."""
    work = Work(
        wanted.out,
        device=wanted.device,
        threads=wanted.workers or 1,
        overwrite=wanted.overwrite,
        geojson=wanted.geojson,
    )
    with crew_for(work, wanted.scheduler, n_slides=len(jobs), workers=wanted.workers) as crew:
        yield from work_off(jobs, crew, waits_s=WAITS_S[: wanted.retries])


@contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """Have a polite end, as a queue system asks for it, taken like Ctrl-C: finished slides are kept."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
