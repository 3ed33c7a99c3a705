"""The neural segmenter: a network says where cells are and what they are, the pixels testify of membranes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
import torch
from torch import Tensor

from her2path.arrays import Codes, Doubles, Floats, Ints, Rgb8
from her2path.cells.columns import Columns
from her2path.cells.contours import ray_directions
from her2path.cells.maps import CellMaps, CoarseTile
from her2path.image.geometry import PixelSize, Tile, scales_for
from her2path.image.resample import shrink
from her2path.image.stains import StainMatrix, Vector, membrane_plane, stain_planes
from her2path.nets.devices import choose_device
from her2path.nets.network import CellNet, CellValues, Features, fold
from her2path.nets.reach import COARSEST, REACH_UM, window_around
from her2path.nets.sample import INPUT_MPP_UM, STRIDE
from her2path.nets.weights import load_network
from her2path.segment.kinds import NetworkEvidence, kind_evidence, settle_with_network
from her2path.segment.light import light_share
from her2path.segment.membranes import cell_contours, near_core, search_around
from her2path.segment.nuclei import Nuclei
from her2path.segment.peaks import local_maxima
from her2path.segment.protocol import Weights
from her2path.segment.view import Piece, View, view_tile

OUTLINE_UM = 13.0
"""A membrane is looked for on the network's map up to this far from the centre, as in the pixels."""

LONGEST_UM = 50.0
"""No radius that a network gives is longer: several times that of the largest tumour cell."""

HALO_UM = REACH_UM + OUTLINE_UM + 4.0
"""Beyond the network's own reach about the outline of a cell: 1 step to the brightest beside it, the width of
a step, and a pixel to sample from; pixels that are taken as they are may be 1 % larger."""

CENTRE_PROBABILITY = 0.35
"""A peak of the centre map counts as a nucleus from here [P]."""

RIVALS = np.ones((5, 5), np.uint8)
"""Steps of 1 µm: two nuclei are 3 µm apart or more along one axis."""

BLOCK = 512
"""Cells are described in blocks of exactly this many: a matrix product of another height may round
otherwise."""

MARGIN = int(OUTLINE_UM) + 1
"""Steps beyond a piece that its cells read on the maps: the outline, and the brightest beside it."""

MIN_WINDOW_PX = 1024
"""Edge below which the network is never run: PyTorch has other kernels, which round otherwise, for inputs of
up to 20,480 values, and the coarsest map of a 576² window has 20,736."""

STRIP = 32
"""Steps of 1 µm whose light is computed at a time, so that it stays in the cache; all of it is never held."""

MIN_PIECE = 64
"""Steps: the window of a piece this small is little more than its margin; smaller ones would save nothing."""


@dataclass(frozen=True, slots=True)
class NeuralSegmenter:
    """Asks one network; holds where it lies, not the network itself, so that it can be sent anywhere."""

    folder: Path
    """Of the weights."""

    weights: Weights
    device: str = "cpu"
    name: str = "cnn"
    halo_um: float = HALO_UM

    def __call__(self, rgb: Rgb8, tile: Tile, pixel_size: PixelSize, stains: StainMatrix) -> CellMaps:
        """Find the cells of one tile; see ``Segmenter``."""
        view = view_tile(rgb, tile, pixel_size)
        network = _network(self.folder, self.weights.sha256, self.device)
        found = find_cells(network, view, view.piece(tile.core), stains.white, self.device)
        y_px, x_px = view.middles_px(found.y, found.x)
        owned = tile.owns(y_px, x_px)
        found, y_px, x_px = found.take(owned), y_px[owned], x_px[owned]
        near = near_core(tile, pixel_size)
        dab = membrane_plane(view.part(near), stains)
        y, x = (y_px - near.y_px) // view.scale, (x_px - near.x_px) // view.scale
        small = shrink(rgb, scales_for(pixel_size).nucleus)
        coarse = CoarseTile(small, *stain_planes(small, stains))
        mpp_yx_um = (pixel_size.y_um * view.scale, pixel_size.x_um * view.scale)
        return CellMaps(
            y_px=y_px,
            x_px=x_px,
            nucleus_radii_um=found.nucleus_radii_um,
            cell_radii_um=cell_contours(dab, y, x, search_around(found.cell_radii_um), mpp_yx_um),
            membrane_seen=found.membrane_seen,
            network_od=found.membrane_od,
            network_completeness=found.completeness,
            evidence=_evidence(coarse, found, y_px - tile.read.y_px, x_px - tile.read.x_px, pixel_size),
            coarse=coarse,
            dab=dab,
            y0_px=near.y_px,
            x0_px=near.x_px,
            scale=view.scale,
        )

    def settle(self, at_um: Doubles, evidence: Columns) -> tuple[Codes, Floats]:
        """Settle the kind of every cell of a slide; see ``Segmenter``."""
        assert isinstance(evidence, NetworkEvidence)
        return settle_with_network(at_um, evidence)


def _evidence(
    coarse: CoarseTile, found: "FoundCells", y_px: Ints, x_px: Ints, pixel_size: PixelSize
) -> NetworkEvidence:
    """Let the pixels speak beside the network; ``y_px``, ``x_px`` in the tile."""
    scale = scales_for(pixel_size).nucleus
    nothing = np.zeros(len(y_px), np.float32)
    nuclei = Nuclei(y_px // scale, x_px // scale, found.nucleus_radii_um, nothing, nothing)
    mpp_yx_um = (pixel_size.y_um * scale, pixel_size.x_um * scale)
    pixels = kind_evidence(coarse.haematoxylin, coarse.dab, nuclei, mpp_yx_um)
    return NetworkEvidence(
        **{f.name: getattr(pixels, f.name) for f in fields(pixels)}, probabilities=found.probabilities
    )


def neural_segmenter(folder: Path, device: str) -> NeuralSegmenter:
    """Give the segmenter that asks the network in a folder.

    Parameters
    ----------
    folder
        With the weights; they are read once here, so that what is wrong with them is said before any work.
    device
        ``cpu``, ``cuda``, or ``auto``: the GPU where there is one.

    Raises
    ------
    UsageError
        If there is no GPU, or the weights cannot be used.
    """
    used = choose_device(device)
    facts = load_network(folder).facts
    return NeuralSegmenter(folder, Weights(facts.name, facts.sha256), used.type)


@dataclass(frozen=True, eq=False)
class FoundCells(Columns):
    """What the network says of ``n`` cells."""

    y: Ints
    x: Ints
    """``(n,)`` step of the 1 µm grid."""

    nucleus_radii_um: Floats
    cell_radii_um: Floats
    """``(n, N_RAYS)`` from the middle of that step."""

    probabilities: Floats
    """``(n, kinds)``."""

    membrane_od: Floats
    completeness: Floats
    """``(n,)``."""

    membrane_seen: Floats
    """``(n, N_RAYS)`` probability of a stained membrane along the contour."""


def find_cells(network: CellNet, view: View, piece: Piece, white: Vector, device: str) -> FoundCells:
    """Ask the network about a piece of the slide; halve it where memory does not suffice.

    Parameters
    ----------
    network
        Folded, in evaluation mode, on ``device``.
    view
        Pixels that reach ``HALO_UM`` beyond the piece.
    piece
        Cells whose centre lies in it are found.
    white
        Grey values of empty glass.
    device
        ``cpu`` or ``cuda``.

    Returns
    -------
    FoundCells
        In reading order, and the same however often the piece was halved.
    """
    try:
        return _ask(network, view, piece, white, device)
    except torch.OutOfMemoryError:
        if max(len(piece.rows), len(piece.columns)) <= MIN_PIECE:
            raise
    # Not in the handler: the error holds on to the very tensors that did not fit.
    found = FoundCells.concat([find_cells(network, view, half, white, device) for half in piece.halves()])
    return found.take(np.lexsort((found.x, found.y)))


def _ask(network: CellNet, view: View, piece: Piece, white: Vector, device: str) -> FoundCells:
    (rows, kept_rows), (columns, kept_columns) = (
        window_around(range(steps.start - MARGIN, steps.stop + MARGIN), MIN_WINDOW_PX // STRIDE)
        for steps in (piece.rows, piece.columns)
    )
    pixels = view.window(_times(rows, STRIDE), _times(columns, STRIDE))
    top, left = rows.start + COARSEST * kept_rows.start, columns.start + COARSEST * kept_columns.start
    with torch.inference_mode(), _one_thread(), _precision(device):
        features = network.body(_steps(network, pixels, white, device), (kept_rows, kept_columns))
        centre, membrane = network.maps(features)[0].float().cpu().numpy()
        y, x = _centres(centre, _shifted(piece.rows, -top), _shifted(piece.columns, -left))
        values = tuple(column[: len(y)] for column in _described(network, features, y, x, device))
    seen = _along(membrane, y, x, values[1])
    return FoundCells(y + np.int32(top), x + np.int32(left), *(*values, seen))


def _times(steps: slice, n: int) -> slice:
    return slice(steps.start * n, steps.stop * n)


def _shifted(steps: range, by: int) -> slice:
    return slice(steps.start + by, steps.stop + by)


def _steps(network: CellNet, rgb: Rgb8, white: Vector, device: str) -> Tensor:
    """Bring pixels to steps of 1 µm."""
    if device != "cpu":
        return network.steps(_light_there(rgb, white, device))
    height, width = rgb.shape[0] // STRIDE, rgb.shape[1] // STRIDE
    steps = torch.empty((1, network.spec.widths[0], height, width), memory_format=torch.channels_last)
    for first in range(0, height, STRIP):
        strip = slice(first, min(first + STRIP, height))
        light = torch.from_numpy(light_share(rgb[_times(strip, STRIDE)], white))
        steps[:, :, strip] = network.steps(light.permute(2, 0, 1)[None])
    return steps


def _light_there(rgb: Rgb8, white: Vector, device: str) -> Tensor:
    """Share of the light of empty glass: ``(1, 3, y, x)`` float32, channels last, on a GPU."""
    grey = np.arange(256, dtype=np.uint8)
    table = torch.from_numpy(light_share(np.stack([grey] * 3, axis=1)[None], white)[0]).to(device)
    # A byte a colour crosses over; looked up there, it has the same bits.
    pixels = torch.from_numpy(rgb).pin_memory().to(device, non_blocking=True)
    return table[pixels.long(), torch.arange(3, device=device)].permute(2, 0, 1)[None]


def _centres(logits: Floats, rows: slice, columns: slice) -> tuple[Ints, Ints]:
    """Peaks of the centre map within a box of it, in reading order."""
    threshold = np.log(CENTRE_PROBABILITY / (1 - CENTRE_PROBABILITY))
    y, x = local_maxima(logits, RIVALS, above=threshold)
    within = (rows.start <= y) & (y < rows.stop) & (columns.start <= x) & (x < columns.stop)
    return y[within], x[within]


def _along(logits: Floats, y: Ints, x: Ints, radii_um: Floats) -> Floats:
    """Read how likely a stained membrane is along each contour, the highest within a step: ``(n, rays)``."""
    near = cv2.dilate(logits, np.ones((3, 3), np.uint8))
    along = ray_directions(radii_um.shape[1]) / (STRIDE * INPUT_MPP_UM)
    reach_um = np.minimum(radii_um, OUTLINE_UM)
    rows, columns = (
        np.clip(np.rint(at[:, None] + reach_um * along[:, axis]).astype(np.int32), 0, near.shape[axis] - 1)
        for axis, at in enumerate((y, x))
    )
    return np.asarray(1 / (1 + np.exp(-near[rows, columns])), np.float32)


def _bounded(radii_um: Tensor) -> Tensor:
    """Cut off what is too long for a cell, or no number: pixels are read that far."""
    return torch.fmin(radii_um, torch.full_like(radii_um, LONGEST_UM))


def _described(network: CellNet, features: Features, y: Ints, x: Ints, device: str) -> tuple[Floats, ...]:
    """Columns of ``FoundCells`` beyond the place, with rows to spare."""
    blocks = []
    for first in range(0, max(len(y), 1), BLOCK):
        places = np.zeros((2, BLOCK), np.int64)
        within = slice(first, first + BLOCK)
        places[:, : len(y[within])] = y[within], x[within]
        rows, columns = torch.from_numpy(places).to(device)
        blocks.append(network.cells(features, torch.zeros_like(rows), rows, columns))
    values = CellValues(*(torch.cat(column).float() for column in zip(*blocks, strict=True)))
    wanted = (
        _bounded(values.nucleus_radii_um),
        _bounded(values.cell_radii_um),
        torch.softmax(values.kind, dim=1),
        values.membrane_od,
        torch.sigmoid(values.completeness),
    )
    return tuple(column.cpu().numpy() for column in wanted)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run PyTorch on the thread that called it; this thread's own setting is put back."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _precision(device: str) -> AbstractContextManager[None]:
    return torch.autocast(device, torch.float16, enabled=device == "cuda")


_loading = Lock()


def _network(folder: Path, sha256: str, device: str) -> CellNet:
    with _loading:
        return _loaded(folder, sha256, device)


@cache
def _loaded(folder: Path, sha256: str, device: str) -> CellNet:
    """Load a network, once a process."""
    network = fold(load_network(folder).network).to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch: its stub lacks this
    return network
