"""Slides one after the other, in this process."""

import ctypes
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Generic, Self

from her2path.runners.crew import Basket, Finished, finished
from her2path.runners.protocol import Item, Result


class HereCrew(Generic[Item, Result]):
    """A crew of one thread: the caller's own stays free to show progress and to be interrupted.

    Parameters
    ----------
    function
        What is done with an item.
    """

    def __init__(self, function: Callable[[Item], Result]) -> None:
        self._function = function
        self._basket: Basket[Item, Result] = Basket()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="slide")
        self._at_work = _AtWork()

    @property
    def hands(self) -> int:
        """One."""
        return 1

    def give(self, item: Item) -> None:
        """See ``Crew.give``."""
        self._pool.submit(self._work, item).add_done_callback(partial(self._put, item))

    def take(self, timeout_s: float) -> tuple[Finished[Item, Result], ...]:
        """See ``Crew.take``."""
        return self._basket.take(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._at_work.interrupt()
        self._pool.shutdown()

    def _work(self, item: Item) -> Result:
        with self._at_work:
            return self._function(item)

    def _put(self, item: Item, future: Future[Result]) -> None:
        if not future.cancelled():
            self._basket.put(finished(item, future))


class _AtWork:
    """The thread that is inside this ``with`` block, if any, and how to get it out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._thread = threading.get_ident()

    def __exit__(self, *raised: object) -> None:
        with self._lock:
            self._thread = None

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt there, at its next step, as Ctrl-C does in the main thread.

        It cleans up behind itself then; a thread that is merely left alone would go on until the interpreter
        has gone from under it.
        """
        with self._lock:
            if self._thread is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread), ctypes.py_object(KeyboardInterrupt)
                )
