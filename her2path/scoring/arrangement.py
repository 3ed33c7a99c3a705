"""How positive and negative tumour cells lie to one another: homogeneous, clustered, mosaic or scattered.

The words are those of the literature on HER2 heterogeneity; it gives no numbers, so that every number
here is a choice of this project (docs/science/heterogeneity.md).
"""

from typing import Literal, TypeAlias

import numpy as np
from scipy.spatial import cKDTree

from her2path.arrays import Doubles, Mask
from her2path.scoring.clusters import linked_groups

Pattern: TypeAlias = Literal["homogeneous", "clustered", "mosaic", "scattered"]

LINK_UM = 25.0
"""Centres of cells of one group are at most this far apart: 20-30 µm, one and a half to two cells [P]."""

NEAREST = 6
"""Neighbours looked at: those of a cell in a closed sheet of cells."""

MIN_MINORITY_CELLS = 10
"""Fewer cells than this are not a population [P]."""

MIN_MINORITY_SHARE = 0.05
"""A smaller share is a population only if it lies together [P]."""

SEGREGATED = 0.5
"""Segregation from which a minority lies together: halfway from chance to apart [P]."""

LARGEST_SHARE = 0.5
"""Share of the minority that the largest group of a cluster holds [P]."""

SINGLE_SHARE = 0.5
"""Share of the minority without a fellow among its nearest cells above which it is scattered [P]."""


def arrangement(yx_um: Doubles, positive: Mask) -> Pattern:
    """Name the arrangement of positive and negative cells.

    Parameters
    ----------
    yx_um
        ``(n, 2)`` cell centres, µm.
    positive
        ``(n,)`` cells at or above grade 2. Whichever of positive and negative is rarer is the *minority*
        that is looked at: negative islands in a positive tumour matter as much as the reverse.

    Returns
    -------
    Pattern
        ``homogeneous``: hardly any minority · ``clustered``: the minority lies together, most of it in one
        group · ``scattered``: mostly single cells · ``mosaic``: everything between.
    """
    minority = positive if 2 * positive.sum() <= len(positive) else ~positive
    n, share = int(minority.sum()), float(minority.mean())
    if n < MIN_MINORITY_CELLS:
        return "homogeneous"
    fellows = fellow_share(yx_um, minority)
    largest = np.bincount(linked_groups(yx_um[minority], LINK_UM)).max()
    if segregation(fellows, minority) >= SEGREGATED and largest >= LARGEST_SHARE * n:
        return "clustered"
    if share < MIN_MINORITY_SHARE:
        return "homogeneous"
    return "scattered" if (fellows == 0).mean() > SINGLE_SHARE else "mosaic"


def fellow_share(yx_um: Doubles, members: Mask) -> Doubles:
    """Share of members among the ``NEAREST`` other cells of each member.

    Parameters
    ----------
    yx_um
        ``(n, 2)`` cell centres, µm; two or more.
    members
        ``(n,)``.

    Returns
    -------
    Doubles
        One value a member, 0 to 1.
    """
    nearest = cKDTree(yx_um).query(yx_um[members], k=min(NEAREST + 1, len(members)))[1]
    # A cell is usually its own nearest, but not where two lie at one point.
    others = nearest != np.flatnonzero(members)[:, None]
    share: Doubles = (members[nearest] & others).sum(axis=1) / others.sum(axis=1)
    return share


def segregation(fellows: Doubles, members: Mask) -> float:
    """How much the members keep to themselves.

    Parameters
    ----------
    fellows
        From ``fellow_share``.
    members
        ``(n,)``, not all of them.

    Returns
    -------
    float
        Excess of fellows over what labels at random would give: 0 for labels at random, 1 for members
        among themselves, negative where they avoid one another.
    """
    expected = (int(members.sum()) - 1) / (len(members) - 1)
    return (float(fellows.mean()) - expected) / (1 - expected)
