"""Coefficients of agreement, on any number of tables at once.

The libraries give them for one table at a time; a bootstrap needs thousands. What is quoted for the data
comes from the libraries where they have it (`pairs.py`, `many_raters.py`), the spread from here; the tests
hold that both agree. A coefficient that a table does not define is NaN here, and never leaves the package so.
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles

Metric: TypeAlias = Literal["nominal", "ordinal", "interval"]

Tables: TypeAlias = NDArray[np.int64] | Doubles
"""``(..., k, k)`` counts."""


def cohen(tables: Tables, weights: Doubles) -> Doubles:
    """Compute Cohen's kappa.

    Parameters
    ----------
    tables
        ``(..., k, k)`` rows one rater, columns the other.
    weights
        ``(k, k)`` agreement credited to a pair of classes.

    Returns
    -------
    Doubles
        ``(...)``; NaN where both raters gave one and the same class only.

    Notes
    -----
    Cohen 1960, Educ Psychol Meas 20:37; weighted: Cohen 1968, Psychol Bull 70:213.
    """
    total = tables.sum(axis=(-2, -1))
    observed = (tables * weights).sum(axis=(-2, -1))
    chance = np.einsum("...i,ij,...j->...", tables.sum(axis=-1), weights, tables.sum(axis=-2))
    return _ratio(observed * total - chance, total * total - chance)


def fleiss(coincidences: Tables) -> Doubles:
    """Compute Fleiss' kappa from coincidences, where every slide has as many readings.

    Parameters
    ----------
    coincidences
        ``(..., k, k)`` as `many_raters.coincidences` gives them, summed over slides.

    Returns
    -------
    Doubles
        ``(...)``; NaN where all readings are of one class.

    Notes
    -----
    Fleiss 1971, Psychol Bull 76:378.
    """
    total = coincidences.sum(axis=(-2, -1))
    same = np.trace(coincidences, axis1=-2, axis2=-1)
    chance = (coincidences.sum(axis=-1) ** 2).sum(axis=-1)
    return _ratio(same * total - chance, total * total - chance)


def krippendorff(coincidences: Tables, metric: Metric) -> Doubles:
    """Compute Krippendorff's alpha from coincidences; shapes as `fleiss`.

    Notes
    -----
    Krippendorff 2004, Content Analysis, ch. 11. The ordinal metric is his: the squared number of readings
    between two classes, half of each class included, which is the difference of their mean ranks.
    """
    of_class = coincidences.sum(axis=-1)
    k = coincidences.shape[-1]
    if metric == "ordinal":
        place = np.cumsum(of_class, axis=-1) - of_class / 2
    else:
        place = np.broadcast_to(np.arange(k, dtype=np.float64), of_class.shape)
    distance = (place[..., :, None] - place[..., None, :]) ** 2
    if metric == "nominal":
        distance = np.broadcast_to(1.0 - np.eye(k), distance.shape)
    observed = (coincidences * distance).sum(axis=(-2, -1))
    expected = np.einsum("...i,...ij,...j->...", of_class, distance, of_class)
    return _ratio(expected - (of_class.sum(axis=-1) - 1) * observed, expected)


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    """Divide, NaN where there is nothing to divide by."""
    ratio: Doubles = np.divide(
        above, below, out=np.full(np.shape(below), np.nan), where=np.asarray(below) > 0
    )
    return ratio
