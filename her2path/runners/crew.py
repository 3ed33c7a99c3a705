"""Who scores the slides: one contract, items given and taken as they finish."""

import queue
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from her2path.errors import WorkerLostError
from her2path.runners.protocol import Item, Result

Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True)
class Finished(Generic[Item, Result]):
    """What became of one item: its result, or the error that there is instead of one."""

    item: Item
    result: Result | None = None
    error: Exception | None = None

    def __post_init__(self) -> None:
        if self.result is not None and self.error is not None:
            raise ValueError("an item has a result or an error, not both")


class Crew(Protocol[Item, Result]):
    """Works on items in any order, each at least once, and hands back each once.

    It is used in a ``with`` block. Whatever way the block is left, it waits for no item: those that wait are
    dropped, those in work are stopped where that can be done, and no thread or process of its own is left.
    """

    @property
    def hands(self) -> int:
        """How many items are worked on at once, as of now; 0 while nobody is there.

        Raises
        ------
        SchedulerError
            If those who work cannot be reached, or must not be used; so ``take``.
        """
        ...

    def give(self, item: Item) -> None:
        """Have an item worked on as soon as hands are free, those given earlier first."""
        ...

    def take(self, timeout_s: float) -> tuple[Finished[Item, Result], ...]:
        """Give what has finished; wait for it, but not longer than ``timeout_s``."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Done(Protocol[Result_co]):
    """A future that is done, of threads or of asyncio."""

    def exception(self) -> BaseException | None:
        """Give what was raised."""
        ...

    def result(self) -> Result_co:
        """Give what came of it."""
        ...


def finished(item: Item, done: Done[Result]) -> Finished[Item, Result]:
    """Tell what became of an item whose function has returned or raised."""
    error = done.exception()
    if error is None:
        return Finished(item, done.result())
    if isinstance(error, Exception):
        return Finished(item, error=error)
    return Finished(item, error=WorkerLostError(f"who scored this slide was told to stop: {error!r}"))


class Basket(Generic[Item, Result]):
    """Where finished items are put by one thread and taken by another."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Finished[Item, Result]] = queue.SimpleQueue()

    def put(self, done: Finished[Item, Result]) -> None:
        """Add an item, from any thread."""
        self._queue.put(done)

    def take(self, timeout_s: float) -> tuple[Finished[Item, Result], ...]:
        """Give all there is, see ``Crew.take``."""
        taken = []
        try:
            taken.append(self._queue.get(timeout=max(timeout_s, 0)))
            while True:
                taken.append(self._queue.get_nowait())
        except queue.Empty:
            return tuple(taken)
