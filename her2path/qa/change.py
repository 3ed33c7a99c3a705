"""Two runs of the same slides: what came out otherwise, by how much, and what had been set otherwise.

A run may differ in recipe, version, weights or scanner. Which of two results is right, the comparison cannot
tell (docs/science/algorithm-change.md).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from her2path.arrays import Doubles
from her2path.qa.confusion import proportion
from her2path.qa.slide_result import DECISIONS, FRACTIONS, UNITS, Setting, SlideResult
from her2path.qa.values import Estimate, Statistic, Undefined

Pair: TypeAlias = tuple[SlideResult, SlideResult]

EXAMPLES = 3
"""Values of a setting that differs from slide to slide, such as the digest of its file, that are kept."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A slide that was decided otherwise."""

    slide_id: str
    decisions: tuple[tuple[str, str | None, str | None], ...]
    """What flipped, from what to what; None is no decision."""

    rules: tuple[str | None, str | None]
    """That fired before and after."""

    borderline: bool | None
    """Whether the interval of the deciding fraction held the cut-off in the first run."""

    reason: str | None
    """Why the second run has no score."""

    moved: tuple[tuple[str, float, float], ...]
    """Measures that moved, from what to what: fractions first, and of them the largest move."""

    settings: tuple[str, ...]
    """What had been set otherwise for this slide."""

    @property
    def sentence(self) -> str:
        """What flipped and why, as a person reads it."""
        told = [f"{what} {old or 'none'} → {new or 'none'}" for what, old, new in self.decisions]
        if self.rules[0] != self.rules[1]:
            told.append(f"rule {self.rules[0] or 'none'} → {self.rules[1] or 'none'}")
        told += [f"{what} {old:.4g} → {new:.4g}" for what, old, new in self.moved[:1]]
        if self.borderline:
            told.append("it was borderline")
        if self.reason:
            told.append(self.reason)
        return f"{self.slide_id}: {'; '.join(told)}"


@dataclass(frozen=True, slots=True)
class Transition:
    """Slides that went from one decision to another, or kept it."""

    what: str
    before: str | None
    after: str | None
    """None is no decision."""

    n: int


@dataclass(frozen=True, slots=True)
class Move:
    """How far one measure moved from the first run to the second."""

    what: str
    unit: str
    mean: Statistic
    """Mean of the differences, second less first."""

    largest: float | None
    """The difference farthest from 0; None where no slide has the measure in both runs."""

    slide_id: str | None
    """Whose it is."""

    n_moved: int
    n_gained: int
    n_lost: int
    """Slides that have it in the second, or in the first, run alone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that was another."""

    key: str
    n: int
    """Slides that it differs for."""

    values: tuple[tuple[Setting, Setting, int], ...]
    """Before, after, and for how many slides: the most common first, at most ``EXAMPLES``. None where one run
    does not know the setting."""

    @property
    def sentence(self) -> str:
        """The setting and its commonest values, as a person reads it."""
        before, after, n = self.values[0]
        told = f"{self.key}: {before} → {after}"
        return told if n == self.n else f"{told}, and others ({self.n} slides)"


@dataclass(frozen=True, eq=False)
class Change:
    """Everything that two runs of the same slides differ in."""

    n: int
    """Slides in both."""

    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    flips: tuple[Flip, ...]
    transitions: tuple[Transition, ...]
    """Of every decision that both runs tell: all slides in both."""

    agreement: Mapping[str, Statistic]
    """By decision that both runs tell: the share of the slides with one in both runs that kept it."""

    moves: tuple[Move, ...]
    """Of every measure that both runs tell."""

    differences: tuple[Difference, ...]
    """By key."""

    @property
    def is_none(self) -> bool:
        """Whether the runs have the same slides and the same results, whatever was set."""
        moved = any(move.n_moved or move.n_gained or move.n_lost for move in self.moves)
        return not (self.flips or moved or self.only_before or self.only_after)


def compare_runs(before: Sequence[SlideResult], after: Sequence[SlideResult]) -> Change:
    """Compare two runs, slide by slide.

    Parameters
    ----------
    before, after
        Results, each slide once, in any order.

    Returns
    -------
    Change
        Slides by name. What only one of the runs tells is not compared.
    """
    first, second = ({one.slide_id: one for one in run} for run in (before, after))
    pairs = [(first[name], second[name]) for name in sorted(first.keys() & second.keys())]
    return Change(
        n=len(pairs),
        only_before=tuple(sorted(first.keys() - second.keys())),
        only_after=tuple(sorted(second.keys() - first.keys())),
        flips=tuple(flip for pair in pairs if (flip := _flip(*pair))),
        transitions=tuple(_transitions(pairs)),
        agreement={
            what: _agreement(pairs, what)
            for what in DECISIONS
            if any(what in a.decisions and what in b.decisions for a, b in pairs)
        },
        moves=tuple(
            _move(what, told)
            for what in UNITS
            if (told := [pair for pair in pairs if all(what in one.measures for one in pair)])
        ),
        differences=_differences(pairs),
    )


def _flip(before: SlideResult, after: SlideResult) -> Flip | None:
    flipped = [
        (what, before.decisions[what], after.decisions[what])
        for what in DECISIONS
        if what in before.decisions and what in after.decisions
        if before.decisions[what] != after.decisions[what]
    ]
    if not flipped:
        return None
    both = {name: (before.measures.get(name), after.measures.get(name)) for name in UNITS}
    moved = [(name, a, b) for name, (a, b) in both.items() if a is not None and b is not None and a != b]
    return Flip(
        slide_id=before.slide_id,
        decisions=tuple(flipped),
        rules=(before.rule, after.rule),
        borderline=before.borderline,
        reason=after.reason,
        moved=tuple(sorted(moved, key=lambda one: (one[0] not in FRACTIONS, -abs(one[2] - one[1])))),
        settings=tuple(key for key, _, _ in _set_otherwise(before, after)),
    )


def _transitions(pairs: Sequence[Pair]) -> Iterator[Transition]:
    for what in DECISIONS:
        told = Counter(
            (before.decisions[what], after.decisions[what])
            for before, after in pairs
            if what in before.decisions and what in after.decisions
        )
        # None last: a slide without a decision is no lowest class.
        for (old, new), n in sorted(
            told.items(), key=lambda one: [(name is None, name or "") for name in one[0]]
        ):
            yield Transition(what, old, new, n)


def _agreement(pairs: Sequence[Pair], what: str) -> Statistic:
    known = [(a.decisions.get(what), b.decisions.get(what)) for a, b in pairs]
    kept = [before == after for before, after in known if before is not None and after is not None]
    of_nobody = f"no slide has a {what} in both runs"
    return proportion(sum(kept), len(kept), f"share with the same {what}", of_nobody=of_nobody)


def _move(what: str, pairs: Sequence[Pair]) -> Move:
    # None is the only thing here that is not a number, and becomes NaN.
    values = np.array([[one.measures[what] for one in pair] for pair in pairs], float)
    known = np.isfinite(values)
    both = known.all(axis=1)
    deltas = values[both, 1] - values[both, 0]
    farthest = int(np.abs(deltas).argmax()) if len(deltas) else None
    return Move(
        what=what,
        unit=UNITS[what],
        mean=_mean(deltas),
        largest=None if farthest is None else float(deltas[farthest]),
        slide_id=None if farthest is None else pairs[int(np.flatnonzero(both)[farthest])][0].slide_id,
        n_moved=int(np.count_nonzero(deltas)),
        n_gained=int(np.count_nonzero(known[:, 1] & ~known[:, 0])),
        n_lost=int(np.count_nonzero(known[:, 0] & ~known[:, 1])),
    )


def _mean(deltas: Doubles) -> Statistic:
    from scipy.special import stdtrit

    n = len(deltas)
    if not n:
        return Undefined("no slide has it in both runs", 0)
    mean, method = float(deltas.mean()), "mean difference; Student's t interval, 95 %"
    if n < 2:
        return Estimate(mean, None, None, n, method, "no interval: one slide has no spread")
    reach = float(stdtrit(n - 1, 0.975) * deltas.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - reach, mean + reach, n, method)


def _differences(pairs: Sequence[Pair]) -> tuple[Difference, ...]:
    by_key: dict[str, Counter[tuple[Setting, Setting]]] = {}
    for pair in pairs:
        for key, before, after in _set_otherwise(*pair):
            by_key.setdefault(key, Counter())[before, after] += 1
    return tuple(
        Difference(
            key,
            counts.total(),
            tuple((before, after, n) for (before, after), n in counts.most_common(EXAMPLES)),
        )
        for key, counts in sorted(by_key.items())
    )


def _set_otherwise(before: SlideResult, after: SlideResult) -> Iterator[tuple[str, Setting, Setting]]:
    """Give the settings that are others; a group that one run does not tell, as ``recipe``, is left out."""
    told = _groups(before.settings) & _groups(after.settings)
    for key in sorted(before.settings.keys() | after.settings.keys()):
        if _group(key) in told and before.settings.get(key) != after.settings.get(key):
            yield key, before.settings.get(key), after.settings.get(key)


def _groups(settings: Mapping[str, Setting]) -> set[str]:
    return {_group(key) for key in settings}


def _group(key: str) -> str:
    return key.partition(".")[0]
