"""``her2path batch``: a manifest in, every slide scored or told why not, one table for all."""

import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from her2path.batch.job import Job, Outcome
from her2path.batch.queue import WAITS_S, work_off
from her2path.batch.share import parse_shard
from her2path.cli.batch_book import BatchBook
from her2path.cli.batch_console import BatchConsole
from her2path.cli.batch_crew import LOCAL, check_scheduler, crew_for, fetch
from her2path.cli.batch_resume import LOOKING, look_at
from her2path.cli.batch_work import Work
from her2path.cli.mistakes import Mistakes
from her2path.cli.publishing import extra_files
from her2path.cli.tma import as_array
from her2path.errors import SchedulerError
from her2path.pipeline.slide import with_weights
from her2path.recipe import Recipe
from her2path.registry.address import hide_passwords
from her2path.registry.anew import open_or_begin_anew
from her2path.registry.registry import Registry, open_registry
from her2path.runners.crew import Crew
from her2path.runners.here import HereCrew
from her2path.segment.build import build_segmenter
from her2path.slides.storage import bytes_of
from her2path.store.claims import claim
from her2path.store.cohort import check_table_is_ours
from her2path.store.manifest import ManifestRow, misread_columns, passed_over
from her2path.store.manifest_recipes import read_batch, regions_of
from her2path.store.names import slide_ids
from her2path.store.runs import check_writable

REGISTRY_S = 30.0
"""How long to wait for another batch to open the registry."""


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
    jobs, doubts = _jobs(wanted)
    begun = look_at(jobs, wanted.out, files=extra_files(geojson=wanted.geojson), overwrite=wanted.overwrite)
    with ExitStack() as stack:
        stack.enter_context(_ended_as_interrupted())
        crew = stack.enter_context(_crew(wanted, begun.to_do))
        registry, notice = _registry(wanted)
        stack.enter_context(registry)
        console = stack.enter_context(BatchConsole(wanted.out, quiet=wanted.quiet, as_json=wanted.log_json))
        book = BatchBook(wanted.out, jobs, options=_options(wanted), registry=registry, console=console)
        book.problems += [*doubts, *([notice] if notice else [])]
        try:
            book.begin(begun)
            book.follow(
                work_off(
                    begun.to_do,
                    crew,
                    ahead=fetch if wanted.scheduler == LOCAL else _leave,
                    waits_s=WAITS_S[: wanted.retries],
                )
            )
        except SchedulerError as error:
            book.halt(str(error))
        except KeyboardInterrupt:
            book.interrupt()
            raise
        finally:
            with _undisturbed():
                exit_code = book.close()
    return exit_code


def _crew(wanted: BatchWanted, to_do: Sequence[Job]) -> AbstractContextManager[Crew[Job, Outcome]]:
    """Have the slides scored by whom was asked for; by nobody, where there is none to score."""
    work = Work(
        wanted.out,
        device=wanted.device,
        threads=wanted.workers or 1,
        overwrite=wanted.overwrite,
        geojson=wanted.geojson,
    )
    if not to_do:
        return HereCrew(work)
    return crew_for(work, wanted.scheduler, n_slides=len(to_do), workers=wanted.workers)


def _leave(job: Job) -> None:
    """Leave a slide to be read where it is scored."""


def _registry(wanted: BatchWanted) -> tuple[Registry, str | None]:
    """Open the registry that was asked for; the default one may be begun anew, and that is told."""
    if wanted.database is None:
        with claim(
            wanted.out, "registry.sqlite", wait_s=REGISTRY_S
        ):  # two that begin anew rename each other's
            return open_or_begin_anew(wanted.out)
    return open_registry(wanted.database, str(wanted.out)), None


def _options(wanted: BatchWanted) -> dict[str, Any]:
    return asdict(wanted) | {"database": wanted.database and hide_passwords(wanted.database)}


def _jobs(wanted: BatchWanted) -> tuple[tuple[Job, ...], tuple[str, ...]]:
    """Read what was given; every mistake at once, before anything starts. Doubts come with the slides."""
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
    doubts = (*misread_columns(rows), *passed_over(rows))
    for doubt in doubts:
        sys.stderr.write(f"her2path: {doubt}\n")
    check_writable(wanted.out)
    check_table_is_ours(wanted.out, wanted.given)
    with claim(wanted.out, "trial"):
        pass  # a folder without locks is told now, not by every slide
    # Every part of a manifest names all of its slides, so that each has the same name in all of them.
    ids = slide_ids([row.path for row in rows], wanted.out, [row.slide_id for row in rows])
    with ThreadPoolExecutor(LOOKING) as pool:
        sizes = pool.map(bytes_of, [row.path for row in rows[mine]])
        jobs = map(Job, ids[mine], rows[mine], recipes[mine], sizes)
        return tuple(jobs), doubts


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


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Finish the account whoever is impatient: it takes seconds, and without it they lose the table."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
