"""An ordered map that never runs far ahead, and that ends with the first error."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.runners.threads import LOOK_AHEAD, ThreadRunner


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(), max_size=40), st.integers(1, 4))
def test_results_come_in_the_order_of_the_items(items: list[int], workers: int) -> None:
    assert list(ThreadRunner(workers).map(lambda value: value * 2, items)) == [value * 2 for value in items]


def test_a_slow_first_item_does_not_change_the_order() -> None:
    def work(value: int) -> int:
        time.sleep(0.05 if value == 0 else 0)
        return value

    assert list(ThreadRunner(3).map(work, range(8))) == list(range(8))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_no_more_than_a_few_results_wait(workers: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for value in range(100):
            taken += 1
            yield value

    results = ThreadRunner(workers).map(lambda value: value, items())
    for done, _ in enumerate(results, start=1):
        assert taken - done <= LOOK_AHEAD * workers
    assert taken == 100


def test_one_worker_runs_in_the_thread_of_the_caller() -> None:
    assert list(ThreadRunner(1).map(lambda _: threading.current_thread(), [0])) == [
        threading.current_thread()
    ]
    others = set(ThreadRunner(2).map(lambda _: threading.current_thread(), range(4)))
    assert threading.current_thread() not in others


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_ends_the_run(workers: int) -> None:
    done = []

    def work(value: int) -> int:
        if value == 3:
            raise OSError("third")
        done.append(value)
        return value

    with pytest.raises(OSError, match="third"):
        list(ThreadRunner(workers).map(work, range(100)))
    assert len(done) < 20


def test_who_stops_listening_stops_the_work() -> None:
    done = []
    results = ThreadRunner(2).map(lambda value: done.append(value), range(1000))
    next(results)
    results.close()
    assert len(done) <= 1 + 2 * LOOK_AHEAD


def test_no_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="workers must be 1 or more"):
        ThreadRunner(0)
