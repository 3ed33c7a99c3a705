import errno
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import caching

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


def _doubled(value: float) -> float:
    return value * 2


def _hits(function: Compiled[Any, Any]) -> int:
    hits = function._machine_code.stats.cache_hits
    return sum(hits.values())


@pytest.fixture
def kept_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that machine code is kept in during this test."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def test_the_next_process_only_loads_it(kept_in: Path) -> None:
    for n_kept in (0, 1):
        double = compiled(_doubled)
        assert double(1.5) == 3.0
        assert _hits(double) == n_kept


def test_without_a_folder_to_keep_it_the_code_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiled(_doubled)(1) == 2


def test_what_a_full_disk_does_not_take_is_not_kept(kept_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "_save_data", full)
    assert compiled(_doubled)(1) == 2


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_what_a_power_failure_cut_short_is_compiled_and_kept_anew(kept_in: Path, ending: str) -> None:
    compiled(_doubled)(1)
    for path in kept_in.rglob(f"*.{ending}"):
        path.write_bytes(path.read_bytes()[:10])
    for n_kept in (0, 1):
        double = compiled(_doubled)
        assert double(1) == 2
        assert _hits(double) == n_kept


def test_code_for_other_types_is_not_taken(kept_in: Path) -> None:
    double = compiled(_doubled)
    assert (double(1), double(1.5)) == (2, 3.0)
    # As two processes leave it that choose the same number at the same moment.
    whole, real = sorted(kept_in.rglob("*.nbc"))
    real.write_bytes(whole.read_bytes())
    again = compiled(_doubled)
    assert (again(1), again(1.5)) == (2, 3.0)


def test_files_of_another_source_are_never_taken_for_its_own(kept_in: Path) -> None:
    names = []
    for factor in (2, 3):
        source = kept_in / "loops.py"
        source.write_text(f"BY = {factor}\ndef times(value):\n    return value * BY\n", encoding="utf-8")
        module: dict[str, Any] = {}
        exec(compile(source.read_text(encoding="utf-8"), str(source), "exec"), module)
        assert compiled(module["times"])(1) == factor
        names.append({path.name for path in kept_in.rglob("*.nbc")})
    assert len(names[0]) == 1
    assert len(names[1]) == 2


def test_threads_that_come_at_once_all_get_their_answer(kept_in: Path) -> None:
    double, together = compiled(_doubled), threading.Barrier(8)

    def call(value: float) -> float:
        together.wait()
        return double(value)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, [*range(4), *np.arange(4.0)])) == [0, 2, 4, 6] * 2
