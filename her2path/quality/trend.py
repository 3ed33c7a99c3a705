"""Membrane density along the section, and from its border inwards: the trend, and whether it is a gradient.

Clones stain alike over long ways, and a tumour of two clones is no gradient. A gradient is called where the
trend is more than the same blocks of tissue show in another order, and there is tissue between its ends
(docs/science/gradient.md).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from her2path.arrays import Doubles, Floats
from her2path.cells.table import CellTable
from her2path.image.geometry import PixelSize

Course: TypeAlias = Literal["across", "from_border"]

BLOCKS_ALONG = (5, 8)
"""Into how many squares the longer side of the tumour is cut: clones shorter than a fifth of it lie within a
square of the first cut, those that are hardly longer across two; the second cut resolves the way from the
border to the middle. The larger p of the two holds."""

STAINED_QUANTILE = 0.75
"""Of the stained cells of a block, how dark its well stained ones are: where clones mingle their shares
change from block to block, and the density of the darker one stays."""

MIN_BLOCK_CELLS = 12
"""Stained cells. Fewer do not tell the mean of a block (as for a hexagon of the heterogeneity map) [P]."""

MIN_BLOCKS = 10
"""Fewer, in a thousand orders, are often by chance as well in order as a gradient is [P]."""

PERMUTATIONS = 999
SEED = 20180530
"""The same table gives the same answer."""

MAX_P = 0.01
"""Of a slide without a gradient, once in a hundred; two courses are looked at, and the criteria below are met
beside it [P]."""

MATTERS_OD, MATTERS_SHARE = 0.10, 0.25
"""From one end to the other at least so much density, half of the band of weak staining, and at least this
share of the darker end: a quarter less turns a strong membrane of 0.8 into one on its cut-off [P]."""

MIN_EXPLAINED = 0.5
"""Of the variance between blocks: what is left over is less than the trend [P]."""

MIN_BETWEEN = 0.1
"""Of the blocks lie between the ends: a ramp has half of them there, two clones side by side those that both
share [P]."""

ENDS = (10.0, 90.0)
"""Percentiles of the blocks' places that stand for the two ends of the tissue."""

COUNTERSTAIN_FOLLOWS = 0.5
"""A counterstain that changes by at least half of what DAB does, in proportion, and in the same direction,
has the same cause: thickness, fixation or the scanner [P]."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Membrane density along one course, from its paler to its darker end."""

    course: Course
    rise_od: float
    """Of the fitted line between ``ENDS``; 0 or more."""

    low_od: float
    """The line at its paler end."""

    high_od: float
    explained: float
    """Share of the variance between blocks."""

    between: float
    """Share of the blocks whose density lies in the middle half of the range."""

    p: float
    n_blocks: int
    length_um: float
    """From end to end."""

    direction_deg: float | None
    """Where it gets darker, clockwise from +x as the slide is shown; None from the border."""

    deeper_is_darker: bool | None
    """None across."""

    profile_od: tuple[float, ...]
    """Mean of the blocks of each fifth of the way, from the paler to the darker end; NaN for no block."""

    profile_stained: tuple[float, ...]
    """Share of stained cells of the same blocks."""

    counterstain: float | None
    """How much the counterstain changes over the same way, over how much the membranes do, each in proportion
    to its mean; None where it is not known."""

    @property
    def is_gradient(self) -> bool:
        """Whether it is more than chance, a ramp, and enough to move a score."""
        matters = self.rise_od >= max(MATTERS_OD, MATTERS_SHARE * self.high_od)
        ramp = self.explained >= MIN_EXPLAINED and self.between >= MIN_BETWEEN
        return matters and ramp and self.p <= MAX_P

    @property
    def counterstain_follows(self) -> bool | None:
        """Whether the counterstain changes with the membranes; None where it is not known."""
        return None if self.counterstain is None else self.counterstain >= COUNTERSTAIN_FOLLOWS


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Means over the cells of each square of tissue."""

    yx_um: Doubles
    """``(n, 2)``"""

    od: Doubles
    stained: Doubles
    depth_um: Doubles
    counterstain_od: Doubles
    """NaN where it is not known."""


def staining_trends(
    cells: CellTable,
    depth_um: Floats | None,
    pixel_size: PixelSize,
    *,
    counterstain_od: Floats | None = None,
) -> tuple[Trend, ...]:
    """Fit membrane density across the section, and from its border inwards.

    Parameters
    ----------
    cells
        Rows that are ``counted``, with a pattern and a membrane density, take part.
    depth_um
        ``(n,)`` distance of each row from the border of the tissue, µm; not finite where there is no border
        to be seen. None where it is not known.
    pixel_size
        Of level 0.
    counterstain_od
        ``(n,)`` haematoxylin density of each nucleus; None where it is not known.

    Returns
    -------
    tuple of Trend
        Across first; what there are too few blocks for is not there.
    """
    used = cells.in_denominator & np.isfinite(cells.membrane_od)
    n = int(np.count_nonzero(used))
    if not n:
        return ()
    rows = cells.take(used)
    yx_um = rows.yx_um(pixel_size)
    unknown = np.full(n, np.nan)
    depth = unknown if depth_um is None else depth_um[used].astype(np.float64)
    counterstain = unknown if counterstain_od is None else counterstain_od[used].astype(np.float64)
    values = np.stack([rows.membrane_od, rows.pattern > 0, depth, counterstain], axis=1).astype(np.float64)
    cuts = [_blocks(yx_um, values, number) for number in BLOCKS_ALONG]
    courses: tuple[Course, ...] = ("across", "from_border")
    return tuple(trend for course in courses if (trend := _trend(cuts, course)) is not None)


def _blocks(yx_um: Doubles, values: Doubles, number: int) -> _Blocks:
    """Summarise squares, ``number`` of them along the longer side of what the cells cover."""
    start = yx_um.min(axis=0)
    edge_um = max(float((yx_um.max(axis=0) - start).max()), 1.0) / number
    row, column = np.minimum((yx_um - start) // edge_um, number - 1).astype(np.int64).T
    block = row * number + column
    order = np.argsort(block.astype(np.uint16), kind="stable")  # of two bytes: ten times as fast
    cuts = np.flatnonzero(np.diff(block[order])) + 1
    of_blocks = zip(*(np.split(all_.take(order, axis=0), cuts) for all_ in (values, yx_um)), strict=True)
    used = [(one, at) for one, at in of_blocks if np.count_nonzero(one[:, 1] > 0) >= MIN_BLOCK_CELLS]
    # A depth that is not finite anywhere in a block leaves the block without one.
    means = np.array([one.mean(axis=0) for one, _ in used]).reshape(-1, values.shape[1])
    upper = [np.quantile(one[one[:, 1] > 0, 0], STAINED_QUANTILE) for one, _ in used]
    middles = np.array([at.mean(axis=0) for _, at in used]).reshape(-1, 2)
    return _Blocks(middles, np.array(upper), means[:, 1], means[:, 2], means[:, 3])


def _trend(cuts: list[_Blocks], course: Course) -> Trend | None:
    """Fit on the blocks of the last cut that suffices; the larger p of all cuts holds."""
    known = [(blocks, place) for blocks in cuts if (place := _place(blocks, course)) is not None]
    if len(known) < len(cuts):
        return None
    # The finest: in wide blocks a jump looks like a ramp, for one of them lies on both its sides.
    blocks, place = known[-1]
    p = max(_p(cut.od[np.isfinite(where[:, 0])], where[np.isfinite(where[:, 0])]) for cut, where in known)
    inside = np.isfinite(place[:, 0])
    od, place = blocks.od[inside], place[inside]
    slope = _slope(od, place)
    along = place @ slope / max(float(np.linalg.norm(slope)), 1e-12)
    low, high = np.percentile(along, ENDS)
    steepness = float(np.linalg.norm(slope))
    middle_od = float(od.mean() + steepness * ((low + high) / 2 - along.mean()))
    rise = float(steepness * (high - low))
    fifth = np.clip(((along - low) / max(high - low, 1e-12) * 5).astype(np.int64), 0, 4)
    stain = blocks.counterstain_od[inside]
    return Trend(
        course=course,
        rise_od=rise,
        low_od=max(0.0, middle_od - rise / 2),
        high_od=middle_od + rise / 2,
        explained=_explained(od, od.mean() + (place - place.mean(axis=0)) @ slope),
        between=_between(od),
        p=p,
        n_blocks=len(od),
        length_um=float(high - low),
        direction_deg=float(np.degrees(np.arctan2(slope[0], slope[1])) % 360) if course == "across" else None,
        deeper_is_darker=bool(slope[0] > 0) if course == "from_border" else None,
        profile_od=_by_fifth(od, fifth),
        profile_stained=_by_fifth(blocks.stained[inside], fifth),
        counterstain=_relative(stain, along, od) if np.isfinite(stain).all() else None,
    )


def _place(blocks: _Blocks, course: Course) -> Doubles | None:
    """``(n, k)`` where each block lies along the course, NaN for not known; None for too few blocks."""
    place = blocks.yx_um if course == "across" else blocks.depth_um[:, None]
    place = np.where(np.isfinite(place), place, np.nan)
    known = np.isfinite(place[:, 0])
    enough = np.count_nonzero(known) >= MIN_BLOCKS and bool((np.ptp(place[known], axis=0) > 0).all())
    return place if enough else None


def _slope(od: Doubles, place: Doubles) -> Doubles:
    """OD per µm along each column of ``place``, by least squares."""
    centred = place - place.mean(axis=0)
    slope: Doubles = np.linalg.lstsq(centred, od - od.mean(), rcond=None)[0]
    return slope


def _explained(od: Doubles, fitted: Doubles) -> float:
    total = float(((od - od.mean()) ** 2).sum())
    return 1 - float(((od - fitted) ** 2).sum()) / total if total > 0 else 0.0


def _between(od: Doubles) -> float:
    """Share of the blocks in the middle half of the range: of a ramp half, of two plateaus none."""
    low, high = np.percentile(od, ENDS)
    quarter = (high - low) / 4
    return float(np.mean((od > low + quarter) & (od < high - quarter)))


def _p(od: Doubles, place: Doubles) -> float:
    """How often blocks in another order fit as well."""
    basis = np.linalg.qr(place - place.mean(axis=0))[0]
    centred = od - od.mean()
    rng = np.random.default_rng(SEED)
    orders = np.argsort(rng.random((PERMUTATIONS, len(od))), axis=1)
    observed = float(((centred @ basis) ** 2).sum())
    permuted = ((centred[orders] @ basis) ** 2).sum(axis=1)
    return (int(np.count_nonzero(permuted >= observed * (1 - 1e-12))) + 1) / (PERMUTATIONS + 1)


def _by_fifth(values: Doubles, fifth: np.ndarray) -> tuple[float, ...]:
    n = np.bincount(fifth, minlength=5)
    sums = np.bincount(fifth, values, minlength=5)
    return tuple(np.divide(sums, n, out=np.full(5, np.nan), where=n > 0).tolist())


def _relative(counterstain: Doubles, along: Doubles, od: Doubles) -> float | None:
    """Relative change of the counterstain over that of the membranes, along the same course."""
    place = along[:, None]
    change = float(_slope(counterstain, place)[0]) / float(counterstain.mean())
    of_membranes = float(_slope(od, place)[0]) / float(od.mean())
    return change / of_membranes if of_membranes else None
