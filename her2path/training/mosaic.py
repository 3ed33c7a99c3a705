"""A field laid from pieces of photographs, turned and stretched, as maps at the pixels."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from her2path.arrays import Bools, Codes, Doubles, Floats, Ints, Mask
from her2path.errors import UsageError
from her2path.nets.sample import INPUT_MPP_UM
from her2path.training.nuclei import touches_edge
from her2path.training.photographs import (
    LEVELS,
    Photograph,
    Source,
    read_photograph,
    training_photographs,
)

SHARE: dict[Source, float] = {"tnbc": 0.55, "nuinsseg": 0.35, "dsb": 0.10}
"""How often each set is drawn from: breast cancer first, smears and mixed scales last."""

PIECE_PX = 256
"""Largest edge of a piece: every photograph holds one, some a little enlarged."""

_ZOOM = (0.9, 1.15)
"""Nuclei of one tumour are larger than those of another."""

_ON_NUCLEUS = 0.75
"""Of the pieces, centred on a nucleus, an epithelial one where there is any: most of a field is stroma."""

_LARGEST_ZOOM = 1.5
"""Small photographs are enlarged so that they fill a piece, but no further than this."""

_CROWD, _SPARSE = 20, 0.15
"""Epithelial nuclei from which a photograph is taken whenever it is drawn, and how often one without any is:
the pale tumour is what has to be learnt most."""

_TRIES = 200
"""Photographs drawn for one piece before none is believed to be any good."""

SEAM_UM = 1.5
"""On both sides of a seam nothing can be said."""


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Maps of a field, ``(side, side)`` each, and columns of its ``n`` nuclei."""

    haematoxylin: Floats
    """Density in units of that of the photograph's median nucleus."""

    rest: Floats
    """Density of all that is pink in units of what is usual between nuclei."""

    nucleus_at: Ints
    """Row of the nucleus, -1 for none."""

    kind: Codes
    """``(n,)`` -1 where it is not known."""

    epithelial: Bools
    """``(n,)`` membranes may be drawn about it."""

    doubtful: Bools
    """``(n,)`` not one whole nucleus."""

    unknown: Mask
    """Unlabelled nuclei and seams."""

    glass: Mask


def lay_mosaic(data: Path, rng: Generator, side_px: int) -> Mosaic:
    """Lay a field from training photographs.

    Parameters
    ----------
    data
        Folder of the sets, see ``training_photographs``.
    rng
        Source of randomness.
    side_px
        Edge of the field.

    Raises
    ------
    UsageError
        If the folder holds none of the sets.
    """
    sets = training_photographs(data)
    cuts = np.linspace(0, side_px, -(-side_px // PIECE_PX) + 1).astype(int).tolist()
    spans = list(pairwise(cuts))
    pieces = [[_piece(sets, rng, (y1 - y0, x1 - x0)) for x0, x1 in spans] for y0, y1 in spans]
    return _joined(pieces, cuts[1:-1])


def _piece(sets: dict[Source, tuple[Path, ...]], rng: Generator, shape: tuple[int, int]) -> Mosaic:
    photograph = _trusted(sets, rng)
    short_side = min(photograph.nucleus_at.shape)
    zoom = max(float(rng.uniform(*_ZOOM)), (max(shape) + 1) / short_side)
    from_piece = _placement(photograph, shape, zoom, rng)

    def cut(plane: NDArray[Any], method: int) -> NDArray[Any]:
        flags = method | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(plane, from_piece, shape[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)
        )

    nucleus_at = cut(photograph.nucleus_at, cv2.INTER_NEAREST).astype(np.int32)
    return Mosaic(
        haematoxylin=np.asarray(cut(photograph.haematoxylin, cv2.INTER_LINEAR) / LEVELS, np.float32),
        rest=np.asarray(cut(photograph.rest, cv2.INTER_LINEAR) / LEVELS, np.float32),
        nucleus_at=nucleus_at,
        kind=photograph.kind,
        epithelial=photograph.epithelial,
        doubtful=photograph.doubtful | touches_edge(nucleus_at, len(photograph.kind)),
        unknown=cut(photograph.unlabelled.view(np.uint8), cv2.INTER_NEAREST).view(bool),
        glass=cut(photograph.glass.view(np.uint8), cv2.INTER_NEAREST).view(bool),
    )


def _trusted(sets: dict[Source, tuple[Path, ...]], rng: Generator) -> Photograph:
    names = list(sets)
    share = np.array([SHARE[name] for name in names])
    for _ in range(_TRIES):
        paths = sets[names[int(rng.choice(len(names), p=share / share.sum()))]]
        photograph = read_photograph(paths[int(rng.integers(len(paths)))])
        crowded = rng.random() < max(_SPARSE, photograph.epithelial.sum() / _CROWD)
        if photograph.trusted and crowded and min(photograph.nucleus_at.shape) * _LARGEST_ZOOM > PIECE_PX:
            return photograph
    raise UsageError(
        f"{paths[0].parents[2]}: none of {_TRIES} photographs has labels to be trusted; fetch them again"
    )


def _placement(photograph: Photograph, piece: tuple[int, int], zoom: float, rng: Generator) -> Doubles:
    """Map ``(x, y, 1)`` of a piece into the photograph: mirrored, turned by quarters, mostly on a nucleus."""
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[rng.integers(4)]
    turn = np.array([[cos, -sin], [sin, cos]], float) * [rng.choice([-1, 1]), 1]
    middle = np.array([piece[1] - 1, piece[0] - 1]) / 2
    last = np.array(photograph.nucleus_at.shape[::-1]) - 1.0
    epithelial = np.flatnonzero(photograph.epithelial)
    centres = photograph.centre_yx_px[epithelial if len(epithelial) else slice(None)]
    somewhere = rng.random(2) * last
    aim = centres[rng.integers(len(centres)), ::-1] if rng.random() < _ON_NUCLEUS else somewhere
    half = np.abs(turn @ middle) / zoom
    place = np.clip(aim, half, np.maximum(last - half, half))
    return np.column_stack([turn / zoom, place - turn @ middle / zoom])


def _joined(pieces: list[list[Mosaic]], seams_px: list[int]) -> Mosaic:
    flat = [piece for row in pieces for piece in row]
    first = np.cumsum([0, *(len(piece.kind) for piece in flat)])

    def laid(maps: list[NDArray[Any]]) -> NDArray[Any]:
        n = len(pieces[0])
        return np.vstack([np.hstack(maps[start : start + n]) for start in range(0, len(maps), n)])

    unknown = laid([piece.unknown for piece in flat])
    width = round(SEAM_UM / INPUT_MPP_UM)
    for seam in seams_px:
        unknown[seam - width : seam + width] = True
        unknown[:, seam - width : seam + width] = True
    rows = [
        np.where(piece.nucleus_at >= 0, piece.nucleus_at + start, -1)
        for piece, start in zip(flat, first[:-1], strict=True)
    ]
    return Mosaic(
        haematoxylin=laid([piece.haematoxylin for piece in flat]),
        rest=laid([piece.rest for piece in flat]),
        nucleus_at=laid(rows).astype(np.int32),
        kind=np.concatenate([piece.kind for piece in flat]),
        epithelial=np.concatenate([piece.epithelial for piece in flat]),
        doubtful=np.concatenate([piece.doubtful for piece in flat]),
        unknown=unknown,
        glass=laid([piece.glass for piece in flat]),
    )
