"""How well a network does on fields it has not learnt from: a quick look while it learns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from her2path.arrays import Bools, Doubles, Floats
from her2path.cells.vocabulary import KINDS, LYMPHOCYTE, TUMOUR
from her2path.nets.batches import collate
from her2path.nets.losses import loss_parts, total
from her2path.nets.network import CellNet
from her2path.nets.sample import INPUT_MPP_UM, STRIDE, Sample

FOUND_WITHIN_UM = 5.0
"""A centre is found if the network sets one this near: about a nucleus' radius."""

CENTRE_FROM = 0.3
"""A peak of the map of centres counts from here; the focal loss keeps even sure ones below 1."""

PEAK_STEPS = 5
"""Width of the neighbourhood in which a peak is the highest, in steps of 1 µm."""


@dataclass(frozen=True, slots=True)
class Figures:
    """NaN where the fields hold nothing to judge by."""

    loss: float
    centre_recall: float
    centre_precision: float
    kind_accuracy: float
    """Mean over the kinds of the share of places called by their kind."""

    tumour_recall: float
    """Share of places in tumour cells that are called tumour …"""

    unstained_tumour_recall: float
    """… and of those in cells without any stained membrane: the part that fails first."""

    lymphocytes_as_tumour: float
    membrane_od_mae: float
    membrane_od_bias: float
    completeness_mae: float
    nucleus_radius_mae_um: float
    cell_radius_mae_um: float


FIGURES = tuple(field.name for field in fields(Figures))


def figures(network: CellNet, samples: Sequence[Sample], device: torch.device) -> Figures:
    """Let a network read fields of known truth.

    Parameters
    ----------
    network
        On ``device``; is left in evaluation mode.
    samples
        At least one.
    """
    network.eval()
    read = [_read(network, sample, device) for sample in samples]
    centres = np.sum([one.centres for one in read], axis=0)
    kind, said = (np.concatenate([getattr(one, name) for one in read]) for name in ("kind", "said"))
    unstained = np.concatenate([one.unstained for one in read])
    od_error, completeness_error, nucleus_um, cell_um = (
        np.concatenate([getattr(one, name) for one in read])
        for name in ("od_error", "completeness_error", "nucleus_error_um", "cell_error_um")
    )
    called = [_share(said[kind == code] == code) for code in range(len(KINDS))]
    return Figures(
        loss=float(np.mean([one.loss for one in read])),
        centre_recall=_ratio(centres[0], centres[1]),
        centre_precision=_ratio(centres[0], centres[2]),
        kind_accuracy=_mean(np.array(called)),
        tumour_recall=called[TUMOUR],
        unstained_tumour_recall=_share(said[(kind == TUMOUR) & unstained] == TUMOUR),
        lymphocytes_as_tumour=_share(said[kind == LYMPHOCYTE] == TUMOUR),
        membrane_od_mae=_mean(np.abs(od_error)),
        membrane_od_bias=_mean(od_error),
        completeness_mae=_mean(np.abs(completeness_error)),
        nucleus_radius_mae_um=_mean(np.abs(nucleus_um)),
        cell_radius_mae_um=_mean(np.abs(cell_um)),
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Reading:
    loss: float
    centres: tuple[int, int, int]
    """Found, there, said."""

    kind: NDArray[np.int64]
    said: NDArray[np.int64]
    unstained: Bools
    od_error: Floats
    completeness_error: Floats
    nucleus_error_um: Floats
    cell_error_um: Floats


def _read(network: CellNet, sample: Sample, device: torch.device) -> _Reading:
    batch = collate([sample]).to(device)
    with torch.inference_mode():
        seen = network.features(batch.light)
        map_of_centres = torch.sigmoid(network.maps(seen)[0, 0]).cpu().numpy()
        values = network.cells(seen, batch.image, batch.y, batch.x)
        loss = float(total(loss_parts(network, batch)))
    return _Reading(
        loss=loss,
        centres=_centres(map_of_centres, sample),
        kind=sample.kind.astype(np.int64),
        said=values.kind.argmax(dim=1).cpu().numpy(),
        unstained=~np.isfinite(sample.membrane_od),
        od_error=values.membrane_od.cpu().numpy() - sample.membrane_od,
        completeness_error=torch.sigmoid(values.completeness).cpu().numpy() - sample.completeness,
        nucleus_error_um=(values.nucleus_radii_um.cpu().numpy() - sample.nucleus_radii_um).ravel(),
        cell_error_um=(values.cell_radii_um.cpu().numpy() - sample.cell_radii_um).ravel(),
    )


def _centres(said: Floats, sample: Sample) -> tuple[int, int, int]:
    known = sample.centre_known > 0
    peak = (said >= CENTRE_FROM) & (said == maximum_filter(said, PEAK_STEPS)) & known
    # A hill's top on the grid is exactly 1.
    top = (sample.centre == 1.0) & known
    apart_um = cdist(np.argwhere(top), np.argwhere(peak)) * INPUT_MPP_UM * STRIDE
    # However far apart, a pair costs the same, so that none is made at the price of a good one.
    rows, columns = linear_sum_assignment(np.minimum(apart_um, 2 * FOUND_WITHIN_UM))
    found = int((apart_um[rows, columns] <= FOUND_WITHIN_UM).sum())
    return found, int(top.sum()), int(peak.sum())


def _mean(values: Floats | Doubles) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _share(hits: Bools) -> float:
    return float(hits.mean()) if hits.size else float("nan")


def _ratio(part: int, whole: int) -> float:
    return float(part / whole) if whole else float("nan")
