"""Parts of the loss: 0 for the right answer, more for the wrong one, and 0 where nobody knows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from her2path.nets.batches import Batch, collate
from her2path.nets.losses import PARTS, loss_parts, total
from her2path.nets.network import CellNet, CellValues, Features
from her2path.nets.sample import Sample


class Oracle(CellNet):
    """Says what it is told to say."""

    def __init__(self, maps: Tensor, cells: CellValues) -> None:
        super().__init__()
        self.told = maps, cells

    def features(self, light: Tensor) -> Features:
        return Features(light, light, light)

    def maps(self, features: Features) -> Tensor:
        return self.told[0]

    def cells(self, features: Features, image: Tensor, y: Tensor, x: Tensor) -> CellValues:
        return self.told[1]


def right_answer(batch: Batch) -> tuple[Tensor, CellValues]:
    sure = 20.0
    maps = torch.stack([(batch.centre == 1) * 2 * sure - sure, batch.membrane * 2 * sure - sure], dim=1)
    kind = torch.nn.functional.one_hot(batch.kind.clamp(min=0), 4).float() * sure
    known = [
        torch.nan_to_num(v, nan=1e3) for v in (batch.membrane_od, batch.nucleus_radii_um, batch.cell_radii_um)
    ]
    share = torch.nan_to_num(batch.completeness, nan=0.5)
    return maps, CellValues(kind, known[0], torch.logit(share, eps=1e-7), known[1], known[2])


def parts_of(batch: Batch, maps: Tensor, cells: CellValues) -> dict[str, float]:
    return dict(zip(PARTS, loss_parts(Oracle(maps, cells), batch).tolist(), strict=True))


@pytest.fixture
def batch(toy: Callable[[int], Sample]) -> Batch:
    first, second = toy(1), toy(2)
    share = np.array([0.3, np.nan], np.float32)
    return collate([first, replace(second, completeness=share, kind=np.array([0, -1], np.int8))])


def test_the_right_answer_costs_nothing(batch: Batch) -> None:
    parts = parts_of(batch, *right_answer(batch))
    assert list(parts.values()) == pytest.approx([0.0] * len(PARTS), abs=1e-4)


@pytest.mark.parametrize("part", PARTS)
def test_a_wrong_answer_costs_its_own_part_alone(batch: Batch, part: str) -> None:
    maps, cells = right_answer(batch)
    if part in ("centre", "membrane"):
        row = list(PARTS).index(part)
        maps[0, row, 5, 5] *= -1
    else:
        name = {"nucleus_radii": "nucleus_radii_um", "cell_radii": "cell_radii_um"}.get(part, part)
        cells = cells._replace(**{name: getattr(cells, name).flip(-1) + 0.3})
    parts = parts_of(batch, maps, cells)
    assert [name for name, value in parts.items() if value > 1e-3] == [part]


def test_what_is_not_known_costs_nothing(batch: Batch) -> None:
    """Nothing known at all: every part is 0, and so is what is learnt."""
    nothing = replace(
        batch,
        centre_known=torch.zeros_like(batch.centre_known),
        kind=torch.full_like(batch.kind, -1),
        **{
            name: torch.full_like(getattr(batch, name), torch.nan)
            for name in ("membrane_od", "completeness", "nucleus_radii_um", "cell_radii_um")
        },
    )
    network = CellNet()
    parts = loss_parts(network, nothing)
    total(parts).backward()  # type: ignore[no-untyped-call]
    assert parts.tolist() == [0.0] * len(PARTS)
    assert all(p.grad is None or not p.grad.any() for p in network.parameters())


def test_a_rare_kind_is_heard(batch: Batch) -> None:
    """One lymphocyte called tumour among many tumour cells costs more than its share of the places."""
    n = 100
    kind = torch.zeros(n, dtype=torch.int64)
    kind[0] = 2
    many = replace(
        batch,
        image=torch.zeros(n, dtype=torch.int64),
        y=torch.zeros(n, dtype=torch.int64),
        x=torch.zeros(n, dtype=torch.int64),
        kind=kind,
        membrane_od=torch.full((n,), torch.nan),
        completeness=torch.full((n,), torch.nan),
        nucleus_radii_um=torch.full((n, 32), torch.nan),
        cell_radii_um=torch.full((n, 32), torch.nan),
    )
    maps, cells = right_answer(many)
    wrong_once = cells._replace(kind=torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(n, 1) * 20)
    assert parts_of(many, maps, wrong_once)["kind"] > 20 / n * 3


def test_the_weights_are_those_of_the_parts() -> None:
    ones = torch.eye(len(PARTS))
    assert [float(total(row)) for row in ones] == pytest.approx(list(PARTS.values()))
