import numpy as np
import pytest
import torch

from her2path.cells.table import N_RAYS
from her2path.cells.vocabulary import KINDS
from her2path.nets.network import ALIGN_PX, CellNet, NetworkSpec, fold
from her2path.nets.reach import REACH_UM
from her2path.nets.sample import INPUT_MPP_UM, STRIDE


@pytest.fixture
def network() -> CellNet:
    torch.manual_seed(0)
    network = CellNet()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)  # type: ignore[arg-type]
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    return network.eval()


def _light(side_px: int) -> torch.Tensor:
    return torch.rand(1, 3, side_px, side_px, generator=torch.Generator().manual_seed(1))


def test_it_is_compact(network: CellNet) -> None:
    assert sum(p.numel() for p in network.parameters()) <= 300_000


def test_every_head_answers_in_its_shape(network: CellNet) -> None:
    features = network.features(_light(4 * ALIGN_PX))
    assert network.maps(features).shape == (1, 2, 4 * ALIGN_PX // STRIDE, 4 * ALIGN_PX // STRIDE)
    place = torch.tensor([3, 30])
    values = network.cells(features, torch.zeros(2, dtype=torch.long), place, place)
    assert values.kind.shape == (2, len(KINDS))
    assert values.membrane_od.shape == values.completeness.shape == (2,)
    assert values.cell_radii_um.shape == values.nucleus_radii_um.shape == (2, N_RAYS)
    assert (values.cell_radii_um > 0).all()


@torch.no_grad()
def test_folding_changes_nothing_but_rounding(network: CellNet) -> None:
    folded = fold(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    light = _light(2 * ALIGN_PX)
    for plain, fast in zip(network.features(light), folded.features(light), strict=True):
        np.testing.assert_allclose(plain.numpy(), fast.numpy(), atol=1e-5)


def test_nothing_beyond_the_reach_is_seen(network: CellNet) -> None:
    side_px = 2 * round(REACH_UM / INPUT_MPP_UM) // ALIGN_PX * ALIGN_PX + 4 * ALIGN_PX
    light = _light(side_px).requires_grad_()
    features = network.features(light)
    middle = side_px // STRIDE // 2
    seen = torch.tensor([middle])
    values = network.cells(features, torch.tensor([0]), seen, seen)
    (values.kind.sum() + network.maps(features)[0, :, middle, middle].sum()).backward()  # type: ignore[no-untyped-call]
    assert light.grad is not None
    y, x = np.nonzero(light.grad[0].abs().sum(0).numpy())
    at_px = (middle + 0.5) * STRIDE
    furthest_um = max(np.abs(y + 0.5 - at_px).max(), np.abs(x + 0.5 - at_px).max()) * INPUT_MPP_UM
    assert 20 < furthest_um <= REACH_UM


@torch.no_grad()
def test_a_part_of_a_field_is_seen_as_the_whole(network: CellNet) -> None:
    """Bit for bit, where the part begins on the grid of 8 µm: what makes a cell the same from any tile."""
    folded = fold(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    light = _light(20 * ALIGN_PX).contiguous(memory_format=torch.channels_last)
    whole = folded.maps(folded.features(light)).numpy()
    begin, margin = 2 * ALIGN_PX, round(REACH_UM)
    part = light[:, :, begin:, begin:].contiguous(memory_format=torch.channels_last)
    seen = folded.maps(folded.features(part)).numpy()
    inner = slice(begin // STRIDE + margin, -margin)
    np.testing.assert_array_equal(whole[:, :, inner, inner], seen[:, :, margin:-margin, margin:-margin])
    box = slice(3, 17), slice(2, 20)
    kept = folded.maps(folded.body(folded.steps(light), box)).numpy()
    np.testing.assert_array_equal(whole[:, :, 32:128, 24:-margin], kept[:, :, 8:-8, 8:-margin])


@torch.no_grad()
def test_steps_may_be_taken_strip_by_strip(network: CellNet) -> None:
    """Bit for bit: a step sees its own pixels alone."""
    folded = fold(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    light = _light(8 * ALIGN_PX).contiguous(memory_format=torch.channels_last)
    strips = [folded.steps(light[:, :, first : first + 96]) for first in range(0, 8 * ALIGN_PX, 96)]
    assert torch.equal(torch.cat(strips, dim=2), folded.steps(light))


def test_widths_are_a_choice() -> None:
    assert CellNet(NetworkSpec(widths=(8, 16, 32, 32), hidden=32)).spec.hidden == 32


@torch.no_grad()
def test_a_relu_within_the_convolution_has_the_bits_of_one_after_it(
    network: CellNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded = fold(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert not any(isinstance(module, torch.nn.ReLU) for module in folded.stem.modules())
    light = _light(20 * ALIGN_PX).contiguous(memory_format=torch.channels_last)
    # Not smaller: PyTorch alone takes other kernels for small maps.
    within = folded.features(light)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    for one, other in zip(within, folded.features(light), strict=True):
        assert (one == 0).any()
        assert torch.equal(one, other)
