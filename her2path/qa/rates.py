"""The rates that a laboratory watches: how many slides are 0, ultralow, low, positive."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import numpy as np

from her2path.arrays import Codes
from her2path.qa.readings import LEVEL, STATUS, Rater, codes_on
from her2path.qa.spelling import UNKNOWN

RateName: TypeAlias = Literal["zero", "ultralow", "low", "positive", "low of negative"]

RATES: tuple[RateName, ...] = get_args(RateName)

LOW, POSITIVE = LEVEL.classes.index("low"), STATUS.classes.index("positive")


def hits_of(rater: Rater, ish: Codes | None) -> Mapping[RateName, Codes]:
    """Tell for every slide whether it counts towards each rate.

    Parameters
    ----------
    rater
        ``n`` readings.
    ish
        ``(n,)`` ISH of the slides; None where it was not told.

    Returns
    -------
    Mapping
        ``(n,)`` 1 where it counts, 0 where not, ``UNKNOWN`` where the reading does not say: a 2+ without
        ISH is known to be neither low nor positive, and leaves both rates. Of a rater who never tells null
        from ultralow, no slide is known to be ultralow or not.
    """
    status = codes_on(STATUS, rater, ish)
    # Score 0 is not low, whether or not null was told from ultralow.
    level = np.where(rater.scores == 0, 0, codes_on(LEVEL, rater, ish))
    categories = rater.categories if rater.splits_zero else np.full_like(rater.categories, UNKNOWN)
    low = _is(level, LOW)
    return {
        "zero": _is(rater.scores, 0),
        "ultralow": _is(categories, 1),
        "low": low,
        "positive": _is(status, POSITIVE),
        "low of negative": np.where(status == POSITIVE, UNKNOWN, low).astype(np.int8),
    }


def _is(codes: Codes, wanted: int) -> Codes:
    return np.where(codes == UNKNOWN, UNKNOWN, codes == wanted).astype(np.int8)
