"""Slides in many processes, here or on many machines, through Dask distributed.

The crew keeps the items itself and lets the scheduler know of as many as there are hands. A worker that dies
then takes down what it works on and nothing else, and what waits costs the scheduler nothing.
"""

import asyncio
import logging
import signal
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self

import dask
from distributed import Client, KilledWorker, LocalCluster, Security
from distributed.utils import silence_logging_cmgr

from her2path.errors import SchedulerError, WorkerLostError
from her2path.runners.crew import Basket, Finished, finished
from her2path.runners.protocol import Item, Result
from her2path.runners.software import Version, compare_software

CONNECT_S = 10.0
"""A scheduler on the same network answers in milliseconds; one just started by a job script, in seconds."""

ANSWER_S = 5.0
"""For a question in passing. Without an answer what was known before holds."""

SURVEY_S = 1.0
"""How long a worker that joins is idle at most, and a scheduler that goes unnoticed."""

STOP_S = 1.0
"""An idle worker needs a third of a second to end; one at work is killed after four fifths of this."""

STARTS = 3
"""Tries to start workers here, should one be killed while it starts."""

KILLS = 3
"""Workers that an item may take down with it. Once is bad luck, and where memory is short so is twice."""

HERE: Mapping[str, object] = {
    # Dead processes are seen at once. A living one that gives no sign may be in compiled code that keeps the
    # interpreter's lock; nothing is won by calling it dead.
    "distributed.scheduler.worker-ttl": None,
    # Nobody looks at these pages.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    # A slide's tiles run on threads of its own; more, started by libraries, would fight them for cores.
    "distributed.nanny.pre-spawn-environ": {
        "OMP_NUM_THREADS": 1,
        "OPENBLAS_NUM_THREADS": 1,
        "MKL_NUM_THREADS": 1,
    },
}
"""Dask's settings for workers made here; those of another scheduler are its owner's."""


class DaskCrew(Generic[Item, Result]):
    """A crew of processes. An item whose process dies is worked on again in another.

    Parameters
    ----------
    function
        What is done with an item. It is pickled, so it comes from a module, or is a dataclass that can be
        called; its errors come back with their traceback and their cause.
    address
        A scheduler, ``tcp://HOST:PORT``; None for worker processes of this crew's own.
    processes
        How many of those, each working on one item at a time.
    gpu
        Give items only to workers with the resource ``GPU``, one a GPU, as long as any worker has it.

    Raises
    ------
    SchedulerError
        On entering the ``with`` block: no scheduler there, or workers with other software.
    """

    def __init__(
        self,
        function: Callable[[Item], Result],
        *,
        address: str | None = None,
        processes: int = 1,
        gpu: bool = False,
    ) -> None:
        if processes < 1:
            raise ValueError(f"processes must be 1 or more, got {processes}")
        self._function = function
        self._address = address
        self._processes = processes
        self._gpu = gpu
        self._basket: Basket[Item, Result] = Basket()
        self._client: Any  # distributed is typed in part
        # What follows is touched in the client's event loop only.
        self._waiting: deque[Item] = deque()
        self._running: set[asyncio.Task[Result]] = set()
        self._hands = 0
        self._known: set[str] = set()
        self._on_gpu = False
        self._need_gpu: set[Any] = set()

    @property
    def hands(self) -> int:
        """See ``Crew.hands``: threads of the workers that are there, or their GPUs."""
        return int(self._client.sync(self._survey))

    def give(self, item: Item) -> None:
        """See ``Crew.give``."""
        self._client.loop.add_callback(self._queue, item)

    def take(self, timeout_s: float) -> tuple[Finished[Item, Result], ...]:
        """See ``Crew.take``."""
        until = time.monotonic() + timeout_s
        there = self._basket.take(0)
        while not there and (left_s := until - time.monotonic()) > 0:
            self._client.sync(self._survey)
            there = self._basket.take(min(left_s, SURVEY_S))
        return there

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # What a person can act on comes as an error; all else would scroll over the progress.
            stack.enter_context(silence_logging_cmgr(logging.CRITICAL))
            if self._address is None:
                place: LocalCluster | str = stack.enter_context(_workers_here(self._processes))
            else:
                place = self._address
            self._client = stack.enter_context(_connected(place))
            stack.callback(self._client.sync, self._drop)
            self._client.sync(self._survey)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._stack.close()

    def _queue(self, item: Item) -> None:
        self._waiting.append(item)
        self._fill()

    def _fill(self) -> None:
        """Start what waits while there are hands for it."""
        while self._waiting and len(self._running) < self._hands and self._client.status == "running":
            item = self._waiting.popleft()
            task = asyncio.create_task(self._work(item))
            self._running.add(task)
            task.add_done_callback(partial(self._put, item))

    async def _work(self, item: Item) -> Result:
        future = self._client.submit(
            self._function,
            item,
            key=f"her2path-{uuid.uuid4().hex}",
            resources={"GPU": 1} if self._on_gpu else None,
        )
        if self._on_gpu:
            self._need_gpu.add(future)
        try:
            result: Result = await future
        finally:
            self._need_gpu.discard(future)
            future.release()
        return result

    def _put(self, item: Item, task: asyncio.Task[Result]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, CancelledError):
            # Its scheduler is away, and will know nothing of the item when it is back; or all GPUs are.
            self._waiting.appendleft(item)
        elif isinstance(error, KilledWorker):
            self._basket.put(Finished(item, error=_lost(error)))
        else:
            self._basket.put(finished(item, task))
        self._fill()

    async def _survey(self) -> int:
        """Learn who is there now."""
        if self._client.status in ("closing", "closed"):
            raise SchedulerError(
                f"the scheduler {self._address} is gone, and gave no answer for {CONNECT_S:.0f} s; start it "
                "again, then the same command: what is finished is kept"
            )
        if self._client.status != "running":  # it may come back
            self._hands = 0
            return 0
        try:
            identity = await asyncio.wait_for(self._client.scheduler.identity(n_workers=-1), ANSWER_S)
        except OSError:  # TimeoutError among them: the next survey tells more
            return self._hands
        workers = {
            address: worker
            for address, worker in identity["workers"].items()
            if worker["status"] == "running"
        }
        if self._address is not None:  # those made here are what is here
            await self._check(workers.keys())
            workers = {address: workers[address] for address in self._known}
        gpus = _gpus(workers)
        self._on_gpu = self._gpu and gpus > 0  # anew each time: those that had a GPU may all have left
        if self._need_gpu and not _gpus(identity["workers"]):
            await self._client.cancel(list(self._need_gpu))  # they would wait for one that may never come
        self._hands = gpus if self._on_gpu else sum(worker["nthreads"] for worker in workers.values())
        self._fill()
        return self._hands

    async def _check(self, addresses: Set[str]) -> None:
        """Get to know the workers that are there, and refuse other software than what is here."""
        self._known &= addresses
        differences = await compare_software(self._ask, sorted(addresses - self._known))
        differing = [f"  {address}: {', '.join(found)}" for address, found in differences.items() if found]
        if differing:
            raise SchedulerError(
                f"workers of {self._address} have other software than this process ({len(differing)}); "
                "install the same there, and start them again:\n" + "\n".join(differing[:5])
            )
        self._known |= differences.keys()

    async def _ask(self, version: Version, addresses: Sequence[str]) -> Mapping[str, object]:
        asked = self._client.run(version, workers=list(addresses), on_error="return")
        try:
            answers: Mapping[str, object] = await asyncio.wait_for(asked, ANSWER_S)
        except OSError:
            return {}
        return answers

    async def _drop(self) -> None:
        """Let go of everything that is waiting or running."""
        self._waiting.clear()
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _gpus(workers: Mapping[str, Mapping[str, Any]]) -> int:
    """Count the items that workers with the resource GPU may work on at once."""
    return sum(min(worker["nthreads"], int(worker["resources"].get("GPU", 0))) for worker in workers.values())


def _lost(killed: KilledWorker) -> WorkerLostError:
    return WorkerLostError(
        f"{killed.allowed_failures + 1} processes died while they scored this slide, as they do when memory "
        "runs out; try it alone or with fewer --workers, and look into the system's log for what killed them"
    )


@contextmanager
def _connected(place: LocalCluster | str) -> Iterator[Client]:
    try:
        client = Client(place, timeout=CONNECT_S, set_as_default=False, name="her2path")  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise SchedulerError(
            f"no scheduler answers at {place} ({CONNECT_S:.0f} s): {error}; check host and port, and that "
            "`dask scheduler` is running there"
        ) from error
    with client:
        yield client


@contextmanager
def _workers_here(processes: int) -> Iterator[LocalCluster]:
    """Worker processes of our own, reached on the loopback only."""
    with tempfile.TemporaryDirectory(prefix="her2path-", ignore_cleanup_errors=True) as folder:
        with dask.config.set({**HERE, "temporary-directory": folder}):
            cluster = _cluster(processes, folder)
        try:
            yield cluster
        finally:
            cluster.sync(_stop, cluster)  # type: ignore[no-untyped-call]
            cluster.close()


def _cluster(processes: int, folder: str) -> LocalCluster:
    """Start workers. Dask gives up where one dies while it starts; that is tried again."""
    for left in reversed(range(STARTS)):
        try:
            return LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=processes,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                # Others on this machine reach the loopback too, and whoever reaches a worker has its rights.
                security=Security.temporary(),  # type: ignore[no-untyped-call]
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False, "allowed_failures": KILLS - 1},
                # Dask would pause and kill workers by its own guess at what a slide may need; the limit of a
                # job or container is known to the system only, and what dies of it is told as such.
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                preload=__name__,
                local_directory=folder,
                env={"TMPDIR": folder},  # what a killed worker leaves goes with the folder
            )
        except RuntimeError as error:
            if not left:
                raise SchedulerError(
                    f"{processes} worker processes could not be started, {STARTS} times in a row "
                    f"({error.__cause__ or error}); look whether memory is short, or give fewer --workers"
                ) from error
    raise AssertionError("the last try returns or raises")


def dask_setup(worker: object) -> None:
    """Prepare a worker made here; Dask calls it in each.

    Ctrl-C reaches every process of a terminal. What becomes of the workers is for the crew to say.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _stop(cluster: LocalCluster) -> None:
    # A process in the midst of a system call that does not end cannot be waited for: it dies when that does.
    await asyncio.gather(
        *(nanny.close(timeout=STOP_S) for nanny in cluster.workers.values()), return_exceptions=True
    )
