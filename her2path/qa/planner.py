"""How many slides a study needs before it can show the agreement that is asked for.

"Shown" means here: the lower end of Wilson's 95 % interval reaches the bound. Formulas, worked numbers and
failure modes: docs/science/planning-a-study.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import binom, nbinom

from her2path.arrays import Doubles
from her2path.errors import ConfigurationError, UsageError
from her2path.qa.values import Undefined

Z_95 = float(ndtri(0.975))
BOUNDS = (0.90, 0.95)
"""Concordance that the CAP guideline asks for since 2024, and the one it asked for HER2 before."""

MOST_DISAGREEMENTS = 5


@dataclass(frozen=True, slots=True)
class Size:
    """Slides that show a bound in spite of some disagreements."""

    bound: float
    disagreements: int
    n: int


@dataclass(frozen=True, slots=True)
class Chance:
    """What a study of ``n`` slides can hope for."""

    n: int
    allowed: int
    """Most disagreements with which the bound is still shown."""

    power: float
    """Chance that there are no more, if the agreement is what it is assumed to be."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Unselected slides to look through for enough of one class."""

    name: str
    rate: float
    wanted: int
    screened: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to "how many slides?"."""

    agreement: float
    """Assumed true agreement."""

    bound: float
    power: float
    sizes: tuple[Size, ...]
    chance: Chance | Undefined
    """The smallest study with the power asked for. Positive and negative agreement are proportions of
    different slides: it takes so many on each side of a cut."""

    collections: tuple[Collection, ...]
    assurance: float


def smallest_n(bound: float, disagreements: int = 0) -> int:
    """Fewest slides with which the lower end of Wilson's interval reaches a bound.

    Parameters
    ----------
    bound
        Agreement to be shown, between 0 and 1.
    disagreements
        Slides on which the two do not agree.
    """
    _check("bound", bound)
    # (n (1 − bound) − disagreements)² = z² bound (1 − bound) n, solved for the larger n
    apart, spread = 1 - bound, Z_95**2 * bound * (1 - bound)
    half = disagreements * apart + spread / 2
    return int(np.ceil((half + np.sqrt(half**2 - (apart * disagreements) ** 2)) / apart**2))


def most_disagreements(n: ArrayLike, bound: float) -> NDArray[np.int64]:
    """Most disagreements of ``n`` slides that leave Wilson's lower end at the bound; −1: not even none."""
    slides = np.asarray(n, float)
    most = slides * (1 - bound) - Z_95 * np.sqrt(bound * (1 - bound) * slides)
    return np.maximum(np.floor(most), -1).astype(np.int64)


def power(n: ArrayLike, *, agreement: float, bound: float) -> Doubles:
    """Chance that a study of ``n`` slides shows the bound, exact.

    Parameters
    ----------
    n
        Slides, any shape.
    agreement
        True agreement.
    bound
        Agreement to be shown.
    """
    return np.asarray(binom.cdf(most_disagreements(n, bound), np.asarray(n, float), 1 - agreement))


def n_for_power(*, agreement: float, bound: float, power_wanted: float = 0.8) -> Chance | Undefined:
    """Fewest slides from which on the power never falls below what is asked for.

    Disagreements are whole, and power goes up and down from slide to slide: a smaller study can have it by
    the luck of its number, and lose it when one slide more is read.

    Parameters
    ----------
    agreement
        True agreement.
    bound
        Agreement to be shown.
    power_wanted
        Chance to show it.
    """
    for name, value in (("bound", bound), ("power", power_wanted)):
        _check(name, value)
    if not 0 <= agreement <= 1:
        raise UsageError(f"agreement is {agreement}: it must be between 0 and 1.")
    if agreement <= bound:
        return Undefined(f"a true agreement of {agreement:.1%} is not above the bound of {bound:.1%}")
    spread = Z_95 * np.sqrt(bound * (1 - bound)) + max(ndtri(power_wanted), 0) * np.sqrt(
        agreement * (1 - agreement)
    )
    # The normal approximation, doubled: steps of the exact power are small beside that.
    n = np.arange(1, int(2 * (spread / (agreement - bound)) ** 2) + 200)
    enough = power(n, agreement=agreement, bound=bound) >= power_wanted
    first = int(n[~enough].max()) + 1
    chance = power(first, agreement=agreement, bound=bound)
    return Chance(first, int(most_disagreements(first, bound)), float(chance))


def collect(rates: Mapping[str, float], wanted: int, *, assurance: float = 0.95) -> tuple[Collection, ...]:
    """Count the unselected slides that it takes to find enough of every class.

    Parameters
    ----------
    rates
        Share of the unselected slides by class.
    wanted
        Slides of each class.
    assurance
        Chance that all classes are complete; what is missing to 1 is shared out equally among them.

    Raises
    ------
    ConfigurationError
        If the rates are not shares; every mistake at once.
    """
    problems = [
        f"{name}: the rate {rate} is not between 0 and 1" for name, rate in rates.items() if not 0 < rate <= 1
    ]
    if sum(rates.values()) > 1 + 1e-9:
        problems.append(f"the rates add up to {sum(rates.values()):.3g}, more than all slides")
    if problems:
        raise ConfigurationError("rates", problems)
    _check("assurance", assurance)
    each = 1 - (1 - assurance) / max(len(rates), 1)
    return tuple(
        Collection(name, rate, wanted, wanted + int(nbinom.ppf(each, wanted, rate)))
        for name, rate in rates.items()
    )


def plan(
    *,
    agreement: float = 0.95,
    bound: float = 0.90,
    power: float = 0.80,
    rates: Mapping[str, float] | None = None,
    assurance: float = 0.95,
) -> Plan:
    """Plan a study of agreement.

    Parameters
    ----------
    agreement
        Agreement that the two are believed to have.
    bound
        Agreement to be shown.
    power
        Chance to show it.
    rates
        Share of each class among unselected slides: tells how many to look through so that each class has as
        many as the power asks for.
    assurance
        Chance that those suffice.
    """
    chance = n_for_power(agreement=agreement, bound=bound, power_wanted=power)
    bounds = sorted({*BOUNDS, bound})
    sizes = tuple(Size(one, k, smallest_n(one, k)) for one in bounds for k in range(MOST_DISAGREEMENTS + 1))
    collections = (
        collect(rates, chance.n, assurance=assurance) if rates and isinstance(chance, Chance) else ()
    )
    return Plan(agreement, bound, power, sizes, chance, collections, assurance)


def parse_rates(texts: Sequence[str]) -> dict[str, float]:
    """Read rates as they are written on a command line: ``["0=0.27", "1+=0.40"]``.

    Raises
    ------
    ConfigurationError
        If a text is not a name and a number; every mistake at once.
    """
    rates, problems = {}, []
    for text in texts:
        name, _, number = (part.strip() for part in text.rpartition("="))
        try:
            rates[name] = float(number)
        except ValueError:
            problems.append(
                f"{text!r}: {number!r} is not a number; write a class and its share, such as 1+=0.40"
            )
        if not name:
            problems.append(f"{text!r} names no class; write a class and its share, such as 1+=0.40")
    if problems:
        raise ConfigurationError("rates", problems)
    return rates


def plan_lines(found: Plan) -> list[str]:
    """Say a plan in lines for a terminal."""
    lines = [
        f"agreement of at least {bound:.0%} is shown by "
        + ", ".join(f"{one.n} slides with {one.disagreements}" for one in found.sizes if one.bound == bound)
        + " disagreements"
        for bound in sorted({one.bound for one in found.sizes})
    ]
    if isinstance(found.chance, Undefined):
        return [*lines, f"no number of slides is enough: {found.chance.reason}"]
    chance = found.chance
    lines.append(
        f"a true agreement of {found.agreement:.1%} is shown to be {found.bound:.1%} or more with a chance "
        f"of {chance.power:.1%} by {chance.n} slides, of which {chance.allowed} may disagree: "
        f"{chance.n} slides in all for overall agreement, {chance.n} slides on each side of a cut for "
        "positive and negative agreement, each of them with that chance"
    )
    if found.collections:
        most = max(one.screened for one in found.collections)
        lines.append(
            f"look through {most} unselected slides, so that each class reaches {chance.n} "
            f"with a chance of {found.assurance:.0%}:"
        )
    lines.extend(
        f"{one.name}: {one.screened} unselected slides at a rate of {one.rate:.1%}"
        for one in found.collections
    )
    return lines


def _check(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise UsageError(f"{name} is {value}: it must be between 0 and 1, such as 0.9 for 90 %.")
