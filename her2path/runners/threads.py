"""Tiles on threads: decoding and OpenCV release the interpreter lock."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from her2path.runners.protocol import Item, Result

LOOK_AHEAD = 2
"""Tiles in flight a worker: one in work, one waiting, so that no worker ever waits for the writer."""


@dataclass(frozen=True, slots=True)
class ThreadRunner:
    """Runs on ``workers`` threads; one worker runs in the caller's thread."""

    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers must be 1 or more, got {self.workers}")

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
        """See ``Runner.map``."""
        if self.workers == 1:
            yield from map(function, items)
            return
        waiting: deque[Future[Result]] = deque()
        with ThreadPoolExecutor(self.workers, thread_name_prefix="tile") as pool:
            try:
                for item in items:
                    waiting.append(pool.submit(function, item))
                    if len(waiting) >= LOOK_AHEAD * self.workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
