"""How much staining is none: the limit of blank from negative controls."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from her2path.errors import UsageError

MIN_CONTROLS = 20
"""Fewer do not tell a standard deviation well enough [P: domain reference §1.5]."""

Z_ONE_SIDED = 1.645
"""19 of 20 blanks lie below mean + 1.645 SD where they are normal (CLSI EP17, recalled, to be checked)."""


@dataclass(frozen=True, slots=True)
class Blank:
    """What negative controls, and controls of low expression, show. Shares of counted cells, 0 to 1."""

    n_negative: int
    mean_share: float
    sd_share: float
    limit_of_blank: float
    """Mean + 1.645 SD of the share of stained cells in negative controls."""

    n_low: int
    limit_of_detection: float | None
    """Limit of blank + 1.645 SD of controls of low expression; None without them."""


def limit_of_blank(negative: Sequence[float], low: Sequence[float] = ()) -> Blank:
    """Find from where on stained cells are more than blank.

    Parameters
    ----------
    negative
        Share of cells called stained in each negative control.
    low
        The same of controls of low expression; none, or as many.

    Raises
    ------
    UsageError
        If there are too few controls, or the controls of low expression do not rise above the blank.
    """
    problems = [
        f"{len(shares)} {kind}; at least {MIN_CONTROLS} are needed to know how much they vary"
        for kind, shares, wanted in (
            ("negative controls", negative, True),
            ("controls of low expression", low, bool(low)),
        )
        if wanted and len(shares) < MIN_CONTROLS
    ]
    if problems:
        raise UsageError("\n".join(problems))
    blank = min(1.0, mean(negative) + Z_ONE_SIDED * stdev(negative))
    if low and mean(low) <= blank:
        raise UsageError(
            f"controls of low expression have {mean(low):.4f} of their cells stained: not above the "
            f"limit of blank, {blank:.4f}; check which controls are which"
        )
    return Blank(
        n_negative=len(negative),
        mean_share=mean(negative),
        sd_share=stdev(negative),
        limit_of_blank=blank,
        n_low=len(low),
        limit_of_detection=min(1.0, blank + Z_ONE_SIDED * stdev(low)) if low else None,
    )
