"""A trained network in a folder: safetensors for the numbers, TOML for what they are."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from her2path.cells.table import N_RAYS
from her2path.cells.vocabulary import KINDS
from her2path.errors import WeightsError
from her2path.nets.network import CellNet, NetworkSpec
from her2path.nets.sample import INPUT_MPP_UM, STRIDE
from her2path.resources import resource
from her2path.scoring.settings import Settings, problems_in

SCHEMA: Literal["her2path.model/1"] = "her2path.model/1"
WEIGHTS_FILE, MODEL_FILE, CARD_FILE = "weights.safetensors", "model.toml", "card.md"

DEFAULT_NETWORK = "compact"
"""Folder of ``models/`` that the program uses where no other is named."""

Width: TypeAlias = Annotated[int, Field(ge=1, le=1024)]


class InputFacts(Settings):
    """What the network looks at."""

    mpp_um: float
    """Pixel size."""

    stride: int
    """Input pixels per step of the output grid."""


class NetworkFacts(Settings):
    """The shape of the network; see ``NetworkSpec``."""

    widths: tuple[Width, Width, Width, Width]
    hidden: Width
    rays: int
    kinds: tuple[str, ...]


class TrainingFacts(Settings):
    """Where the weights come from."""

    config_digest: str
    """Of the training configuration and of the real fields it was given."""

    software: str
    steps: int
    real_data: tuple[str, ...] = ()
    """DOIs of the sets of real nuclei that took part; none were needed."""

    start_sha256: str = ""
    """Of the weights that the training went on from; empty where it began with none."""


class ModelFacts(Settings):
    """``model.toml``: what the weights are, and which they are."""

    schema_: Annotated[Literal["her2path.model/1"], Field(alias="schema")] = SCHEMA
    name: str
    version: str
    parameters: int
    sha256: str
    """Of ``weights.safetensors``."""

    input: InputFacts
    network: NetworkFacts
    trained_with: TrainingFacts


@dataclass(frozen=True, eq=False)
class Trained:
    """A network ready for use, and what it is."""

    network: CellNet
    """In evaluation mode, on the CPU."""

    facts: ModelFacts


def save_network(
    network: CellNet, folder: Path, *, name: str, version: str, trained_with: TrainingFacts
) -> ModelFacts:
    """Write ``weights.safetensors`` and ``model.toml``.

    Parameters
    ----------
    network
        Any device; its batch norms stay apart, so that a copy can be trained further.
    folder
        Made where it is missing.
    name, version, trained_with
        As in ``ModelFacts``.
    """
    data = save({key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()})
    facts = ModelFacts(
        name=name,
        version=version,
        parameters=sum(p.numel() for p in network.parameters()),
        sha256=sha256(data).hexdigest(),
        input=InputFacts(mpp_um=INPUT_MPP_UM, stride=STRIDE),
        network=NetworkFacts(
            widths=network.spec.widths, hidden=network.spec.hidden, rays=N_RAYS, kinds=KINDS
        ),
        trained_with=trained_with,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(data)
    (folder / MODEL_FILE).write_text(_toml(facts.model_dump(mode="json", by_alias=True)), encoding="utf-8")
    return facts


def load_network(folder: Path) -> Trained:
    """Read a network that ``save_network`` wrote, and check that it is the one its ``model.toml`` tells of.

    Raises
    ------
    WeightsError
        If a file is missing, damaged, or belongs to another network or version of the program.
    """
    facts = read_facts(folder)
    try:
        data = (folder / WEIGHTS_FILE).read_bytes()
    except OSError as error:
        raise WeightsError(f"{folder / WEIGHTS_FILE} cannot be read ({error.strerror}); {_REMEDY}") from error
    if sha256(data).hexdigest() != facts.sha256:
        raise WeightsError(
            f"{folder / WEIGHTS_FILE} is not the file that {MODEL_FILE} tells of (its SHA-256 differs): "
            f"damaged or changed; {_REMEDY}"
        )
    network = CellNet(NetworkSpec(facts.network.widths, facts.network.hidden))
    try:
        network.load_state_dict(load(data))
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"{folder / WEIGHTS_FILE} is not of the network that {MODEL_FILE} tells of: {error}; {_REMEDY}"
        ) from error
    return Trained(network.eval(), facts)


def read_facts(folder: Path) -> ModelFacts:
    """Read ``model.toml`` alone.

    Raises
    ------
    WeightsError
        If it is missing, has mistakes, or tells of a network that this version of the program cannot run.
    """
    path = folder / MODEL_FILE
    try:
        facts = ModelFacts.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}); {_REMEDY}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WeightsError(f"{path} is not TOML: {error}; {_REMEDY}") from error
    except ValidationError as error:
        raise WeightsError(f"{path}: {'; '.join(problems_in(error, ModelFacts))}; {_REMEDY}") from error
    theirs = (facts.input.mpp_um, facts.input.stride, facts.network.rays, facts.network.kinds)
    ours = (INPUT_MPP_UM, STRIDE, N_RAYS, KINDS)
    if theirs != ours:
        raise WeightsError(
            f"{path} tells of a network with pixel size, stride, rays and kinds {theirs}, this version of "
            f"her2path runs {ours}; use the version it was trained with ({facts.trained_with.software})"
        )
    return facts


def shipped_folder(name: str = DEFAULT_NETWORK) -> Path:
    """Folder of a network that comes with the program.

    Raises
    ------
    WeightsError
        If there is none of that name; names the ones there are.
    """
    known = {folder.name: folder for folder in _shipped()}
    if name not in known:
        there = ", ".join(sorted(known)) or "none in this installation"
        raise WeightsError(f"no network {name!r} comes with the program; known: {there}; {_REMEDY}")
    return known[name]


def shipped_networks() -> tuple[str, ...]:
    """Names of the networks that come with the program."""
    return tuple(sorted(folder.name for folder in _shipped()))


def _shipped() -> tuple[Path, ...]:
    try:
        root = resource("models")
    except FileNotFoundError:
        return ()
    return tuple(path.parent for path in root.glob(f"*/{MODEL_FILE}"))


_REMEDY = "install her2path again, or train the network with `her2path train`"


def _toml(document: Mapping[str, Any]) -> str:
    """TOML of plain values and one level of tables; JSON's strings, numbers and lists are TOML's too."""
    plain = {key: value for key, value in document.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    for name, table in tables.items():
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"
