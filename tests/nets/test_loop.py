"""The loop learns, shows every field as often as it says, and goes on after a stop as if there were none."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from her2path.nets.batches import Batch
from her2path.nets.figures import figures
from her2path.nets.loop import Learner, LoopSettings, rate_at, train
from her2path.nets.losses import PARTS
from her2path.nets.network import NetworkSpec
from her2path.nets.sample import Sample

CPU = torch.device("cpu")
Draw = Callable[[int], Sample]
Settings = Callable[..., LoopSettings]


class Stop(Exception):  # noqa: N818 - raised to end a loop
    pass


def weights(learner: Learner) -> dict[str, list[float]]:
    return {name: value.flatten().tolist() for name, value in learner.state().items()}


def run(spec: NetworkSpec, settings: LoopSettings, draw: Draw) -> tuple[Learner, list[tuple[float, ...]]]:
    learner, losses = Learner.begin(spec, settings, CPU), []
    train(learner, draw, settings, lambda _, parts: losses.append(parts))
    return learner, losses


@pytest.mark.slow
def test_a_tiny_network_learns_simple_cells(
    toy: Draw, tiny_spec: NetworkSpec, tiny_settings: Settings
) -> None:
    settings = tiny_settings(steps=240, batch=4, chunk=32)
    learner, losses = run(tiny_spec, settings, toy)
    seen = figures(learner.network, [toy(index) for index in range(1000, 1010)], CPU)
    assert len(losses) == 240
    assert sum(losses[-1]) < 0.2 * sum(losses[0])
    assert min(seen.centre_recall, seen.centre_precision, seen.kind_accuracy) > 0.95
    assert seen.membrane_od_mae < 0.05
    assert seen.nucleus_radius_mae_um < 0.3


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(
    toy: Draw, tiny_spec: NetworkSpec, tiny_settings: Settings
) -> None:
    first, losses = run(tiny_spec, tiny_settings(), toy)
    second, again = run(tiny_spec, tiny_settings(), toy)
    other, _ = run(tiny_spec, tiny_settings(seed=2), toy)
    assert losses == again
    assert weights(first) == weights(second)
    assert weights(first) != weights(other)


@pytest.mark.parametrize("stop", [1, 3, 4, 7])
def test_stopped_and_resumed_is_undisturbed(
    toy: Draw, tiny_spec: NetworkSpec, tiny_settings: Settings, stop: int
) -> None:
    """Whether the stop falls into a chunk, on its end, or on the last step but one."""
    settings = tiny_settings()
    whole, losses = run(tiny_spec, settings, toy)
    seen: list[tuple[float, ...]] = []

    def until(step: int, parts: tuple[float, ...]) -> None:
        seen.append(parts)
        if step == stop:
            raise Stop

    first = Learner.begin(tiny_spec, settings, CPU)
    with pytest.raises(Stop):
        train(first, toy, settings, until)
    second = Learner.begin(tiny_spec, settings, CPU)
    second.restore(first.state(), first.step)
    train(second, toy, settings, lambda _, parts: seen.append(parts))
    assert seen == losses
    assert weights(second) == weights(whole)


def test_every_field_is_shown_as_often_as_said(
    toy: Draw, tiny_spec: NetworkSpec, tiny_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums: list[list[float]] = []

    def learn(learner: Learner, batch: Batch) -> torch.Tensor:
        sums.append(batch.rgb.sum(dim=(1, 2, 3)).tolist())
        learner.step += 1
        return torch.zeros(len(PARTS))

    monkeypatch.setattr(Learner, "learn", learn)
    settings = tiny_settings(steps=12, chunk=4, repeats=3, batch=2)
    run(tiny_spec, settings, toy)
    shown = np.array(sums).ravel()
    assert len(shown) == 24
    for chunk in range(2):
        names, times = np.unique(shown[chunk * 12 : (chunk + 1) * 12], return_counts=True)
        assert times.tolist() == [3] * 4
        assert set(names) == {
            float(toy(index).rgb.sum(dtype=int)) for index in range(chunk * 4, chunk * 4 + 4)
        }


def test_the_rate_rises_and_falls(tiny_settings: Settings) -> None:
    settings = tiny_settings(steps=1000, rise=0.1, rate=0.01)
    rates = [rate_at(step, settings) for step in range(1000)]
    assert max(rates) == pytest.approx(0.01)
    assert 98 <= int(np.argmax(rates)) <= 101
    assert rates[0] == pytest.approx(1e-4)
    assert rates[-1] < 3e-5
    assert np.all(np.diff(rates[101:]) < 0)


def test_an_untaught_network_expects_little(tiny_spec: NetworkSpec, tiny_settings: Settings) -> None:
    network = Learner.begin(tiny_spec, tiny_settings(), CPU).network
    assert torch.sigmoid(network.dense.bias).tolist() == pytest.approx([0.01, 0.1])
