"""The network is shown what an answer depends on, and no more."""

import numpy as np
import pytest
import torch

from her2path.nets.network import CellNet, NetworkSpec
from her2path.nets.reach import COARSEST, REACH_UM, depends_on, window_around


@pytest.mark.parametrize("step", range(64, 64 + COARSEST))
def test_what_a_step_depends_on_is_known_to_the_step(step: int) -> None:
    """Where all weights are positive, nothing that is seen goes unnoticed."""
    network = CellNet(NetworkSpec(widths=(1, 1, 1, 1), hidden=1)).eval()
    for weights in network.parameters():
        torch.nn.init.constant_(weights, 0.5)
    steps = torch.ones(1, 1, 128, 128, requires_grad=True)
    network.maps(network.body(steps))[0, :, step, 64].sum().backward()  # type: ignore[no-untyped-call]
    assert steps.grad is not None
    seen = np.flatnonzero(steps.grad[0, 0].sum(dim=1).numpy())
    (first_coarse, first), (last_coarse, last) = depends_on(step, -1), depends_on(step, 1)
    assert (seen[0], seen[-1]) == (first, last)
    assert max(step - first, last - step) <= REACH_UM
    kept = slice(first_coarse, last_coarse + 1), slice(4, 12)
    there = step - COARSEST * first_coarse, 64 - COARSEST * 4
    part, whole = (network.maps(network.body(steps, box)) for box in (kept, None))
    assert part.shape[2:] == (COARSEST * (last_coarse + 1 - first_coarse), 64)
    assert torch.allclose(part[0, :, *there], whole[0, :, step, 64], rtol=1e-6)


@pytest.mark.parametrize("start", [-9, 0, 3, 64, 771])
@pytest.mark.parametrize(("length", "least"), [(1, 8), (40, 8), (40, 256)])
def test_a_window_holds_what_its_steps_depend_on(start: int, length: int, least: int) -> None:
    steps = range(start, start + length)
    window, kept = window_around(steps, least)
    assert window.start % COARSEST == window.stop % COARSEST == 0
    assert window.stop - window.start >= least
    for step in steps:
        for side in (-1, 1):
            coarsest, finest = depends_on(step, side)
            assert window.start <= finest < window.stop
            assert kept.start <= coarsest - window.start // COARSEST < kept.stop
    if least == 8:
        assert window.start > steps.start - REACH_UM - COARSEST
        assert window.stop < steps.stop + REACH_UM + COARSEST


def test_a_window_that_is_widened_keeps_what_was_added() -> None:
    """Else the maps would be so small that PyTorch takes other kernels."""
    (narrow, kept_of_narrow), (wide, kept) = window_around(range(8), 8), window_around(range(8), 256)
    added = (wide.stop - narrow.stop) // COARSEST
    assert wide.start == narrow.start
    assert added > 0
    assert kept == slice(kept_of_narrow.start, kept_of_narrow.stop + added)
