"""Progress that a person trusts: counts that add up, a time left that neither jumps nor promises too much."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.batch.progress import (
    MARK_EVERY_S,
    SETTLED_S,
    WINDOW_S,
    Progress,
    Rates,
    begun,
    ended,
    put_back,
    rates,
    started,
)

GB = 1e9


def score(slide_id: str, status: str = "scored", mm2: float | None = 100.0) -> dict[str, Any]:
    return {"slide_id": slide_id, "status": status, "area_mm2": mm2 and {"analysed": mm2}}


@dataclass(frozen=True)
class Told:
    """What was known at a second, and what was true."""

    at_s: float
    rates: Rates
    left_s: float


def told(
    sizes: Sequence[float],
    cost_s: Callable[[int], float],
    *,
    workers: int,
    failed: Sequence[int] = (),
) -> tuple[Progress, list[Told]]:
    """Run a batch on a clock of its own; ask every second."""
    progress = begun(len(sizes), 0, sum(sizes), at_s=0.0)
    queue, running = list(range(len(sizes)))[::-1], list[tuple[float, int]]()
    at_s, asked, tick_s = 0.0, [], 0.0
    while queue or running:
        while queue and len(running) < workers:
            i = queue.pop()
            progress = started(progress, str(i), n_bytes=sizes[i], at_s=at_s)
            heapq.heappush(running, (at_s + cost_s(i), i))
        at_s, i = heapq.heappop(running)
        while tick_s < at_s:
            asked.append((tick_s, rates(progress, tick_s)))
            tick_s += 1.0
        status = "failed" if i in failed else "scored"
        progress = ended(progress, score(str(i), status), stood=False, at_s=at_s)
    return progress, [Told(when_s, said, at_s - when_s) for when_s, said in asked]


def steady(at_s: float = 0.0, *, slides: int = 10, take_s: float = 30.0, total: int = 100) -> Progress:
    """One worker, slides of 1 GB, one after the other."""
    progress = begun(total, 0, total * GB, at_s=at_s)
    for i in range(slides):
        progress = started(progress, str(i), n_bytes=GB, at_s=at_s + i * take_s)
        progress = ended(progress, score(str(i)), stood=False, at_s=at_s + (i + 1) * take_s)
    return progress


def test_the_numbers_of_a_steady_batch() -> None:
    progress = steady()
    assert (progress.done, progress.counts, progress.sums.mm2) == (10, {"scored": 10}, 1000.0)
    assert (progress.bytes_done, progress.bytes_to_do) == (10 * GB, 90 * GB)
    found = rates(progress, 300.0)
    assert found.slides_per_h == pytest.approx(120)
    assert found.mm2_per_h == pytest.approx(12_000)
    assert found.left_s == pytest.approx(90 * 30)


def test_nothing_is_promised_before_there_is_something_to_go_by() -> None:
    assert rates(steady(slides=2, take_s=100.0), 200.0) == Rates()
    assert rates(steady(slides=10, take_s=1.0), SETTLED_S - 1) == Rates()
    assert rates(steady(slides=10, take_s=10.0), 100.0).left_s is not None


def test_slides_that_stood_before_do_not_count_as_speed() -> None:
    progress = begun(1000, 900, 100 * GB, at_s=0.0)
    for i in range(10):
        progress = started(progress, str(i), n_bytes=GB, at_s=30.0 * i)
        progress = ended(progress, score(str(i)), stood=False, at_s=30.0 * (i + 1))
    assert progress.done == 910
    assert rates(progress, 300.0).slides_per_h == pytest.approx(120)
    assert rates(progress, 300.0).left_s == pytest.approx(90 * 30)


def test_what_another_batch_scores_makes_the_end_come_sooner() -> None:
    progress = begun(100, 0, 100 * GB, at_s=0.0)
    for i in range(10):
        progress = started(progress, f"a{i}", n_bytes=GB, at_s=30.0 * i)
        progress = ended(progress, score(f"a{i}"), stood=False, at_s=30.0 * (i + 1))
        progress = ended(progress, score(f"b{i}"), stood=True, n_bytes=GB, at_s=30.0 * (i + 1))
    assert progress.already == 10
    assert progress.counts == {"scored": 10}
    found = rates(progress, 300.0)
    assert found.slides_per_h == pytest.approx(120)
    assert found.left_s == pytest.approx(80 * 15)


def test_slides_that_fail_at_once_do_not_promise_an_early_end() -> None:
    progress = steady()
    for i in range(40):
        progress = started(progress, f"bad{i}", n_bytes=GB, at_s=300.0 + 0.01 * i)
        progress = ended(progress, score(f"bad{i}", "failed", None), stood=False, at_s=300.005 + 0.01 * i)
    left_s = rates(progress, 301.0).left_s
    assert left_s == pytest.approx(50 * 30, rel=0.02)
    assert progress.counts == {"scored": 10, "failed": 40}


def test_a_slide_without_a_size_counts_as_the_mean() -> None:
    progress = begun(12, 1, 20 * GB, unsized=1, at_s=0.0)
    assert progress.bytes_to_do == pytest.approx(22 * GB)
    progress = ended(started(progress, "missing", at_s=0.0), score("missing"), stood=False, at_s=1.0)
    assert progress.bytes_to_do == pytest.approx(20 * GB)


def test_without_any_size_slides_are_counted() -> None:
    progress = begun(20, 0, 0, unsized=20, at_s=0.0)
    for i in range(10):
        progress = started(progress, str(i), at_s=30.0 * i)
        progress = ended(progress, score(str(i)), stood=False, at_s=30.0 * (i + 1))
    assert rates(progress, 300.0).left_s == pytest.approx(300)


def test_an_attempt_that_came_to_nothing_costs_its_time() -> None:
    progress = started(steady(), "x", n_bytes=GB, at_s=300.0)
    progress = put_back(progress, "x", failed=True, at_s=600.0)
    assert (progress.retries, progress.current) == (1, ())
    left_s = rates(progress, 600.0).left_s
    assert left_s == pytest.approx(90 * 60)
    assert put_back(progress, "x", failed=False, at_s=600.0).retries == 1


def test_the_whole_is_never_done_before_its_longest_slide() -> None:
    progress = begun(42, 0, 50 * GB, at_s=0.0)
    for i in range(40):  # ten hands on small slides, and one on a large one
        progress = started(progress, str(i), n_bytes=GB, at_s=300.0 * (i // 10))
    for i in range(40):
        progress = ended(progress, score(str(i)), stood=False, at_s=300.0 * (i // 10 + 1))
    progress = started(progress, "large", n_bytes=10 * GB, at_s=1200.0)
    left_s = rates(progress, 1200.0).left_s
    each_s = progress.sums.work_s / 40
    assert left_s is not None
    assert left_s >= 10 * each_s * 0.99


def test_a_slide_that_takes_long_is_not_about_to_end() -> None:
    progress = started(steady(total=11), "slow", n_bytes=GB, at_s=300.0)
    left = [rates(progress, 300.0 + after_s).left_s or 0.0 for after_s in (15.0, 60.0, 600.0, 6000.0)]
    assert left[0] == pytest.approx(15)
    assert 3 <= left[1] < left[2] < left[3]


def test_at_the_end_nothing_is_left() -> None:
    assert rates(steady(total=10), 300.0).left_s == 0


LOGNORMAL = np.random.default_rng(0).lognormal(0, 1.0, 200)
NOISE = np.random.default_rng(1).lognormal(0, 0.2, 200)


@pytest.mark.parametrize(
    ("fixed_s", "per_gb_s", "workers"), [(0.0, 60.0, 4), (20.0, 20.0, 8), (2.0, 30.0, 1)]
)
@pytest.mark.parametrize("order", ["largest first", "as they come"])
def test_the_time_left_is_never_far_off(fixed_s: float, per_gb_s: float, workers: int, order: str) -> None:
    sizes = np.sort(LOGNORMAL)[::-1] if order == "largest first" else LOGNORMAL
    progress, seen = told(
        list(sizes * GB), lambda i: float((fixed_s + per_gb_s * sizes[i]) * NOISE[i]), workers=workers
    )
    assert progress.done == progress.total
    early, whole_s = 0.15 * seen[-1].at_s, seen[-1].at_s
    checked = [one for one in seen if one.at_s > early and one.left_s > 0.05 * whole_s]
    for one in checked:
        assert one.rates.left_s is not None
        assert one.left_s / 1.8 < one.rates.left_s < one.left_s * 1.8


def test_the_time_left_does_not_jump() -> None:
    sizes = np.sort(LOGNORMAL)[::-1]
    _, seen = told(list(sizes * GB), lambda i: float((5 + 60 * sizes[i]) * NOISE[i]), workers=4)
    left = [one.rates.left_s for one in seen if one.rates.left_s is not None]
    assert max(abs(after - before) / seen[0].left_s for before, after in pairwise(left)) < 0.12


def test_the_past_is_remembered_in_few_marks() -> None:
    sizes = [GB / 1000] * 4000
    progress, _ = told(sizes, lambda _: 2.0, workers=4)
    assert len(progress.marks) <= WINDOW_S / MARK_EVERY_S + 2


def test_a_rate_is_one_of_the_window() -> None:
    """Slides became ten times as slow after the first hours."""
    slow = lambda i: 10.0 if i < 1000 else 100.0  # noqa: E731
    _, seen = told([GB] * 1200, slow, workers=1)
    assert seen[9000].rates.slides_per_h == pytest.approx(360, rel=0.05)
    assert seen[-10].rates.slides_per_h == pytest.approx(36, rel=0.05)


@given(st.data())
def test_whatever_happens_the_numbers_are_numbers(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    sizes = data.draw(st.lists(st.integers(0, 10**11), min_size=n, max_size=n))
    progress, at_s = begun(n, 0, sum(sizes), at_s=0.0), 0.0
    for i in data.draw(st.permutations(range(n))):
        at_s += data.draw(st.floats(0, 1e4))
        what = data.draw(st.sampled_from(["scored", "failed", "stood", "retried", "unseen"]))
        if what != "unseen":
            progress = started(progress, str(i), n_bytes=sizes[i], at_s=at_s)
        at_s += data.draw(st.floats(0, 1e4))
        if what == "retried":
            progress = put_back(progress, str(i), failed=True, at_s=at_s)
        else:
            status = "failed" if what == "failed" else "scored"
            progress = ended(progress, score(str(i), status), stood=what == "stood", at_s=at_s)
        found = rates(progress, at_s + data.draw(st.floats(0, 1e4)))
        for value in (found.slides_per_h, found.mm2_per_h, found.left_s):
            assert value is None or (value >= 0 and np.isfinite(value))
    assert progress.done == n - progress.retries
