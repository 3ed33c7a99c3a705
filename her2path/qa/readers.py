"""Many readers: how agreement falls with their number, and each of them against the others.

A consensus is what most readers said, and a comparator; it is not the truth. Formulas, sources and failure
modes: docs/science/method-comparison.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from her2path.arrays import Bools, Codes
from her2path.qa.confusion import proportion
from her2path.qa.significance import PValue, sign_test
from her2path.qa.spelling import UNKNOWN
from her2path.qa.values import Estimate, Statistic, Undefined

LEVEL_WITHIN = 0.01
"""Agreement has levelled off where the readers still to come take less than one slide in a hundred: ours."""


@dataclass(frozen=True, slots=True)
class OnestCurve:
    """Share of slides on which all of 2, 3, … readers agree."""

    agreement: tuple[Estimate, ...]
    """The first is of two readers. The interval holds 95 % of the orders in which readers may come: how much
    depends on who reads, and nothing of the slides."""

    levels_off: int | None
    """Readers after whom the curve falls by less than ``LEVEL_WITHIN`` to its end; None where it falls to the
    last: more readers would find more disagreement."""


@dataclass(frozen=True, eq=False)
class Consensus:
    """What most readers said of each slide."""

    codes: Codes
    """``(slides,)``; UNKNOWN where there is none."""

    tied: Bools
    """``(slides,)`` no class was called most often."""

    too_few: Bools
    """``(slides,)`` fewer than two readings."""


@dataclass(frozen=True, slots=True)
class AgainstOthers:
    """One reader, and perhaps a program, against the consensus of the other readers."""

    reader: str
    agreement: Statistic
    """The reader with the consensus of the others."""

    program: Statistic | None
    """The program with the same consensus on the same slides; None without a program."""

    difference: PValue | None
    """Exact test of McNemar: that both agree with the consensus equally often."""

    tied: int
    """Slides that the reader read and that have no consensus because the others are tied."""

    too_few: int
    """Slides that the reader read and fewer than two others did."""


@dataclass(frozen=True, slots=True)
class Unanimity:
    """Slides that all readers call the same."""

    overall: Statistic
    by_class: Mapping[str, Statistic]
    """Share of all slides on which all readers call this class."""


def onest(readings: Codes, *, permutations: int = 1000, seed: int = 0) -> OnestCurve | Undefined:
    """Follow the agreement of all readers as one after the other joins.

    Observers needed to evaluate a subjective test. The curve is the mean over all orders of the readers and
    exact; its band is drawn from random orders.

    Parameters
    ----------
    readings
        ``(slides, readers)``, UNKNOWN where there is none. Slides that all readers read are used.
    permutations
        How many random orders.
    seed
        Of the random orders.

    References
    ----------
    Reisenbichler ES, Han G, Bellizzi A, et al. Mod Pathol 2020 (recalled, to be checked).
    """
    read = readings[(readings != UNKNOWN).all(axis=1)]
    n, n_readers = read.shape
    if n_readers < 2 or n == 0:
        return Undefined("no slide that two readers or more all read" if n == 0 else "a single reader", n)
    among = np.arange(2, n_readers + 1)
    votes = _votes(read)
    same_groups = comb(votes[..., None], among).sum(axis=(0, 1))
    value = same_groups / (n * comb(n_readers, among))

    order = np.random.default_rng(seed).permuted(np.tile(np.arange(n_readers), (permutations, 1)), axis=1)
    first = read[:, order[:, 0]]
    same = np.ones_like(first, bool)
    low, high = np.empty(len(among)), np.empty(len(among))
    for k in range(1, n_readers):
        same &= read[:, order[:, k]] == first
        low[k - 1], high[k - 1] = np.quantile(same.mean(axis=0), (0.025, 0.975))
    method = (
        f"share of slides on which all of {{}} readers agree; 95 % of {permutations} orders of the readers"
    )
    curve = tuple(
        Estimate(float(mean), float(min(lower, mean)), float(max(upper, mean)), n, method.format(k))
        for k, mean, lower, upper in zip(among, value, low, high, strict=True)
    )
    level = int(among[np.argmax(value - value[-1] <= LEVEL_WITHIN)])
    return OnestCurve(curve, level if level < n_readers else None)


def consensus(readings: Codes) -> Consensus:
    """Take the class that most readers call; where two are called equally often there is none.

    Parameters
    ----------
    readings
        ``(slides, readers)``, UNKNOWN where there is none.
    """
    votes = _votes(readings)
    too_few = votes.sum(axis=1) < 2
    tied = ~too_few & (np.count_nonzero(votes == votes.max(axis=1, keepdims=True), axis=1) > 1)
    codes = np.where(too_few | tied, UNKNOWN, votes.argmax(axis=1)).astype(np.int8)
    return Consensus(codes, tied, too_few)


def leave_one_out(
    readings: Codes, names: Sequence[str], *, program: Codes | None = None
) -> tuple[AgainstOthers, ...] | Undefined:
    """Hold each reader, and the program beside him, against the consensus of the other readers.

    A reader who is part of the consensus agrees with himself. The program is held against the same consensus
    as the reader, on the same slides, so that both numbers may be compared.

    Parameters
    ----------
    readings
        ``(slides, readers)``, UNKNOWN where there is none; without the program.
    names
        Of the readers.
    program
        ``(slides,)`` what the program gives.
    """
    if readings.shape[1] < 3:
        return Undefined(
            f"too few readers ({readings.shape[1]}): a consensus of the others takes three", len(readings)
        )
    return tuple(
        _against_others(names[i], readings[:, i], consensus(np.delete(readings, i, axis=1)), program)
        for i in range(len(names))
    )


def against_consensus(codes: Codes, of_readers: Consensus, who: str) -> Statistic:
    """Give the share of slides on which somebody who is no part of a consensus agrees with it."""
    return _share(codes, of_readers.codes, who)


def unanimity(readings: Codes, classes: Sequence[str]) -> Unanimity:
    """Count the slides that all readers call the same.

    Parameters
    ----------
    readings
        ``(slides, readers)``, UNKNOWN where there is none. Slides that all readers read are used.
    classes
        Names of the classes, lowest first.
    """
    read = readings[(readings != UNKNOWN).all(axis=1)]
    n, n_readers = read.shape
    if n_readers < 2:
        nothing = Undefined("a single reader", n)
        return Unanimity(nothing, dict.fromkeys(classes, nothing))
    same = (read == read[:, :1]).all(axis=1)
    counts = np.bincount(read[same, 0], minlength=len(classes)).tolist()

    def share(count: int, what: str) -> Statistic:
        return proportion(count, n, what, of_nobody="no slide was read by all readers")

    return Unanimity(
        share(sum(counts), "share of slides on which all readers agree"),
        {
            name: share(count, f"share of slides that all readers call {name}")
            for name, count in zip(classes, counts, strict=True)
        },
    )


def _against_others(reader: str, own: Codes, others: Consensus, program: Codes | None) -> AgainstOthers:
    read = own != UNKNOWN
    tied, too_few = (int(np.count_nonzero(read & why)) for why in (others.tied, others.too_few))
    if program is None:
        return AgainstOthers(reader, _share(own, others.codes, reader), None, None, tied, too_few)
    both = read & (program != UNKNOWN)
    by_reader, by_program, agreed = own[both], program[both], others.codes[both]
    one, other = (found == agreed for found in (by_reader, by_program))
    known = agreed != UNKNOWN
    return AgainstOthers(
        reader,
        _share(by_reader, agreed, reader),
        _share(by_program, agreed, "the program"),
        sign_test(
            int(np.count_nonzero(known & one & ~other)),
            int(np.count_nonzero(known & other & ~one)),
            int(np.count_nonzero(known)),
            "McNemar's test, exact",
        ),
        tied,
        too_few,
    )


def _share(codes: Codes, agreed: Codes, who: str) -> Statistic:
    known = (codes != UNKNOWN) & (agreed != UNKNOWN)
    return proportion(
        int(np.count_nonzero(codes[known] == agreed[known])),
        int(np.count_nonzero(known)),
        f"agreement of {who} with the consensus",
        of_nobody=f"no slide that {who} read has a consensus",
    )


def _votes(readings: Codes) -> NDArray[np.int64]:
    """``(slides, classes)`` how many readers call each class."""
    classes = np.arange(max(int(readings.max(initial=0)), 0) + 1)
    return np.asarray((readings[:, :, None] == classes).sum(axis=1))
