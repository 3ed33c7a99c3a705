"""Dearray: from the tissue of a microarray to its places, each with its label and what is left of its core.

What may not happen is that a core gets its neighbour's name. So a grid is fitted to the whole cores alone,
places without a core keep theirs, and what cannot be settled from the picture is said (``doubts``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from her2path.arrays import Bools, Doubles, Ints, Mask
from her2path.errors import NotEvaluableError
from her2path.quality.cores import CORE_UM, Cores, find_cores, nearest_point
from her2path.quality.lattice import MIN_CORES, ON_GRID, Frame, fit_lattice, frame_of, match

State: TypeAlias = Literal["present", "broken", "missing"]

COARSE_UM = 20.0
"""Pixel size that cores are looked for at: a core of 0.6 mm is 30 pixels wide."""

MIN_SHARE = 0.05
"""Less tissue than this share of a core is a crumb, and the core missing: 0.014 mm² of one of 0.6 mm."""

OWN = 1.2
"""Tissue within this many radii of a whole core is its own: cores are oval, and frayed at the edge."""

FRAGMENT_REACH = 0.6
"""A fragment lies within this many pitches of its place: the floating piece of a core of 1 mm moves less than
the gap to its neighbours."""

LARGEST_FRAGMENT = 1.5
"""A piece of more than this many cores is other tissue, a control for one."""

OUTLINE_SHARE = 0.99
"""The circle of a core is drawn around this share of its tissue: a shred beside it does not widen it."""

SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the grid; positions in micrometres from the corner of the mask."""

    label: str
    """Row and column: ``A1``, ``B12``; rows after Z are AA, AB, …"""

    row: str
    column: int
    """From 1."""

    state: State
    y_um: float
    x_um: float
    radius_um: float
    """Of a circle around what is there; where the core is missing, of a core on the grid."""

    share: float
    """Tissue, as a share of a core's area; above 1 for one that is larger than most."""


@dataclass(frozen=True, eq=False)
class Array:
    """The places of a tissue microarray."""

    places: tuple[Place, ...]
    """Row by row; every place of the grid is there once."""

    n_rows: int
    n_columns: int
    core_um: float
    """Diameter."""

    pitch_um: tuple[float, float]
    """From row to row, and from column to column."""

    rotation_deg: float
    """Of the rows, clockwise as the slide is seen."""

    shear_deg: float
    outside_mm2: float
    """Tissue that lies in no place."""

    doubts: tuple[str, ...]
    """What the picture does not settle, a sentence each."""


def dearray(
    tissue: Mask, mpp_um: float, *, shape: tuple[int, int] | None = None, core_um: float | None = None
) -> Array:
    """Find the places of a tissue microarray.

    Parameters
    ----------
    tissue
        ``(y, x)`` bool, the whole slide.
    mpp_um
        Pixel size of the mask.
    shape
        Rows and columns, where they are known; else as many as there are cores.
    core_um
        Diameter of a core, where it is known.

    Raises
    ------
    NotEvaluableError
        ``NOT_AN_ARRAY``: no cores, no grid, or another grid than ``shape``.
    """
    step = max(1, round(COARSE_UM / mpp_um))
    coarse, coarse_um = _coarsened(tissue, step), mpp_um * step
    cores = find_cores(coarse, coarse_um, core_um=core_um)
    lattice = fit_lattice(cores.yx_px)
    if lattice is None:
        raise NotEvaluableError("NOT_AN_ARRAY", _why_no_grid(cores, coarse_um, core_um))
    frame = frame_of(lattice, cores.yx_px, np.argwhere(coarse).astype(np.float64), shape)
    layout = _Layout(frame, match(frame, cores.yx_px), cores)
    owner = _owners(coarse, layout)
    places = tuple(_places(owner, layout, coarse_um))
    pitch_row, pitch_column = lattice.pitch_px
    return Array(
        places=places,
        n_rows=frame.n_rows,
        n_columns=frame.n_columns,
        core_um=cores.diameter_px * coarse_um,
        pitch_um=(pitch_row * coarse_um, pitch_column * coarse_um),
        rotation_deg=lattice.rotation_deg,
        shear_deg=lattice.shear_deg,
        outside_mm2=float(np.count_nonzero(coarse & (owner < 0))) * coarse_um**2 * 1e-6,
        doubts=(*frame.doubts, *_wandered(layout)),
    )


def row_name(row: int) -> str:
    """Name a row, counted from 0: A to Z, then AA, AB and so on."""
    return row_name(row // 26 - 1) + row_name(row % 26) if row >= 26 else chr(ord("A") + row)


@dataclass(frozen=True, eq=False)
class _Layout:
    """Places, and the whole cores in them."""

    frame: Frame
    core_of: Ints
    """``(P,)`` number of the whole core in each place, -1 for none."""

    cores: Cores

    @property
    def has_core(self) -> Bools:
        """``(P,)``."""
        return self.core_of >= 0

    @property
    def middles_px(self) -> Doubles:
        """``(P, 2)``: of the core where it is whole, else of the place on the grid."""
        on_grid = self.frame.lattice.places_px(self.frame.rows_columns)
        return np.where(self.has_core[:, None], self.cores.yx_px[self.core_of], on_grid)


def _coarsened(tissue: Mask, step: int) -> Mask:
    """Pixels of ``step`` × ``step``, of which at least half is tissue; beyond the edge is glass."""
    height, width = (-(-n // step) * step for n in tissue.shape)
    padded = np.zeros((height, width), np.uint8)
    padded[: tissue.shape[0], : tissue.shape[1]] = tissue
    mean = cv2.resize(255 * padded, (width // step, height // step), interpolation=cv2.INTER_AREA)
    half: Mask = np.asarray(mean) >= 128
    return half


def _why_no_grid(cores: Cores, mpp_um: float, core_um: float | None) -> str:
    sizes = [f"{um / 1000:g}" for um in ([core_um] if core_um else CORE_UM)]
    n = len(cores.yx_px)
    found = (
        f"{n} round pieces of {' to '.join(sizes)} mm were found"
        if n < MIN_CORES
        else f"{n} round pieces of {cores.diameter_px * mpp_um / 1000:.2f} mm stand in no rows and columns"
    )
    return (
        f"{found}: this is no tissue microarray, or one that cannot be read by itself; give the diameter of "
        "its cores with --core-um, or draw them and give them with --tma --include"
    )


def _owners(tissue: Mask, layout: _Layout) -> NDArray[np.int32]:
    """``(y, x)`` number of the place that tissue belongs to; -1 on glass, and for what lies in none.

    A whole core owns what is around it. Of the pieces that are left each goes to the place that is nearest
    to its middle, if that one waits for a core.
    """
    middles, has_core = layout.middles_px, layout.has_core
    radius_px = layout.cores.diameter_px / 2
    nearest, distance = nearest_point(middles[has_core], tissue.shape)
    owned = tissue & (distance <= OWN * radius_px)
    owner = np.where(owned, np.flatnonzero(has_core)[nearest], -1).astype(np.int32)
    _, pieces, stats, middles_xy = cv2.connectedComponentsWithStats((tissue & ~owned).astype(np.uint8))
    lattice = layout.frame.lattice
    away, place = cKDTree(lattice.indices_of(middles)).query(
        lattice.indices_of(middles_xy[:, ::-1].astype(np.float64))
    )
    fits = (away <= FRAGMENT_REACH) & ~has_core[place]
    fits &= stats[:, cv2.CC_STAT_AREA] <= LARGEST_FRAGMENT * np.pi * radius_px**2
    to = np.where(fits, place, -1)
    to[0] = -1  # glass, and what is owned
    # Crumbs do not make a core.
    n_px = np.bincount(to[pieces[pieces > 0]] + 1, minlength=len(middles) + 1)[1:]
    to[np.isin(to, np.flatnonzero(n_px < MIN_SHARE * np.pi * radius_px**2))] = -1
    loose = to[pieces].astype(np.int32)
    return np.where(owned, owner, loose)


def _places(owner: NDArray[np.int32], layout: _Layout, mpp_um: float) -> Iterator[Place]:
    frame, radius_px, points = layout.frame, layout.cores.diameter_px / 2, np.argwhere(owner >= 0)
    of = owner[points[:, 0], points[:, 1]]
    order = np.argsort(of, kind="stable")
    starts, ends = (np.searchsorted(of[order], np.arange(len(frame.rows_columns)), side) for side in SIDES)
    for k, (row, column) in enumerate(frame.rows_columns.tolist()):
        tissue = points[order[starts[k] : ends[k]]].astype(np.float32)
        middle, reach_px = layout.middles_px[k], radius_px
        state: State = "present" if layout.has_core[k] else "broken" if len(tissue) else "missing"
        if state == "present":
            reach_px = np.quantile(np.hypot(*(tissue - middle).T), OUTLINE_SHARE) + 0.5
        elif state == "broken":
            (y, x), reach_px = cv2.minEnclosingCircle(tissue)
            middle, reach_px = np.array([y, x]), reach_px + 0.5
        y_um, x_um = ((middle + 0.5) * mpp_um).tolist()
        yield Place(
            label=f"{row_name(row)}{column + 1}",
            row=row_name(row),
            column=column + 1,
            state=state,
            y_um=y_um,
            x_um=x_um,
            radius_um=float(reach_px) * mpp_um,
            share=len(tissue) / (np.pi * radius_px**2),
        )


def _wandered(layout: _Layout) -> Iterator[str]:
    frame = layout.frame
    off = np.linalg.norm(frame.lattice.indices_of(layout.middles_px) - frame.rows_columns, axis=1)
    names = [f"{row_name(row)}{column + 1}" for row, column in frame.rows_columns[off > ON_GRID].tolist()]
    if names:
        yield f"far from their place on the grid lie {', '.join(names)}: they may be a neighbour's"
