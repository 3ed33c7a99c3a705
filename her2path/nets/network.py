"""The network: a small U-shaped body at 1 µm and coarser, and a head that is asked only where a cell is."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from her2path.cells.table import N_RAYS
from her2path.cells.vocabulary import KINDS
from her2path.nets.reach import COARSEST, Box
from her2path.nets.sample import STRIDE


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """Widths of the body at 1, 2, 4 and 8 µm, and of the cell head."""

    widths: tuple[int, int, int, int] = (16, 32, 64, 64)
    hidden: int = 96


class Features(NamedTuple):
    """What the body computes, finest first: ``(b, width, y, x)`` at 1, 2 and 4 µm."""

    fine: Tensor
    middle: Tensor
    coarse: Tensor


class CellValues(NamedTuple):
    """What the cell head says of ``n`` places."""

    kind: Tensor
    """``(n, kinds)`` logits in the order of ``cells.vocabulary.KINDS``."""

    membrane_od: Tensor
    """``(n,)`` mean density along the stained part of the membrane."""

    completeness: Tensor
    """``(n,)`` logit of the stained share of the contour."""

    nucleus_radii_um: Tensor
    """``(n, N_RAYS)``."""

    cell_radii_um: Tensor
    """``(n, N_RAYS)``."""


class CellNet(nn.Module):
    """Finds nuclei and membranes everywhere, and describes the cell at any place asked for.

    Every convolution is local and nothing is normalised over a tile, so that a cell looks the same whatever
    tile it is seen in. After ``fold`` no batch norm is left.
    """

    def __init__(self, spec: NetworkSpec = NetworkSpec()) -> None:
        super().__init__()
        a, b, c, d = spec.widths
        self.spec = spec
        self.stem = nn.Sequential(_Blocks(), _conv(3 * STRIDE**2, a, 1), _conv(a, a))
        self.down2 = nn.Sequential(_conv(a, b, stride=2), _conv(b, b))
        self.down4 = nn.Sequential(_conv(b, c, stride=2), _conv(c, c))
        self.down8 = nn.Sequential(_conv(c, d, stride=2), _conv(d, d), _conv(d, d))
        self.up4, self.fuse4 = nn.Conv2d(d, c, 1), _conv(c, c)
        self.up2, self.fuse2 = nn.Conv2d(c, b, 1), _conv(b, b)
        self.up1, self.fuse1 = nn.Conv2d(b, a, 1), _conv(a, a)
        self.dense = nn.Conv2d(a, 2, 1)
        self.cell = nn.Sequential(
            nn.Linear(a + b + c, spec.hidden),
            nn.ReLU(),
            nn.Linear(spec.hidden, len(KINDS) + 2 + 2 * N_RAYS),
        )

    def features(self, light: Tensor) -> Features:
        """Run the body.

        Parameters
        ----------
        light
            ``(b, 3, y, x)`` share of the light of empty glass, at 0.25 µm; sides are multiples of 32.
        """
        return self.body(self.steps(light))

    def steps(self, light: Tensor) -> Tensor:
        """Bring light to ``(b, width, y, x)`` at 1 µm; no step depends on the pixels of another."""
        steps: Tensor = self.stem[:2](light)
        return steps

    def body(self, steps: Tensor, kept: Box | None = None) -> Features:
        """Run all that comes after ``steps``; of the box of the 8 µm grid alone that is kept, or of all."""
        one = self.stem[2](steps)
        two = self.down2(one)
        four = self.down4(two)
        coarse = self.fuse4(_doubled(self.up4(_part(self.down8(four), kept))).add_(_part(four, kept, 2)))
        middle = self.fuse2(_doubled(self.up2(coarse)).add_(_part(two, kept, 4)))
        fine = self.fuse1(_doubled(self.up1(middle)).add_(_part(one, kept, 8)))
        return Features(fine, middle, coarse)

    def maps(self, features: Features) -> Tensor:
        """Logits of nucleus centre and of stained membrane: ``(b, 2, y, x)`` at 1 µm."""
        maps: Tensor = self.dense(features.fine)
        return maps

    def cells(self, features: Features, image: Tensor, y: Tensor, x: Tensor) -> CellValues:
        """Describe the cells at places of the 1 µm grid: ``(n,)`` int64 image of the batch, row, column."""
        seen = torch.cat(
            [level[image, :, y // step, x // step] for level, step in zip(features, (1, 2, 4), strict=True)],
            dim=1,
        )
        values = self.cell(seen)
        k = len(KINDS)
        # Radii are learnt in units of 8 µm, about half a cell, so that all outputs are of one order.
        radii_um = 8.0 * nn.functional.softplus(values[:, k + 2 :])
        return CellValues(
            kind=values[:, :k],
            membrane_od=nn.functional.softplus(values[:, k]),
            completeness=values[:, k + 1],
            nucleus_radii_um=radii_um[:, :N_RAYS],
            cell_radii_um=radii_um[:, N_RAYS:],
        )


ALIGN_PX = STRIDE * COARSEST
"""Input sides and origins are multiples of this: the coarsest grid is 8 µm."""


class _Blocks(nn.Module):
    """Darkness in blocks of ``STRIDE`` × ``STRIDE`` pixels: glass is 0, and a dark nucleus is near 1."""

    def forward(self, light: Tensor) -> Tensor:
        return nn.functional.pixel_unshuffle(1.0 - light, STRIDE)


def _conv(n_in: int, n_out: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    )


def _part(level: Tensor, kept: Box | None, times: int = 1) -> Tensor:
    """Cut a box of the 8 µm grid out of one that is ``times`` as fine."""
    if kept is None:
        return level
    rows, columns = (slice(times * box.start, times * box.stop) for box in kept)
    return level[:, :, rows, columns]


def _doubled(coarse: Tensor) -> Tensor:
    return interpolate(coarse, scale_factor=2.0, mode="nearest")


class _Rectified(nn.Conv2d):
    """A convolution and its ReLU; in one run through memory where PyTorch has oneDNN, with the same bits."""

    def forward(self, level: Tensor) -> Tensor:
        with_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        if level.device.type != "cpu" or not with_onednn:
            return super().forward(level).relu_()
        rectified: Tensor = torch.ops.mkldnn._convolution_pointwise(
            level, self.weight, self.bias, self.padding, self.stride, self.dilation, 1, "relu", [], ""
        )
        return rectified


def fold(network: CellNet) -> CellNet:
    """Give a copy for inference: batch norm and ReLU are folded into the convolution before them."""
    folded = CellNet(network.spec)
    folded.load_state_dict(network.state_dict())
    folded.eval()
    for block in [m for m in folded.modules() if isinstance(m, nn.Sequential)]:
        if len(block) == 3 and isinstance(block[0], nn.Conv2d) and isinstance(block[1], nn.BatchNorm2d):
            block[0] = _rectified(nn.utils.fuse_conv_bn_eval(block[0], block[1]))
            block[1] = block[2] = nn.Identity()
    first = folded.stem[1]
    assert isinstance(first, nn.Sequential)
    folded.stem[0], first[0] = nn.Identity(), _strided(first[0])
    return folded


def _rectified(plain: nn.Conv2d) -> _Rectified:
    size, stride = plain.weight.shape[-1], plain.stride[0]
    conv = _Rectified(plain.in_channels, plain.out_channels, size, stride, size // 2)
    conv.weight, conv.bias = plain.weight, plain.bias
    return conv


def _strided(blocks: nn.Module) -> _Rectified:
    """Give one convolution of light that does what ``_Blocks`` and the 1 × 1 convolution after it do."""
    assert isinstance(blocks, nn.Conv2d)
    assert blocks.bias is not None
    n_out = blocks.out_channels
    strided = _Rectified(3, n_out, STRIDE, STRIDE)
    strided.weight = nn.Parameter(-blocks.weight.detach().reshape(n_out, 3, STRIDE, STRIDE))
    strided.bias = nn.Parameter((blocks.bias + blocks.weight.sum(dim=(1, 2, 3))).detach())
    return strided
