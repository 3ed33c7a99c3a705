"""How mixed a set of grades is: three indices of ``p``, the share of each grade."""

import numpy as np

from her2path.arrays import Doubles


def shannon(p: Doubles) -> float:
    """Shannon entropy in nats; 0 for a single grade, ``log(len(p))`` for all alike.

    References
    ----------
    Shannon CE. A mathematical theory of communication. 1948.
    """
    present = p[p > 0]
    return max(0.0, -float((present * np.log(present)).sum()))


def simpson(p: Doubles) -> float:
    """Gini-Simpson index: probability that two cells drawn at random differ in grade.

    References
    ----------
    Simpson EH. Nature 1949 (recalled, to be checked).
    """
    return float(1 - (p**2).sum())


def rao(p: Doubles) -> float:
    """Rao's quadratic entropy: mean difference in grade of two cells drawn at random, in grades.

    References
    ----------
    Rao CR. Theor Popul Biol 1982 (recalled, to be checked).
    """
    grade = np.arange(len(p))
    return float(p @ np.abs(grade[:, None] - grade[None, :]) @ p)
