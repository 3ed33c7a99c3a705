"""The words of a batch: how far it is, and in the end what every slide that needs a look needs it for."""

import re
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from her2path.batch.look import FINAL, Group, Look, LookRow, by_group, look_of
from her2path.batch.progress import Progress, Rates
from her2path.scoring.terms import SCORES

GROUP_WORDS: Mapping[Group, str] = {
    "failed": "failed",
    "not_evaluable": "not evaluable",
    "partial": "partial: some of the tissue could not be scored",
    "not_finished": "not finished",
    "flagged": "scored, with a warning",
    "borderline": "scored, close to another score",
}

FOREIGN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a file's name may hold and a terminal would obey, or no file can be written with."""

LONGEST_NAME = 32
"""Columns are made as wide as their names up to here; a longer name moves its own line alone."""

NAMED = 6
"""So many slides in work a progress line names."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a batch."""

    statuses: Mapping[str, int]
    """Slides by what became of them, worst last."""

    scores: Mapping[str, int]
    """Slides by score, lowest first."""

    looks: Mapping[Group, tuple[Look, ...]]
    already: int
    seconds: float
    slides_per_h: float | None
    """Of the slides that this batch worked on; None where there were none."""

    mm2_per_h: float | None


def summary_of(rows: Iterable[LookRow], progress: Progress, at_s: float) -> Summary:
    """Sum up.

    Parameters
    ----------
    rows
        One of every slide, whatever became of it.
    progress
        After the last event.
    at_s
        Seconds of its clock.
    """
    rows = tuple(rows)
    statuses = Counter(row.status if row.status in FINAL else "not_finished" for row in rows)
    scores = Counter(row.score for row in rows)
    seconds, ended = at_s - progress.began_s, progress.sums
    per_h = 3600 / seconds if seconds > 0 and ended.slides else None
    return Summary(
        statuses={status: statuses[status] for status in (*FINAL, "not_finished") if statuses[status]},
        scores={score: scores[score] for score in SCORES if scores[score]},
        looks=by_group(look for row in rows if (look := look_of(row))),
        already=progress.already,
        seconds=seconds,
        slides_per_h=per_h and ended.slides * per_h,
        mm2_per_h=per_h and ended.mm2 * per_h,
    )


def span(seconds: float) -> str:
    """Give a span of time as a person says it: ``12 s``, ``7 min``, ``3 h 16 min``, ``2 d 4 h``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    minutes = round(whole / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def area(mm2: float) -> str:
    """Give an area; small ones, as those of a biopsy, with a decimal."""
    return f"{mm2:,.1f} mm²" if mm2 < 10 else f"{mm2:,.0f} mm²"


def legible(text: str) -> str:
    """Put foreign text on one line, with nothing in it that a terminal would obey."""
    return FOREIGN.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def figures(progress: Progress, rates: Rates) -> tuple[str, ...]:
    """Give the numbers that are known, each with its unit."""
    failed = progress.counts.get("failed", 0)
    return (
        area(progress.sums.mm2),
        *(() if rates.slides_per_h is None else (f"{rates.slides_per_h:,.0f} slides/h",)),
        *(() if rates.left_s is None else (f"{_left(rates.left_s)} left",)),
        *((f"{progress.retries} tried again",) if progress.retries else ()),
        *((f"{failed} failed",) if failed else ()),
    )


def progress_line(progress: Progress, rates: Rates, held: Collection[str]) -> str:
    """Say in one line how far it is, and on which slides work is going on."""
    said = f"progress: {progress.done:,} of {progress.total:,} slides, {', '.join(figures(progress, rates))}"
    names = [legible(one.slide_id) for one in progress.current]
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        said += f"; now: {', '.join(names[:NAMED])}{more}"
    return said + (f"; {len(held)} held by another batch" if held else "")


def opening_lines(summary: Summary) -> Iterator[str]:
    """Yield how many slides became what, and how fast."""
    total = sum(summary.statuses.values())
    became = ", ".join(f"{n:,} {status.replace('_', ' ')}" for status, n in summary.statuses.items())
    yield f"{_slides(total)} in {span(summary.seconds)}" + (f": {became}" if became else "")
    if summary.already:
        yield f"{summary.already:,} of them scored before, or by another batch"
    if summary.scores:
        yield "scores: " + ", ".join(f"{score} in {n:,}" for score, n in summary.scores.items())
    if summary.slides_per_h is not None and summary.mm2_per_h is not None:
        yield f"{summary.slides_per_h:,.0f} slides/h, {area(summary.mm2_per_h)}/h"


def look_lines(looks: Mapping[Group, Sequence[Look]], width: int | None) -> Iterator[str]:
    """Yield every slide that needs a look, and why, worst first.

    Parameters
    ----------
    looks
        By group.
    width
        Columns to wrap at; None for a file, where a reason stands on one line.
    """
    n = sum(map(len, looks.values()))
    if not n:
        yield "no slide needs a look"
        return
    yield f"{_slides(n)} to look at:"
    for group, found in looks.items():
        yield f"{GROUP_WORDS[group]} ({len(found):,})"
        named = [look for look in found if look.reasons != ("not begun",)]
        name_width = min(max((len(legible(look.slide_id)) for look in named), default=0), LONGEST_NAME)
        for look in named:
            yield from _of_slide(look, name_width, width)
        if len(named) < len(found):
            yield f"  {_slides(len(found) - len(named))} not begun"


def next_lines(summary: Summary, out: Path) -> Iterator[str]:
    """Yield what to do next: where the tables are, whether to run again."""
    written = [
        out / name for name in ("cohort.csv", "cohort.parquet", "cohort.html") if (out / name).is_file()
    ]
    if written:
        yield f"cohort: {', '.join(legible(str(path)) for path in written)}"
    failed, rest = (len(summary.looks.get(group, ())) for group in ("failed", "not_finished"))
    if rest:
        more = f", and to try the {failed:,} that failed" if failed else ""
        yield f"finished slides are kept; run the same command again to go on with the other {rest:,}{more}"
    elif failed:
        yield f"run the same command again to try the {failed:,} that failed"


def _of_slide(look: Look, name_width: int, width: int | None) -> Iterator[str]:
    name = f"  {legible(look.slide_id):<{name_width}}  "
    if look.score is not None:
        name += f"{look.score:<2}  "
    for i, reason in enumerate(look.reasons):
        before, after = (name if i == 0 else " " * len(name)), " " * len(name)
        if width is None:
            yield before + legible(reason)
        else:
            yield from textwrap.wrap(
                legible(reason), max(width, 40), initial_indent=before, subsequent_indent=after
            )


def _left(seconds: float) -> str:
    """Nobody can tell the last minute to the second."""
    return "less than a minute" if seconds < 60 else span(seconds)


def _slides(n: int) -> str:
    return f"{n:,} slide{'' if n == 1 else 's'}"
