"""Fields to learn from, drawn by other processes while the last ones are learnt."""

import os
import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from typing import TypeAlias

import cv2

from her2path.nets.sample import Sample

Draw: TypeAlias = Callable[[int], Sample]
"""Any index gives its own field, always the same; pickles, where processes are to draw."""


def drawn_chunks(draw: Draw, size: int, chunks: range, workers: int) -> Generator[tuple[Sample, ...]]:
    """Draw fields chunk by chunk, always one chunk ahead of the reader.

    Parameters
    ----------
    draw
        Draws one field.
    size
        Fields of a chunk; chunk ``k`` holds the fields ``k * size`` to ``(k + 1) * size - 1``.
    chunks
        Which, in order.
    workers
        Processes; 0 draws here, when asked.

    Yields
    ------
    tuple of Sample
        The same whatever ``workers`` is.

    Raises
    ------
    BrokenProcessPool
        If a process was killed, as happens where memory runs out.
    """
    if workers == 0:
        for chunk in chunks:
            yield tuple(draw(index) for index in range(chunk * size, (chunk + 1) * size))
        return
    # Never fork: OpenCV and torch hold threads.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_settle)

    def ordered(chunk: int) -> list[Future[Sample]]:
        return [pool.submit(draw, index) for index in range(chunk * size, (chunk + 1) * size)]

    try:
        coming = ordered(chunks[0]) if chunks else []
        for _, following in pairwise([*chunks, None]):
            fields, coming = coming, [] if following is None else ordered(following)
            yield tuple(_taken(fields))
    finally:
        pool.shutdown(cancel_futures=True)


def _taken(fields: list[Future[Sample]]) -> Iterator[Sample]:
    while fields:  # a future that is kept keeps its field
        yield fields.pop(0).result()


def _settle() -> None:
    """Make one process draw with one thread, and leave an interruption to the process that learns.

    Drawing is ahead of learning and can wait: the threads that learn wait for one another at every layer.
    """
    if hasattr(os, "nice"):
        os.nice(10)
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
