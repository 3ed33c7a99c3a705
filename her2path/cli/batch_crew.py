"""Who scores the slides of a batch: processes made here, somebody's workers, or this process alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from threading import Thread

from her2path.batch.job import Job, Outcome
from her2path.batch.share import crew_size, usable_cores, usable_memory_bytes
from her2path.cli.batch_work import Work
from her2path.errors import UsageError
from her2path.runners.crew import Crew
from her2path.runners.here import HereCrew
from her2path.slides.storage import read_ahead

LOCAL = "local"
ADDRESS = re.compile(r"(tcp|tls)://.+:\d+")


def check_scheduler(scheduler: str) -> None:
    """Raise where a scheduler is none.

    Raises
    ------
    UsageError
        If it is neither ``local`` nor an address, or cannot be used with what is installed.
    """
    if scheduler == LOCAL:
        return
    if not ADDRESS.fullmatch(scheduler):
        raise UsageError(f"--scheduler {scheduler!r} is none; write local, or an address (tcp://HOST:PORT)")
    if not _has_dask():
        raise UsageError("a scheduler needs dask; pip install 'her2path[cluster]', or leave --scheduler out")


@contextmanager
def crew_for(
    work: Work, scheduler: str, *, n_slides: int, workers: int | None
) -> Iterator[Crew[Job, Outcome]]:
    """Have people to work, as long as the block lasts.

    Parameters
    ----------
    work
        What they do; its threads are those of a worker elsewhere, and are shared out anew here.
    scheduler
        ``local`` or an address.
    n_slides
        To be scored.
    workers
        Cores to use here; None for all.
    """
    if scheduler != LOCAL:
        from her2path.runners.dask import DaskCrew

        with DaskCrew(work, address=scheduler, gpu=work.device != "cpu") as crew:
            yield crew
        return
    workers = workers or usable_cores()
    if not _has_dask():  # a slide that crashes its process ends all then
        with HereCrew(replace(work, threads=workers)) as alone:
            yield alone
        return
    from her2path.runners.dask import DaskCrew

    n_processes, n_threads = crew_size(workers, n_slides, memory_bytes=usable_memory_bytes())
    with DaskCrew(replace(work, threads=n_threads), processes=n_processes) as several:
        yield several


def fetch(job: Job) -> None:
    """Have the system fetch a slide, while those before it are scored.

    A drive that is away may hold a reader for ever; nobody waits for this one, not even at the end.
    """
    Thread(target=read_ahead, args=(job.row.path,), name="ahead", daemon=True).start()


def _has_dask() -> bool:
    return all(find_spec(name) is not None for name in ("distributed", "cryptography"))
