"""What is handed over between those who work and who gives the work."""

import threading
import time
from concurrent.futures import Future

import pytest

from her2path.errors import WorkerLostError
from her2path.runners.crew import Basket, Finished, finished


def test_an_item_has_a_result_or_an_error() -> None:
    assert Finished("slide", 3).error is None
    assert Finished[str, int]("slide", error=OSError("away")).result is None
    with pytest.raises(ValueError, match="not both"):
        Finished("slide", 3, OSError("away"))


def test_results_and_errors_are_told_apart_and_a_stop_is_an_error_too() -> None:
    done: list[Future[int]] = [Future(), Future(), Future()]
    done[0].set_result(0)
    done[1].set_exception(OSError("away"))
    done[2].set_exception(SystemExit(3))
    first, second, third = (finished("slide", future) for future in done)
    assert (first.result, first.error) == (0, None)
    assert isinstance(second.error, OSError)
    assert isinstance(third.error, WorkerLostError)
    assert "SystemExit(3)" in str(third.error)


def test_everything_that_is_there_is_taken_at_once() -> None:
    basket: Basket[int, int] = Basket()
    for item in range(3):
        basket.put(Finished(item, item))
    assert [done.item for done in basket.take(0)] == [0, 1, 2]
    assert basket.take(0) == ()


def test_an_empty_basket_is_waited_for_and_not_longer_than_asked() -> None:
    basket: Basket[int, int] = Basket()
    began = time.monotonic()
    assert basket.take(0.05) == ()
    assert time.monotonic() - began >= 0.05
    threading.Timer(0.05, basket.put, [Finished(1, 1)]).start()
    began = time.monotonic()
    assert basket.take(30) == (Finished(1, 1),)
    assert time.monotonic() - began < 10
