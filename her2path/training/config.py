"""What a training run is told, from a TOML file, with every mistake at once."""

import hashlib
from pathlib import Path
from typing import Annotated, Self, TypeAlias

from pydantic import Field, ValidationError, model_validator

from her2path.errors import ConfigurationError
from her2path.nets.loop import LoopSettings
from her2path.nets.network import ALIGN_PX, NetworkSpec
from her2path.scoring.settings import Fraction, Settings, problems_in
from her2path.store.recipes import read_toml

Count: TypeAlias = Annotated[int, Field(ge=1)]
Width: TypeAlias = Annotated[int, Field(ge=1, le=1024)]
Seed: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]


class NetworkTable(Settings):
    """The shape of the network; see ``nets.network.NetworkSpec``."""

    widths: tuple[Width, Width, Width, Width] = NetworkSpec().widths
    hidden: Width = NetworkSpec().hidden


class FieldsTable(Settings):
    """The fields it learns from."""

    side_px: Annotated[int, Field(ge=256, le=2048, multiple_of=ALIGN_PX)] = 512
    chunk: Count = LoopSettings().chunk
    repeats: Count = LoopSettings().repeats
    dense: Fraction = 0.0
    """Of the drawn fields, with tumour stained so strongly that its nuclei are veiled."""


class LearningTable(Settings):
    """How it learns; see ``nets.loop.LoopSettings``."""

    steps: Count = LoopSettings().steps
    batch: Count = LoopSettings().batch
    rate: Annotated[float, Field(gt=0, le=1)] = LoopSettings().rate
    decay: Annotated[float, Field(ge=0, le=1)] = LoopSettings().decay
    rise: Fraction = LoopSettings().rise


class CheckTable(Settings):
    """The fields it never learns from, on which it is looked at now and then."""

    fields: Annotated[int, Field(ge=1, le=1000)] = 32
    every: Count = 500
    """Steps between two looks; the last step is followed by one in any case."""

    seed: Seed = 1_000_000


class RealSet(Settings):
    """A published set of real nuclei, for the card: what it is, whose, and what was done to it."""

    doi: Annotated[str, Field(pattern=r"^10\.\d{4,}/\S+$")]
    title: str
    licence: str
    folder: str
    """Below the folder that ``--data`` names."""

    change: str


class RealTable(Settings):
    """Real nuclei among the drawn ones."""

    share: Fraction = 0.0
    """Of the fields, where ``--data`` gives the sets; without it none."""

    sets: tuple[RealSet, ...] = ()

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.share > 0 and not self.sets:
            raise ValueError(
                "a share of real fields needs [[real.sets]]: every set that is learnt from is named"
            )
        return self


class CardTable(Settings):
    """What people have seen of the network; stands on its card and moves no weight."""

    failures: tuple[str, ...] = ()
    """Where it fails, a sentence each."""


class TrainingConfig(Settings):
    """Everything that determines the weights."""

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")] = "compact"
    version: str = "1"
    seed: Seed = 1
    network: NetworkTable = NetworkTable()
    fields: FieldsTable = FieldsTable()
    learning: LearningTable = LearningTable()
    check: CheckTable = CheckTable()
    real: RealTable = RealTable()
    card: CardTable = CardTable()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = []
        if self.learning.batch > self.fields.chunk * self.fields.repeats:
            problems.append(
                f"learning.batch: {self.learning.batch} fields a step are more than a chunk shows "
                "(fields.chunk × fields.repeats)"
            )
        if self.check.seed == self.seed:
            problems.append(
                "check.seed: is the seed itself; the network would be judged by what it has learnt"
            )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def spec(self) -> NetworkSpec:
        """Give the shape of the network."""
        return NetworkSpec(self.network.widths, self.network.hidden)

    def loop(self) -> LoopSettings:
        """Give the settings of the loop."""
        return LoopSettings(
            **self.learning.model_dump(), chunk=self.fields.chunk, repeats=self.fields.repeats, seed=self.seed
        )

    def digest(self, data_sha256: str | None, start_sha256: str = "") -> str:
        """Give the first 16 hex digits of the SHA-256 of all that determines the weights.

        Parameters
        ----------
        data_sha256
            Of the real sets, where there are any.
        start_sha256
            Of the weights to go on from; empty where there are none.
        """
        content = f"{self.model_dump_json(exclude={'card'})}\n{data_sha256 or ''}\n{start_sha256}"
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def load_config(path: Path) -> TrainingConfig:
    """Read a training configuration.

    Raises
    ------
    ConfigurationError
        With every mistake: key, what is wrong, what is allowed.
    """
    try:
        return TrainingConfig.model_validate(read_toml(path))
    except ValidationError as error:
        raise ConfigurationError(path.name, problems_in(error, TrainingConfig)) from error
