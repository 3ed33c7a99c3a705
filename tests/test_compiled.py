import threading
import time
from typing import Any

import numpy as np
import pytest

from her2path.compiled import Compiled, compiled

STEP = 3


@compiled
def _stepped(value: int) -> int:
    return value * STEP


@compiled
def _sum_of_steps(values: np.ndarray) -> int:
    total = 0
    for value in values:
        total += _stepped(value)
    return total


@compiled
def _spin(n: int) -> float:
    x = 1.0
    for _ in range(n):
        x = x * 1.0000001 + 1e-9
    return x


@compiled
def _third(values: np.ndarray, by: float) -> np.ndarray:
    out = np.empty_like(values)
    for i in range(len(values)):
        out[i] = values[i] * by + values[i] / by
    return out


def test_one_compiled_function_calls_another() -> None:
    values = np.arange(10)
    assert _sum_of_steps(values) == _sum_of_steps.plain(values) == 135


def test_it_keeps_the_name_and_the_words_of_the_function() -> None:
    assert isinstance(_stepped, Compiled)
    assert vars(_stepped)["__name__"] == "_stepped"


def test_operations_are_carried_out_one_by_one() -> None:
    # A fused multiply-add would round once where NumPy rounds twice.
    values = np.random.default_rng(1).normal(size=10_000)
    np.testing.assert_array_equal(_third(values, 1 / 3), values * (1 / 3) + values / (1 / 3))


def test_division_by_zero_is_numpys() -> None:
    assert np.isinf(_third(np.array([1.0]), 0.0)).all()


def test_the_interpreter_lock_is_released() -> None:
    _spin(1)
    started, finished = threading.Event(), []

    def work() -> None:
        started.set()
        _spin(300_000_000)
        finished.append(time.perf_counter())

    worker = threading.Thread(target=work)
    worker.start()
    started.wait()
    meanwhile = sum(range(1000))
    assert meanwhile == 499_500
    assert not finished
    worker.join()


def test_without_a_folder_to_keep_it_the_code_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    njit = numba.njit

    def no_folder(*, cache: bool = False, **options: Any) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", no_folder)
    assert compiled(lambda value: value + 1)(1) == 2
