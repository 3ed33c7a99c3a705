"""Every slide is begun and ends once; what may pass is tried again, what others hold is looked at again."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2path.batch.job import Job, Outcome
from her2path.batch.queue import (
    Again,
    Began,
    Broke,
    Ended,
    Event,
    Halted,
    Held,
    Tick,
    largest_first,
    work_off,
)
from her2path.errors import SchedulerError, WorkerLostError
from her2path.recipe import Recipe
from her2path.runners.crew import Finished
from her2path.store.claims import Holder
from her2path.store.manifest import ManifestRow
from her2path.store.recipes import load_recipe

RECIPE: Recipe = load_recipe()
HOST = "node1"
SCORED = Outcome(HOST, score={"status": "scored"})
FAILED = Outcome(HOST, score={"status": "failed"})
AWAY = Outcome(HOST, score={"status": "failed"}, trouble="the drive is away")
FULL = Outcome(HOST, trouble="the disk is full", output_trouble=True)
HELD = Outcome(HOST, holder=Holder("node2", 7, datetime(2026, 1, 1, tzinfo=UTC)))


def job(slide_id: str, n_bytes: int | None = 1) -> Job:
    return Job(slide_id, ManifestRow(Path(f"{slide_id}.svs")), RECIPE, n_bytes)


class Clock:
    """Time that goes on by a second with every look at the crew."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


class FakeCrew:
    """Does each slide with what ``does`` gives for it and for the number of the attempt."""

    def __init__(
        self,
        does: Callable[[str, int], Outcome | Exception],
        clock: Clock,
        hands: int | Callable[[float], int] = 2,
    ) -> None:
        self._does, self._clock = does, clock
        self._hands = hands if callable(hands) else lambda _: hands
        self._given: deque[Job] = deque()
        self.tried: Counter[str] = Counter()
        self.order: list[str] = []
        self.most_given = 0

    @property
    def hands(self) -> int:
        return self._hands(self._clock())

    def give(self, item: Job) -> None:
        self._given.append(item)
        self.order.append(item.slide_id)
        self.most_given = max(self.most_given, len(self._given))

    def take(self, timeout_s: float) -> tuple[Finished[Job, Outcome], ...]:
        self._clock.s += timeout_s
        done = []
        for _ in range(min(self.hands, len(self._given))):
            item = self._given.popleft()
            self.tried[item.slide_id] += 1
            came = self._does(item.slide_id, self.tried[item.slide_id])
            one: Finished[Job, Outcome] = (
                Finished(item, error=came) if isinstance(came, Exception) else Finished(item, result=came)
            )
            done.append(one)
        return tuple(done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        pass


def work(
    slide_ids: Sequence[str], does: Callable[[str, int], Outcome | Exception], **more: Any
) -> tuple[list[Event], FakeCrew, Clock]:
    clock = Clock()
    crew = FakeCrew(does, clock, more.pop("hands", 2))
    jobs = [job(slide_id) for slide_id in slide_ids]
    events: list[Event] = [
        event for event in work_off(jobs, crew, now=clock, **more) if not isinstance(event, Tick)
    ]
    return events, crew, clock


def of(events: Sequence[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@given(
    n_slides=st.integers(0, 30),
    hands=st.integers(1, 8),
    outcomes=st.lists(
        st.sampled_from([SCORED, FAILED, AWAY, HELD, ValueError("bug")]), min_size=1, max_size=40
    ),
)
def test_every_slide_ends_once_whatever_happens_on_the_way(
    n_slides: int, hands: int, outcomes: list[Outcome | Exception]
) -> None:
    names = [f"s{i}" for i in range(n_slides)]

    def does(slide_id: str, attempt: int) -> Outcome | Exception:
        # What another batch holds is free in the end.
        came = outcomes[(int(slide_id[1:]) + 7 * attempt) % len(outcomes)]
        return SCORED if came is HELD and attempt > 5 else came

    events, crew, _ = work(names, does, hands=hands)
    ends = [event.job.slide_id for event in events if isinstance(event, Ended | Broke)]
    assert sorted(ends) == sorted(names)
    assert crew.most_given <= hands + -(-hands // 4)
    for name in names:
        mine = [
            type(event)
            for event in events
            if not isinstance(event, Halted | Tick) and event.job.slide_id == name
        ]
        assert mine[0] is Began
        assert mine[1::2].count(Began) == 0  # it begins, and something comes of it, in turn
        assert mine[0::2].count(Began) == len(mine) / 2


def test_what_may_pass_is_tried_again_after_longer_and_longer() -> None:
    events, crew, clock = work(["a"], lambda _, attempt: AWAY if attempt < 3 else SCORED, waits_s=(5, 30))
    assert [event.wait_s for event in of(events, Again)] == [5, 30]
    assert [event.attempt for event in of(events, Began)] == [1, 2, 3]
    (end,) = of(events, Ended)
    assert (end.outcome, end.attempts) == (SCORED, 3)
    assert clock.s >= 35
    assert crew.tried["a"] == 3


def test_what_does_not_pass_ends_with_its_last_result() -> None:
    events, crew, _ = work(["a"], lambda *_: AWAY, waits_s=(5, 30))
    (end,) = of(events, Ended)
    assert end.outcome is AWAY
    assert crew.tried["a"] == 3


def test_a_failure_that_is_the_slides_own_is_not_tried_again() -> None:
    events, crew, _ = work(["a"], lambda *_: FAILED)
    assert crew.tried["a"] == 1
    assert not of(events, Again)
    assert of(events, Ended)[0].attempts == 1


def test_a_slide_held_by_another_batch_is_looked_at_until_it_is_free() -> None:
    events, _, clock = work(
        ["a", "b"], lambda name, n: HELD if (name, n) < ("a", 4) else SCORED, look_again_s=5
    )
    assert len(of(events, Held)) == 3
    assert [event.job.slide_id for event in of(events, Ended)] == ["b", "a"]
    assert [event.attempts for event in of(events, Ended)] == [1, 1]  # looking is no attempt
    assert clock.s >= 15


def test_a_full_disk_halts_what_is_not_begun_and_lets_the_rest_finish() -> None:
    def does(name: str, _: int) -> Outcome:
        return FULL if name == "s2" else SCORED

    events, crew, _ = work([f"s{i}" for i in range(40)], does, waits_s=(1,))
    (halted,) = of(events, Halted)
    assert halted.reason == "the disk is full"
    (broke,) = of(events, Broke)
    assert broke.job.slide_id == "s2"
    assert broke.attempts == 2
    assert len(crew.tried) <= 6  # those that were begun before anybody knew
    begun = Counter(event.job.slide_id for event in of(events, Began))
    ends = Counter(event.job.slide_id for event in events if isinstance(event, Ended | Broke | Again))
    assert begun == ends


def test_a_disk_that_has_room_again_lets_the_batch_go_on() -> None:
    events, crew, _ = work(
        [f"s{i}" for i in range(9)], lambda name, n: FULL if (name, n) == ("s2", 1) else SCORED
    )
    assert len(of(events, Ended)) == 9
    then = [event for event in events[events.index(of(events, Again)[0]) + 1 :] if isinstance(event, Began)]
    running = next(i for i, event in enumerate(then) if event.attempt == 2)
    assert then[running].job.slide_id == "s2"
    assert running <= 1  # beside the one hand that was at work
    assert len(crew.tried) == 9


def test_a_full_disk_and_a_held_slide_do_not_block_each_other() -> None:
    def does(name: str, n: int) -> Outcome:
        if name == "full" and n <= 2:
            return FULL
        return HELD if name == "held" and n <= 2 else SCORED

    events, _, clock = work(["full", "held", "c", "d"], does, waits_s=(5, 5, 5), look_again_s=5)
    assert sorted(event.job.slide_id for event in of(events, Ended)) == ["c", "d", "full", "held"]
    assert clock.s < 60


def test_a_slide_that_another_holds_for_ever_is_given_up() -> None:
    events, _, _ = work(["a", "b"], lambda name, _: HELD if name == "a" else SCORED, held_s=60)
    (broke,) = of(events, Broke)
    assert broke.job.slide_id == "a"
    assert "node2" in broke.reason


def test_a_worker_that_would_score_otherwise_ends_the_batch() -> None:
    with pytest.raises(SchedulerError, match="other weights"):
        work(["a", "b"], lambda *_: SchedulerError("a worker has other weights"))


def test_what_waits_comes_before_what_was_never_tried() -> None:
    _, crew, _ = work(
        [f"s{i}" for i in range(60)], lambda name, n: AWAY if (name, n) == ("s0", 1) else SCORED
    )
    assert crew.order.index("s0", 1) < 30


def test_one_that_breaks_the_program_does_not_end_the_batch() -> None:
    def does(name: str, _: int) -> Outcome | Exception:
        if name == "a":
            return ZeroDivisionError("division by zero")
        return WorkerLostError("3 processes died") if name == "b" else SCORED

    events, _, _ = work(["a", "b", "c"], does)
    assert [event.job.slide_id for event in of(events, Ended)] == ["c"]
    bug, lost = sorted(of(events, Broke), key=lambda event: event.job.slide_id)
    assert "ZeroDivisionError: division by zero" in bug.reason
    assert "ZeroDivisionError" in bug.details
    assert (lost.reason, lost.details) == ("3 processes died", "")


def test_nobody_there_is_waited_for_and_then_told() -> None:
    with pytest.raises(SchedulerError, match="no worker for 2 minutes"):
        work(["a"], lambda *_: SCORED, hands=lambda _: 0, nobody_s=120)
    events, _, _ = work(["a"], lambda *_: SCORED, hands=lambda s: int(s > 60), nobody_s=120)
    assert len(of(events, Ended)) == 1


def test_the_largest_come_first_and_those_without_a_size_last() -> None:
    jobs = [job("b", 5), job("none", None), job("a", 5), job("big", 9)]
    assert [one.slide_id for one in largest_first(jobs)] == ["big", "a", "b", "none"]
