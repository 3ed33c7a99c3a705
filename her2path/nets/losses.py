"""What the network is punished for, part by part."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid, smooth_l1_loss

from her2path.cells.vocabulary import KINDS
from her2path.nets.batches import Batch
from her2path.nets.network import CellNet

PARTS = {
    "centre": 1.0,
    "membrane": 2.0,
    "kind": 1.0,
    "membrane_od": 5.0,
    "completeness": 2.0,
    "nucleus_radii": 0.25,
    "cell_radii": 0.25,
}
"""Weight of each part: such that all are of one order once the network has learnt a little, when an error is
about 0.05 OD, a tenth of a contour or a micrometre."""

FOCUS, FALL = 2.0, 4.0
"""Powers of the focal loss: what is easy counts little, and next to a centre the map may be high. Law and
Deng 2018, CornerNet (arXiv 1808.01244)."""

OD_SCALE = 0.05
"""Errors of a membrane's density count squared below this and linearly above: the few that cannot be right do
not rule, and those of a quarter of a grade's width still pull."""

RADIUS_SCALE_UM = 0.5
"""The same for radii: two input pixels."""

_TOP = 0.99
"""A hill's top on the grid is exactly 1."""


def loss_parts(network: CellNet, batch: Batch) -> Tensor:
    """Run the network on a batch and compare: ``(parts,)`` float32 in the order of ``PARTS``, not weighted.

    Each part is a mean over what is known of it, 0 where nothing is.
    """
    features = network.features(batch.light.contiguous(memory_format=torch.channels_last))
    maps = network.maps(features).float()
    cells = network.cells(features, batch.image, batch.y, batch.x)
    parts = (
        _focal(maps[:, 0], batch.centre, batch.centre_known),
        _mean_where(
            binary_cross_entropy_with_logits(maps[:, 1], batch.membrane, reduction="none"),
            batch.centre_known > 0,
        ),
        _balanced(cells.kind.float(), batch.kind),
        _smooth(cells.membrane_od, batch.membrane_od, OD_SCALE),
        _divergence(cells.completeness.float(), batch.completeness),
        _smooth(cells.nucleus_radii_um, batch.nucleus_radii_um, RADIUS_SCALE_UM),
        _smooth(cells.cell_radii_um, batch.cell_radii_um, RADIUS_SCALE_UM),
    )
    return torch.stack(parts)


def total(parts: Tensor) -> Tensor:
    """Give the weighted sum of the parts: what is made small."""
    return (parts * parts.new_tensor(list(PARTS.values()))).sum()


def _focal(logit: Tensor, hills: Tensor, known: Tensor) -> Tensor:
    """Focal loss over the map of centres, a centre."""
    p = torch.sigmoid(logit)
    top = hills > _TOP
    missed = -((1 - p) ** FOCUS) * logsigmoid(logit)
    invented = -((1 - hills) ** FALL) * p**FOCUS * logsigmoid(-logit)
    loss: Tensor = (torch.where(top, missed, invented) * known).sum()
    return loss / (top * known).sum().clamp(min=1)


def _balanced(logits: Tensor, kind: Tensor) -> Tensor:
    """Cross-entropy in which a kind counts with the root of how many there are of it, not with their number.

    Rare kinds are heard and do not shout: a batch with a single lymphocyte does not teach lymphocytes alone.
    """
    known = kind >= 0
    logits, kind = logits[known], kind[known]
    weight = torch.bincount(kind, minlength=len(KINDS)).clamp(min=1).to(logits.dtype).rsqrt()
    loss = cross_entropy(logits, kind, reduction="none") * weight[kind]
    return loss.sum() / weight[kind].sum().clamp(min=1e-6)


def _divergence(logit: Tensor, share: Tensor) -> Tensor:
    """Cross-entropy against a share, less what even the right answer would cost: 0 is perfect."""
    known = torch.isfinite(share)
    logit, share = logit[known], share[known]
    least = -(torch.xlogy(share, share) + torch.xlogy(1 - share, 1 - share))
    return _mean(binary_cross_entropy_with_logits(logit, share, reduction="none") - least)


def _smooth(value: Tensor, truth: Tensor, scale: float) -> Tensor:
    known = torch.isfinite(truth)
    return _mean(smooth_l1_loss(value.float()[known], truth[known], reduction="none", beta=scale))


def _mean(loss: Tensor) -> Tensor:
    return loss.sum() / max(loss.numel(), 1)


def _mean_where(loss: Tensor, known: Tensor) -> Tensor:
    return (loss * known).sum() / known.sum().clamp(min=1)
