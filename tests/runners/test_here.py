"""One thread that works, errors that come back as values, and nothing left when it is over."""

import threading
import time

import pytest

from her2path.errors import NotEvaluableError
from her2path.runners.crew import Finished
from her2path.runners.here import HereCrew


def test_items_come_back_in_the_order_given_one_at_a_time() -> None:
    at_once, most = 0, 0

    def work(item: int) -> int:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.001)
        at_once -= 1
        return -item

    taken: list[Finished[int, int]] = []
    with HereCrew(work) as crew:
        assert crew.hands == 1
        for item in range(20):
            crew.give(item)
        while len(taken) < 20:
            taken += crew.take(1)
    assert taken == [Finished(item, -item) for item in range(20)]
    assert most == 1


def test_an_error_is_of_its_item_alone_and_as_it_was_raised() -> None:
    def work(item: int) -> int:
        if item:
            raise NotEvaluableError("NO_TISSUE", "no tissue found")
        return 0

    taken: list[Finished[int, int]] = []
    with HereCrew(work) as crew:
        for item in (1, 0):
            crew.give(item)
        while len(taken) < 2:
            taken += crew.take(1)
    error = taken[0].error
    assert isinstance(error, NotEvaluableError)
    assert error.code == "NO_TISSUE"
    assert error.__traceback__ is not None
    assert taken[1] == Finished(0, 0)


@pytest.mark.parametrize("leave", [None, KeyboardInterrupt])
def test_who_leaves_stops_the_work_at_its_next_step(leave: type[BaseException] | None) -> None:
    began, cleaned = threading.Event(), []

    def work(item: int) -> int:
        began.set()
        try:
            while True:
                time.sleep(0.005)
        finally:
            cleaned.append(item)

    def run() -> None:
        with HereCrew(work) as crew:
            crew.give(1)
            crew.give(2)
            assert began.wait(10)
            if leave is not None:
                raise leave

    if leave is None:
        run()
    else:
        with pytest.raises(leave):
            run()
    assert cleaned == [1]  # what waited was never begun
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("slide")]


def test_leaving_an_idle_crew_interrupts_nobody() -> None:
    with HereCrew(str) as crew:
        crew.give(1)
        while not crew.take(1):
            pass
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("slide")]
