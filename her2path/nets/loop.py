"""The training loop: which fields are seen when, and what one step of learning does.

All that is random comes from the seed and the number of the step, so that a run that was stopped and resumed
ends where one that was left alone ends.
"""

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from her2path.arrays import Doubles
from her2path.nets.batches import Batch, collate, relit, turned
from her2path.nets.draws import Draw, drawn_chunks
from her2path.nets.losses import loss_parts, total
from her2path.nets.network import CellNet, NetworkSpec
from her2path.nets.sample import Sample

WHITE_JITTER, TINT_JITTER = 0.02, 0.01
"""Spread of the white point about the one drawn, of all channels together and of each: 0.009 and 0.004 OD."""

LAST_RATE = 1e-3
"""Of the highest learning rate, what is left at the end."""

EXPECTED = (0.01, 0.1)
"""Share of the grid with a centre and with a stained membrane, about: what an untaught network says. Without
it the first steps do nothing but unlearn centres. Lin et al. 2017, focal loss (arXiv 1708.02002), §4.1."""

MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """Everything but the fields that decides what is learnt."""

    steps: int = 12_000
    batch: int = 8
    """Fields a step."""

    chunk: int = 256
    """Fields drawn together; while they are shown, the next ones are drawn."""

    repeats: int = 6
    """Times a field is shown, each time turned and lit anew, before it is forgotten."""

    rate: float = 4e-3
    """Highest learning rate of AdamW."""

    decay: float = 0.02
    """Weight decay of what multiplies; biases and batch norms have none."""

    rise: float = 0.1
    """Share of the steps in which the rate rises; after them it falls as half a cosine."""

    seed: int = 1

    @property
    def steps_a_chunk(self) -> int:
        """How long a chunk lasts: whole batches; what does not fill one is not shown."""
        return self.chunk * self.repeats // self.batch


class Learner:
    """A network half taught: its weights, the optimiser's memory, and how many steps it has seen."""

    def __init__(self, network: CellNet, settings: LoopSettings, device: torch.device) -> None:
        self.network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device, self.step = device, 0
        self.learning = False
        """In the middle of a step: what ``state`` gives is neither the one before nor the one after it."""
        self._settings = settings
        weights = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]
        self._optimiser = torch.optim.AdamW(
            [{"params": weights, "weight_decay": settings.decay}, {"params": others, "weight_decay": 0.0}],
            lr=settings.rate,
        )

    @classmethod
    def begin(cls, spec: NetworkSpec, settings: LoopSettings, device: torch.device) -> Self:
        """Start with weights that come from the seed alone, and with maps that expect little."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = CellNet(spec)
        expected = torch.tensor(EXPECTED)
        with torch.no_grad():
            network.dense.bias.copy_(torch.log(expected / (1 - expected)))  # type: ignore[union-attr]
        return cls(network, settings, device)

    def learn(self, batch: Batch) -> Tensor:
        """Take one step; give the parts of the loss before it, detached, on the device."""
        self.learning = True
        self.network.train()
        for group in self._optimiser.param_groups:
            group["lr"] = rate_at(self.step, self._settings)
        mixed = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            parts = loss_parts(self.network, batch.to(self.device))
        self._optimiser.zero_grad(set_to_none=True)
        total(parts).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self.step += 1
        self.learning = False
        return parts.detach()

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, but for its number."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            memory = self._optimiser.state.get(parameter, {})
            tensors |= {f"{moment}.{name}": memory[moment] for moment in MOMENTS if moment in memory}
        return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}

    def restore(self, state: Mapping[str, Tensor], step: int) -> None:
        """Go on from a ``state``, as if nothing had been in between.

        Raises
        ------
        KeyError, RuntimeError
            If it is the state of another network.
        """
        prefix = "network."
        self.network.load_state_dict(
            {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        )
        for name, parameter in self.network.named_parameters() if step else ():
            memory = {
                moment: torch.empty_like(parameter).copy_(state[f"{moment}.{name}"]) for moment in MOMENTS
            }
            self._optimiser.state[parameter] = {"step": torch.tensor(float(step)), **memory}
        self.step = step


def train(
    learner: Learner,
    draw: Draw,
    settings: LoopSettings,
    on_step: Callable[[int, tuple[float, ...]], None],
    *,
    workers: int = 0,
) -> None:
    """Teach until ``settings.steps`` steps are done, from wherever the learner stands.

    Parameters
    ----------
    learner
        Is changed.
    draw
        Draws the field of an index.
    settings
        As the learner was begun with.
    on_step
        Called after each step with the number of steps done and the parts of the loss in the order of
        ``PARTS``; what it raises ends the training, with the learner between two steps.
    workers
        Processes that draw; changes nothing but the time it takes.
    """
    with closing(_shown(draw, settings, learner.step, workers)) as batches, _repeatable(learner.device):
        for batch in batches:
            parts = learner.learn(batch)
            on_step(learner.step, tuple(parts.tolist()))


def rate_at(step: int, settings: LoopSettings) -> float:
    """Learning rate of a step: a straight rise, then half a cosine down to almost nothing."""
    rise = max(round(settings.rise * settings.steps), 1)
    if step < rise:
        return settings.rate * (step + 1) / rise
    way = (step - rise) / max(settings.steps - rise, 1)
    return settings.rate * (LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * way)))


def _shown(draw: Draw, settings: LoopSettings, first: int, workers: int) -> Generator[Batch]:
    """Batches of the steps from ``first`` on."""
    per_chunk = settings.steps_a_chunk
    chunks = range(first // per_chunk, math.ceil(settings.steps / per_chunk))
    with (
        closing(drawn_chunks(draw, settings.chunk, chunks, workers)) as drawn,
        ThreadPoolExecutor(1) as thread,
    ):
        for number, fields in zip(chunks, drawn, strict=True):
            begin = number * per_chunk
            steps = range(max(first, begin) - begin, min(settings.steps - begin, per_chunk))
            make = partial(_batch, fields, _looks(settings, number), settings.batch)
            # A thread makes the next batch while this one is learnt.
            coming = thread.submit(make, steps[0])
            for following in steps[1:]:
                batch, coming = coming.result(), thread.submit(make, following)
                yield batch
            yield coming.result()


class _Looks(NamedTuple):
    """In what order, and how, the fields of a chunk are shown: ``n`` times a field is looked at."""

    field: NDArray[np.int64]
    quarters: NDArray[np.int64]
    flip: NDArray[np.int64]
    gain: Doubles


def _looks(settings: LoopSettings, chunk: int) -> _Looks:
    rng = np.random.default_rng((settings.seed, chunk))
    # Every field is seen once before any is seen again.
    field = np.concatenate([rng.permutation(settings.chunk) for _ in range(settings.repeats)])
    tint = rng.normal(0, WHITE_JITTER, (len(field), 1)) + rng.normal(0, TINT_JITTER, (len(field), 3))
    return _Looks(field, rng.integers(4, size=len(field)), rng.integers(2, size=len(field)), np.exp(tint))


def _batch(fields: Sequence[Sample], looks: _Looks, size: int, step: int) -> Batch:
    rows = range(step * size, (step + 1) * size)
    return collate(
        [
            relit(
                turned(fields[looks.field[row]], int(looks.quarters[row]), flip=bool(looks.flip[row])),
                looks.gain[row],
            )
            for row in rows
        ]
    )


@contextmanager
def _repeatable(device: torch.device) -> Iterator[None]:
    """Add up in one order on a CPU, however many threads there are. A GPU's last bits may differ."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(before or device.type == "cpu")
    # The focal loss leaves gradients too small for a normal float; a CPU takes six times as long over them.
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.use_deterministic_algorithms(before)
