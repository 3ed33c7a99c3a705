"""From single fields to what one step of learning sees: turned, collected, moved to the device."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from her2path.arrays import Doubles
from her2path.cells.table import N_RAYS
from her2path.nets.sample import Sample

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Batch:
    """``b`` fields of one size; their ``n`` places behind one another."""

    rgb: Tensor
    """``(b, 3, y, x)`` uint8."""

    white: Tensor
    """``(b, 3)`` float32, empty glass."""

    centre: Tensor
    """``(b, g, g)``; this and the following as in ``Sample``, in float32."""

    centre_known: Tensor
    membrane: Tensor
    image: Tensor
    """``(n,)`` int64, the field of the batch that a place lies in."""

    y: Tensor
    x: Tensor
    kind: Tensor
    """``(n,)`` int64."""

    membrane_od: Tensor
    completeness: Tensor
    nucleus_radii_um: Tensor
    cell_radii_um: Tensor

    @property
    def light(self) -> Tensor:
        """``(b, 3, y, x)`` float32 share of the light of empty glass: what the network sees."""
        return self.rgb.to(torch.float32) / self.white[:, :, None, None]

    def to(self, device: torch.device) -> "Batch":
        """Move every tensor."""
        moved = {f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)}
        return Batch(**moved)


def collate(samples: Sequence[Sample]) -> Batch:
    """Put fields of one size together.

    Parameters
    ----------
    samples
        At least one.
    """

    def joined(name: str) -> Tensor:
        return torch.from_numpy(np.concatenate([getattr(sample, name) for sample in samples]))

    def stacked(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(sample, name) for sample in samples]))

    places = [len(sample.y) for sample in samples]
    return Batch(
        # Channels stay last in memory, which is how the convolutions of a CPU want them.
        rgb=stacked("rgb").permute(0, 3, 1, 2),
        white=torch.tensor([sample.white for sample in samples], dtype=torch.float32),
        centre=stacked("centre"),
        centre_known=stacked("centre_known"),
        membrane=stacked("membrane"),
        image=torch.from_numpy(np.repeat(np.arange(len(samples)), places)),
        y=joined("y").long(),
        x=joined("x").long(),
        kind=joined("kind").long(),
        membrane_od=joined("membrane_od"),
        completeness=joined("completeness"),
        nucleus_radii_um=joined("nucleus_radii_um"),
        cell_radii_um=joined("cell_radii_um"),
    )


def turned(sample: Sample, quarters: int, flip: bool) -> Sample:
    """Look at a field from another side.

    Parameters
    ----------
    sample
        A square field.
    quarters
        Quarter turns anticlockwise.
    flip
        Mirror it left to right, after the turn.
    """
    last = sample.centre.shape[0] - 1
    y, x = sample.y, sample.x
    for _ in range(quarters % 4):
        y, x = last - x, y
    # A turn moves what a ray says to a later ray; a mirror lets the rays run the other way round from -x.
    ray = np.arange(N_RAYS)
    if flip:
        x, ray = last - x, N_RAYS // 2 - ray
    ray = (ray - quarters * N_RAYS // 4) % N_RAYS

    def plane(values: NDArray[T]) -> NDArray[T]:
        seen = np.rot90(values, quarters)
        return np.ascontiguousarray(seen[:, ::-1] if flip else seen)

    return replace(
        sample,
        rgb=plane(sample.rgb),
        centre=plane(sample.centre),
        centre_known=plane(sample.centre_known),
        membrane=plane(sample.membrane),
        y=y,
        x=x,
        nucleus_radii_um=sample.nucleus_radii_um[:, ray],
        cell_radii_um=sample.cell_radii_um[:, ray],
    )


def relit(sample: Sample, gain: Doubles) -> Sample:
    """Take the white point for another: each channel times its ``(3,)`` gain, the pixels as they are."""
    red, green, blue = (float(white) for white in sample.white * gain)
    return replace(sample, white=(red, green, blue))
