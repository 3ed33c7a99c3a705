"""How pieces of tissue lie on a slide: cores of an array, fragments side by side, a control."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from her2path.arrays import Doubles, Floats, Ints, Mask
from her2path.phantom.grid import GRID_UM, signed_distance
from her2path.phantom.lesions import ABSENT
from her2path.phantom.spec import SlideSpec, TissueSpec
from her2path.phantom.texture import smooth_field

CONTROL_SHARE = 0.22
"""Of the slide's longer side that is left to a control."""

GAP_UM = 50.0
"""Least glass between two pieces."""

JITTER = 0.02
"""Of the pitch: cores never lie quite on their grid, and the block stretches when it is cut."""

CONTROL_PATTERNS = MappingProxyType(
    {
        "0": {"N": 1.0},
        "1+": {"N": 0.35, "FI": 0.45, "FC": 0.15, "WI": 0.05},
        "2+": {"N": 0.10, "FI": 0.15, "WI": 0.20, "WC": 0.35, "MI": 0.05, "MC": 0.15},
        "3+": {"N": 0.03, "WC": 0.05, "MC": 0.17, "SC": 0.75},
    }
)
"""Share of the tumour cells of a control by pattern: far inside each score, as controls are chosen."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of the slide; lengths in µm."""

    top_um: float
    left_um: float
    height_um: float
    width_um: float


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Outlines on the coarse grid, ``(y, x)`` float32 signed distances in µm, positive inside."""

    tissue: Floats
    """Of everything on the slide, the control too."""

    control: Floats


def is_arranged(tissue: TissueSpec) -> bool:
    """Whether more than one piece of tissue was asked for."""
    return tissue.shape == "array" or tissue.fragments > 1 or tissue.control != "none"


def arrange(spec: SlideSpec, shape: tuple[int, int], rng: Generator) -> Arrangement:
    """Lay the pieces of a slide out.

    Parameters
    ----------
    spec
        The slide, of a tissue that ``is_arranged``.
    shape
        Of the coarse grid.
    rng
        Source of randomness.
    """
    main, end = _frames(spec)
    if spec.tissue.shape == "array":
        pieces = _cores(spec, shape, main, rng)
    else:
        pieces = _pieces(spec, shape, main, rng)
    control = np.zeros(shape, bool)
    if end is not None:
        control = _piece(shape, end, share=0.75, rough=0.03, rng=rng)
    return Arrangement(
        tissue=signed_distance(pieces | control),
        control=signed_distance(control) if end is not None else np.full(shape, ABSENT, np.float32),
    )


def _frames(spec: SlideSpec) -> tuple[Frame, Frame | None]:
    """Where the specimen lies, and where the control."""
    height, width = (n * spec.mpp for n in spec.size_px)
    if spec.tissue.control == "none":
        return Frame(0, 0, height, width), None
    if width >= height:
        main = (1 - CONTROL_SHARE) * width
        end = Frame(0, main + GAP_UM, height, CONTROL_SHARE * width - GAP_UM)
        return Frame(0, 0, height, main), end
    main = (1 - CONTROL_SHARE) * height
    return Frame(0, 0, main, width), Frame(main + GAP_UM, 0, CONTROL_SHARE * height - GAP_UM, width)


def _pieces(spec: SlideSpec, shape: tuple[int, int], frame: Frame, rng: Generator) -> Mask:
    """Give pieces side by side along the longer side of a frame."""
    n = spec.tissue.fragments
    rough = 0.015 if spec.tissue.shape == "core" else 0.09
    pieces = np.zeros(shape, bool)
    for k in range(n):
        if frame.width_um >= frame.height_um:
            step = frame.width_um / n
            part = Frame(frame.top_um, frame.left_um + k * step, frame.height_um, step)
        else:
            step = frame.height_um / n
            part = Frame(frame.top_um + k * step, frame.left_um, step, frame.width_um)
        pieces |= _piece(shape, part, share=spec.tissue.share, rough=rough, rng=rng)
    return pieces


def _piece(shape: tuple[int, int], frame: Frame, *, share: float, rough: float, rng: Generator) -> Mask:
    """One piece that fills its frame well, ``share`` of what the gap to the next piece leaves."""
    y, x = (np.arange(n, dtype=np.float32) * GRID_UM for n in shape)
    v = ((y - frame.top_um) / frame.height_um - 0.5)[:, None]
    u = ((x - frame.left_um) / frame.width_um - 0.5)[None, :]
    size = max(frame.height_um, frame.width_um) / GRID_UM
    noisy = (
        (np.abs(v) ** 3 + np.abs(u) ** 3) ** (1 / 3)
        + rough * smooth_field(rng, shape, size / 7)
        + 0.006 * smooth_field(rng, shape, 30 / GRID_UM)
    )
    margin_v, margin_u = (GAP_UM / 2 / length for length in (frame.height_um, frame.width_um))
    inside = (np.abs(v) < 0.5 - margin_v) & (np.abs(u) < 0.5 - margin_u)
    if not inside.any():
        return np.zeros(shape, bool)
    return np.asarray(inside & (noisy < np.quantile(noisy[inside], share)))


def _cores(spec: SlideSpec, shape: tuple[int, int], frame: Frame, rng: Generator) -> Mask:
    """Give punched discs on a grid, each a little off its place; lost ones are left out."""
    rows, columns = spec.tissue.grid
    y, x = (np.arange(n) * GRID_UM for n in shape)
    y_um, x_um = np.meshgrid(y, x, indexing="ij")
    core, down_um, right_um = _on_grid(spec, frame, y_um, x_um)
    jitter = JITTER * 1000 * spec.tissue.pitch_mm * rng.standard_normal((rows * columns, 2))
    off = np.hypot(down_um - jitter[core, 0], right_um - jitter[core, 1])
    radius = 500 * spec.tissue.core_mm
    dents = 0.025 * smooth_field(rng, shape, radius / GRID_UM / 2) + 0.006 * smooth_field(
        rng, shape, 25 / GRID_UM
    )
    disc = (core >= 0) & (off < radius * (1 + dents))
    labels = core_labels(spec.tissue)
    missing = np.isin(labels, spec.tissue.missing)
    # A ragged tear across the core; more or less than half of it is left.
    way, left = rng.uniform(0, 2 * np.pi, rows * columns), rng.uniform(-0.35, 0.15, rows * columns)
    across = (down_um * np.sin(way[core]) + right_um * np.cos(way[core])) / radius
    torn = across + 0.3 * smooth_field(rng, shape, 60 / GRID_UM) > left[core]
    broken = np.isin(labels, spec.tissue.broken)
    return np.asarray(disc & ~missing[core] & ~(broken[core] & torn))


def _on_grid(spec: SlideSpec, frame: Frame, y_um: Doubles, x_um: Doubles) -> tuple[Ints, Doubles, Doubles]:
    """Core of each point, -1 for none, and how far down and right of the core's middle the point lies."""
    rows, columns = spec.tissue.grid
    pitch = 1000 * spec.tissue.pitch_mm
    dy = y_um - (frame.top_um + frame.height_um / 2)
    dx = x_um - (frame.left_um + frame.width_um / 2)
    turn = np.deg2rad(spec.tissue.rotation_deg)
    # Back from the turned grid to its own rows and columns; y points down, so clockwise is positive.
    down = (dy * np.cos(turn) - dx * np.sin(turn)) / pitch + (rows - 1) / 2
    right = (dx * np.cos(turn) + dy * np.sin(turn)) / pitch + (columns - 1) / 2
    row, column = np.rint(down), np.rint(right)
    on = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    core = np.where(on, row * columns + column, -1).astype(np.int32)
    return core, (down - row) * pitch, (right - column) * pitch


def core_labels(tissue: TissueSpec) -> list[str]:
    """Labels of the cores of an array, row by row: ``A1``, ``A2`` and so on."""
    rows, columns = tissue.grid
    return [f"{chr(ord('A') + row)}{column + 1}" for row in range(rows) for column in range(columns)]


def core_at(spec: SlideSpec, y_um: Doubles, x_um: Doubles) -> Ints:
    """Index into ``core_labels`` of the core that points of an array belong to, -1 for none."""
    return _on_grid(spec, _frames(spec)[0], y_um, x_um)[0]


def core_middles_um(spec: SlideSpec) -> Doubles:
    """Where the middles of the cores of an array should lie: ``(n, 2)``, y and x in µm."""
    rows, columns = spec.tissue.grid
    frame, pitch = _frames(spec)[0], 1000 * spec.tissue.pitch_mm
    row, column = np.divmod(np.arange(rows * columns), columns)
    down, right = (row - (rows - 1) / 2) * pitch, (column - (columns - 1) / 2) * pitch
    turn = np.deg2rad(spec.tissue.rotation_deg)
    y = frame.top_um + frame.height_um / 2 + down * np.cos(turn) + right * np.sin(turn)
    x = frame.left_um + frame.width_um / 2 + right * np.cos(turn) - down * np.sin(turn)
    return np.stack([y, x], axis=1)
