"""The queue of a batch: hand out, take back, try again what may pass, look again at what others hold."""

import heapq
import itertools
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from her2path.batch.job import Job, Outcome
from her2path.errors import Her2pathError, SchedulerError
from her2path.runners.crew import Crew, Finished
from her2path.store.claims import Holder

WAITS_S = (5.0, 30.0, 120.0)
"""Before the second, third and fourth attempt: a switch that restarts takes two minutes, a full disk is for
a person to clear."""

LOOK_AGAIN_S = 5.0
"""A slide that another batch has claimed is looked at again after this; it takes some seconds to score."""

HELD_S = 3600.0
"""So long another batch may be at a slide; the largest take minutes."""

NOBODY_S = 900.0
"""So long a batch waits for a worker to come: a queue system may take minutes to start one."""

TICK_S = 1.0
"""How often somebody who watches is told that time goes by."""


@dataclass(frozen=True, slots=True)
class Began:
    """A worker has taken a slide."""

    job: Job
    attempt: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A slide has a result, which stands in its folder."""

    job: Job
    outcome: Outcome
    attempts: int


@dataclass(frozen=True, slots=True)
class Broke:
    """Scoring a slide broke down: it has no result."""

    job: Job
    reason: str
    attempts: int
    details: str = ""
    """The traceback where the program itself is at fault."""


@dataclass(frozen=True, slots=True)
class Again:
    """A slide will be tried again: what went wrong may pass."""

    job: Job
    trouble: str
    wait_s: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Held:
    """Another batch is scoring a slide; it will be looked at again."""

    job: Job
    holder: Holder


@dataclass(frozen=True, slots=True)
class Halted:
    """The results cannot be written, so no further slide is begun."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Some time has gone by."""


Event: TypeAlias = Began | Ended | Broke | Again | Held | Halted | Tick


def largest_first(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Order slides by the size of their files: at the end, no worker is left alone with a large one."""
    return tuple(sorted(jobs, key=lambda job: (-(job.n_bytes or 0), job.slide_id)))


def work_off(
    jobs: Sequence[Job],
    crew: Crew[Job, Outcome],
    *,
    ahead: Callable[[Job], object] = lambda job: None,
    waits_s: Sequence[float] = WAITS_S,
    look_again_s: float = LOOK_AGAIN_S,
    held_s: float = HELD_S,
    nobody_s: float = NOBODY_S,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Event]:
    """Score slides until each has its result, telling everything that happens.

    Parameters
    ----------
    jobs
        In the order in which they are to be begun.
    crew
        Who scores; it is given few more slides than it has hands.
    ahead
        Called with each slide just before it is given, which may be before there are hands for it.
    waits_s
        Seconds before each further attempt at a slide whose trouble may pass.
    look_again_s
        Seconds after which a slide that another batch holds is looked at again.
    held_s
        Seconds after which such a slide is given up.
    nobody_s
        Seconds to wait for somebody who works.
    now
        Seconds that only grow.

    Yields
    ------
    Event
        ``Began`` … ``Ended`` or ``Broke`` for every slide, unless ``Halted`` came; what lies between.

    Raises
    ------
    SchedulerError
        If those who work cannot be reached, or would score otherwise than asked, or nobody came.
    """
    queue = _Queue(jobs, waits_s, look_again_s, held_s, now)
    anybody = now()
    while queue.unfinished:
        hands = crew.hands
        anybody = now() if hands else anybody
        if now() - anybody > nobody_s:
            raise SchedulerError(
                f"no worker for {nobody_s / 60:.0f} minutes; start workers, and run the same command again"
            )
        for job in queue.to_hand_out(hands):
            ahead(job)
            crew.give(job)
        yield from queue.newly_begun(hands)
        for finished in crew.take(TICK_S):
            yield from queue.take_back(finished)
        yield Tick()


class _Queue:
    """Every unfinished slide is in one of three places: ready, given, or waiting for its time."""

    def __init__(
        self,
        jobs: Sequence[Job],
        waits_s: Sequence[float],
        look_again_s: float,
        held_s: float,
        now: Callable[[], float],
    ) -> None:
        self._ready = deque(jobs)
        self._given: dict[str, Job] = {}
        self._waiting: list[tuple[float, int, Job]] = []
        self._attempts: Counter[str] = Counter()
        self._begun: set[str] = set()
        self._waits_s, self._look_again_s, self._now = tuple(waits_s), look_again_s, now
        self._order = itertools.count()
        self._halted = False
        self._unwritten: set[str] = set()
        self._held_since_s: dict[str, float] = {}
        self._held_s = held_s

    @property
    def unfinished(self) -> bool:
        return bool(self._given) or (not self._halted and bool(self._ready or self._waiting))

    def to_hand_out(self, hands: int) -> Iterator[Job]:
        """Give out as many as there are hands, and some for hands that come free before the next look.

        While results cannot be written, only a slide that has found that out is tried: any other would be
        scored for nothing.
        """
        while self._waiting and self._waiting[0][0] <= self._now():
            self._ready.appendleft(heapq.heappop(self._waiting)[2])
        while not self._halted and len(self._given) < hands + -(-hands // 4):
            job = self._next()
            if job is None:
                return
            self._ready.remove(job)
            self._given[job.slide_id] = job
            yield job

    def _next(self) -> Job | None:
        wanted = (job for job in self._ready if not self._unwritten or job.slide_id in self._unwritten)
        return next(wanted, None)

    def newly_begun(self, hands: int) -> Iterator[Began]:
        """Tell which of the slides given out are in work now: those given first, one for each hand."""
        for job in itertools.islice(self._given.values(), hands):
            if job.slide_id not in self._begun:
                self._begun.add(job.slide_id)
                self._attempts[job.slide_id] += 1
                yield Began(job, self._attempts[job.slide_id])

    def take_back(self, finished: Finished[Job, Outcome]) -> Iterator[Event]:
        job, outcome = finished.item, finished.result
        slide_id = job.slide_id
        yield from self._begun_unseen(job)
        del self._given[slide_id]
        self._begun.discard(slide_id)
        attempts = self._attempts[slide_id]
        if outcome is not None and outcome.output_trouble:
            self._unwritten.add(slide_id)
        else:
            self._unwritten.discard(slide_id)
        if isinstance(finished.error, SchedulerError):
            raise finished.error  # of the worker, not of the slide: it would fail one slide after the other
        if outcome is None:
            assert finished.error is not None
            yield _broken(job, finished.error, attempts)
        elif outcome.holder is not None:
            self._attempts[slide_id] -= 1  # nothing was tried
            since_s = self._held_since_s.setdefault(slide_id, self._now())
            if self._now() - since_s > self._held_s:
                words = outcome.holder.words
                yield Broke(job, f"another batch has had it for too long ({words}); see whether it hangs", 0)
            else:
                self._wait(job, self._look_again_s)
                yield Held(job, outcome.holder)
        elif outcome.trouble is not None and attempts <= len(self._waits_s) and not self._halted:
            wait_s = self._waits_s[attempts - 1]
            self._wait(job, wait_s)
            yield Again(job, outcome.trouble, wait_s, attempts)
        elif outcome.score is not None:
            yield Ended(job, outcome, attempts)
        else:
            reason = outcome.trouble or "no result came back"
            yield Broke(job, reason, attempts)
            if outcome.output_trouble and not self._halted:
                self._halted = True
                yield Halted(reason)

    def _begun_unseen(self, job: Job) -> Iterator[Began]:
        """Tell of a slide that was begun and finished between two looks."""
        if job.slide_id not in self._begun:
            self._attempts[job.slide_id] += 1
            yield Began(job, self._attempts[job.slide_id])

    def _wait(self, job: Job, wait_s: float) -> None:
        heapq.heappush(self._waiting, (self._now() + wait_s, next(self._order), job))


def _broken(job: Job, error: Exception, attempts: int) -> Broke:
    if isinstance(error, Her2pathError):
        return Broke(job, str(error), attempts)
    reason = (
        f"the program broke down on this slide ({type(error).__name__}: {error}); please report it with "
        "what stands in runs/"
    )
    return Broke(job, reason, attempts, details="".join(traceback.format_exception(error)))
