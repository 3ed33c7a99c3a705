"""How far a batch has come, how fast it goes, and how long it will take.

All that is known of a slide before it is opened is the size of its file. What a slide costs by its size is
learned from those that were scored (``cost.py``), and how many are worked on at once from the last of them.
Slides that failed or were refused do not tell what the others cost: they only make what is to do less, so
that the estimate is rather late than early.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from her2path.batch.cost import Cost, Costs, fitted_cost, with_slide

WINDOW_S = 20 * 60.0
"""Rates are those of the last 20 minutes: the disks and the network of a night have hours of their own."""

WINDOW_SLIDES = 30
"""And of no fewer slides than this: one that is unlike the others then moves a rate by a few per cent."""

MARK_EVERY_S = 10.0
"""How closely the past is remembered: 120 marks in the window, however many slides end within it."""

SETTLED_SLIDES, SETTLED_S = 3, 60.0
"""There is no rate before so many slides were scored, over so many seconds: one slide does not tell how they
differ, and the first minute holds the start of the processes."""

AT_MOST_DONE = 0.9
"""A slide that takes longer than its size says counts as done up to here: it is not known to end at once."""

WORKED = frozenset({"scored", "partial"})
"""What slides became that tell what the others will cost."""


LEAST_WORK_S = 1e-3
"""Less than a clock tells of slides that were scored is no time to reckon with."""


@dataclass(frozen=True, slots=True)
class Current:
    """A slide in work."""

    slide_id: str
    since_s: float
    n_bytes: float
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Sums since the start, at one time."""

    at_s: float
    slides: int = 0
    """Ended here, whatever became of them."""

    worked: int = 0
    """Those of them that were scored."""

    n_bytes: float = 0.0
    """Of the slides that were scored."""

    mm2: float = 0.0
    """Tissue analysed."""

    work_s: float = 0.0
    """Seconds in work of all slides that ended, and of attempts that came to nothing."""

    in_work_s: float = 0.0
    """Seconds that the slides in work had behind them then."""

    others: int = 0
    """Slides that another batch scored."""

    others_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch has come; ``begun``, ``started``, ``ended`` and ``put_back`` give the next one."""

    total: int
    already: int
    """Scored before, or by another batch meanwhile."""

    bytes_to_do: float
    bytes_done: float
    bytes_each: float
    """Of a slide whose size is not known: the mean of the others."""

    began_s: float
    sums: Mark
    """At the last event."""

    marks: tuple[Mark, ...]
    """Oldest first; the window begins at the first."""

    costs: Costs = field(default_factory=Costs)
    counts: Mapping[str, int] = field(default_factory=dict)
    """Slides that ended here, by status."""

    retries: int = 0
    current: tuple[Current, ...] = ()

    @property
    def done(self) -> int:
        """Slides about which nothing is left to do."""
        return self.already + self.sums.slides


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast it goes; None is not known."""

    slides_per_h: float | None = None
    mm2_per_h: float | None = None
    left_s: float | None = None


def begun(total: int, already: int, bytes_total: float, *, unsized: int = 0, at_s: float) -> Progress:
    """Begin a batch.

    Parameters
    ----------
    total
        Slides in all.
    already
        Those of them that were scored before; no event tells of them.
    bytes_total
        Size of the files of the others, as far as there are files.
    unsized
        How many of the others have none: each counts as the mean of those that have.
    at_s
        Seconds of a clock that never goes back.
    """
    sized = total - already - unsized
    each = bytes_total / sized if sized > 0 and bytes_total > 0 else 1.0
    start = Mark(at_s)
    return Progress(
        total=total,
        already=already,
        bytes_to_do=each * (total - already),
        bytes_done=0.0,
        bytes_each=each,
        began_s=at_s,
        sums=start,
        marks=(start,),
    )


def started(
    progress: Progress, slide_id: str, *, n_bytes: float | None = None, host: str | None = None, at_s: float
) -> Progress:
    """Take a slide into work; one without a size counts as the mean."""
    one = Current(slide_id, at_s, progress.bytes_each if n_bytes is None else n_bytes, host)
    return replace(progress, current=(*_others(progress, slide_id), one))


def ended(
    progress: Progress, score: Mapping[str, Any], *, stood: bool, n_bytes: float | None = None, at_s: float
) -> Progress:
    """Take account of a slide that has its result.

    Parameters
    ----------
    progress
        Before it.
    score
        Content of score.json.
    stood
        Whether another batch scored it after this one began.
    n_bytes
        Its size, where ``started`` did not tell.
    at_s
        Seconds of the same clock.
    """
    one = _in_work(progress, score["slide_id"])
    size = n_bytes if n_bytes is not None else one.n_bytes if one else progress.bytes_each
    progress = replace(
        _stopped(progress, score["slide_id"], at_s),
        bytes_to_do=max(progress.bytes_to_do - size, 0.0),
        bytes_done=progress.bytes_done + size,
    )
    sums = progress.sums
    if stood:
        sums = replace(sums, others=sums.others + 1, others_bytes=sums.others_bytes + size)
        return _remembered(replace(progress, already=progress.already + 1, sums=sums))
    status = score["status"]
    sums = replace(
        sums, slides=sums.slides + 1, mm2=sums.mm2 + ((score.get("area_mm2") or {}).get("analysed") or 0.0)
    )
    counts = {**progress.counts, status: progress.counts.get(status, 0) + 1}
    progress = replace(progress, counts=counts, sums=sums)
    if status in WORKED and one:
        sums = replace(sums, worked=sums.worked + 1, n_bytes=sums.n_bytes + size)
        progress = replace(progress, sums=sums, costs=with_slide(progress.costs, size, at_s - one.since_s))
    return _remembered(progress)


def put_back(progress: Progress, slide_id: str, *, failed: bool, at_s: float) -> Progress:
    """Put a slide back into the queue: the attempt ``failed``, or another batch holds the slide."""
    return replace(_stopped(progress, slide_id, at_s), retries=progress.retries + failed)


def rates(progress: Progress, at_s: float) -> Rates:
    """Say how fast it goes, and how long it will take.

    A slide in work counts by the time that it has had, so that nothing jumps when several end together; and
    the whole is never done before its longest slide.
    """
    if progress.done >= progress.total:
        return Rates(left_s=0.0)
    sums, first = progress.sums, progress.marks[0]
    work_s = sums.work_s - first.work_s
    if sums.worked < SETTLED_SLIDES or at_s - progress.began_s < SETTLED_S or work_s < LEAST_WORK_S:
        return Rates()
    cost = _cost(progress)
    expected_s = [cost.of(1, one.n_bytes) for one in progress.current]
    had_s = _had_s(progress, cost, at_s)
    elapsed_s = at_s - first.at_s
    hands = max(work_s + sum(had_s) - first.in_work_s, work_s) / elapsed_s
    others = cost.of(sums.others - first.others, sums.others_bytes - first.others_bytes) / elapsed_s
    to_do_s = max(cost.of(progress.total - progress.done, progress.bytes_to_do), sum(expected_s)) - sum(had_s)
    longest_s = max((all_s - s for all_s, s in zip(expected_s, had_s, strict=True)), default=0.0)
    return Rates(
        slides_per_h=3600 * (sums.slides - first.slides) * hands / work_s,
        mm2_per_h=3600 * (sums.mm2 - first.mm2) * hands / work_s,
        left_s=max(to_do_s / (hands + others), longest_s),
    )


def _cost(progress: Progress) -> Cost:
    """Give what slides cost by size, at the speed of the window."""
    cost = fitted_cost(progress.costs)
    first, last = progress.marks[0], progress.sums
    should_s = cost.of(last.worked - first.worked, last.n_bytes - first.n_bytes)
    slower = (last.work_s - first.work_s) / should_s if should_s > 0 else 1.0
    return Cost(cost.fixed_s * slower, cost.per_byte_s * slower)


def _had_s(progress: Progress, cost: Cost, at_s: float) -> list[float]:
    """Give the seconds that each slide in work has had, as far as they count."""
    return [min(at_s - one.since_s, AT_MOST_DONE * cost.of(1, one.n_bytes)) for one in progress.current]


def _in_work(progress: Progress, slide_id: str) -> Current | None:
    return next((one for one in progress.current if one.slide_id == slide_id), None)


def _others(progress: Progress, slide_id: str) -> tuple[Current, ...]:
    return tuple(one for one in progress.current if one.slide_id != slide_id)


def _stopped(progress: Progress, slide_id: str, at_s: float) -> Progress:
    """Take a slide out of work; the time that it had is spent, whatever came of it."""
    one = _in_work(progress, slide_id)
    spent_s = at_s - one.since_s if one else 0.0
    sums = replace(progress.sums, at_s=at_s, work_s=progress.sums.work_s + spent_s)
    return replace(progress, current=_others(progress, slide_id), sums=sums)


def _remembered(progress: Progress) -> Progress:
    """Add a mark where the last is old, and drop those that the window no longer needs."""
    now, marks = progress.sums, progress.marks
    if now.at_s - marks[-1].at_s < MARK_EVERY_S or not now.worked:
        return progress
    in_work_s = sum(_had_s(progress, _cost(progress), now.at_s))
    marks = (*marks, replace(now, in_work_s=in_work_s))
    old = (
        i
        for i, mark in enumerate(marks)
        if now.at_s - mark.at_s >= WINDOW_S and now.worked - mark.worked >= WINDOW_SLIDES
    )
    return replace(progress, marks=marks[max(old, default=0) :])
