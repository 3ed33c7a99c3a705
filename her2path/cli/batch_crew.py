"""Who scores the slides of a batch: processes made here, somebody's workers, or this process alone."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec

from her2path.batch.job import Job, Outcome
from her2path.batch.share import crew_size
from her2path.cli.batch_work import Work
from her2path.errors import UsageError
from her2path.runners.crew import Crew, Finished
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
    workers = workers or os.cpu_count() or 1
    n_processes, n_threads = crew_size(workers, n_slides, memory_bytes=_memory_bytes())
    # One slide gains nothing from a process of its own; without Dask, one that crashes its process ends all.
    if n_slides == 1 or not _has_dask():
        with HereCrew(replace(work, threads=workers)) as alone, _ReadingAhead(alone) as crew:
            yield crew
        return
    from her2path.runners.dask import DaskCrew

    several = DaskCrew(replace(work, threads=n_threads), processes=n_processes)
    with several as made, _ReadingAhead(made) as crew:
        yield crew


class _ReadingAhead:
    """A crew on this machine: while it scores, the system fetches the slides that come next."""

    def __init__(self, crew: Crew[Job, Outcome]) -> None:
        self._crew = crew
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="ahead")

    @property
    def hands(self) -> int:
        return self._crew.hands

    def give(self, item: Job) -> None:
        self._reader.submit(read_ahead, item.row.path)
        self._crew.give(item)

    def take(self, timeout_s: float) -> tuple[Finished[Job, Outcome], ...]:
        return self._crew.take(timeout_s)

    def __enter__(self) -> "_ReadingAhead":
        return self

    def __exit__(self, *raised: object) -> None:
        self._reader.shutdown(wait=False, cancel_futures=True)


def _has_dask() -> bool:
    return all(find_spec(name) is not None for name in ("distributed", "cryptography"))


def _memory_bytes() -> int | None:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
