"""Published rates, the limits of the gate and the checklist, from TOML files."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from her2path.errors import ConfigurationError
from her2path.qa.benchmarks import Band, Bands
from her2path.qa.checklist import Checklist
from her2path.qa.gate import Gate
from her2path.resources import resource
from her2path.scoring.settings import problems_in
from her2path.store.recipes import read_toml

Model = TypeVar("Model", bound=BaseModel)


def load_bands(path: Path | None = None) -> tuple[Band, ...]:
    """Read published rates; by default those that come with the program.

    Raises
    ------
    ConfigurationError
        With every mistake: key, what is wrong, what is allowed.
    """
    return _load(Bands, path or resource("configs/qa/benchmarks.toml")).bands


def load_gate(path: Path | None = None) -> Gate:
    """Read the limits of the gate; by default those that come with the program.

    Raises
    ------
    ConfigurationError
        With every mistake: key, what is wrong, what is allowed.
    """
    return _load(Gate, path or resource("configs/qa/gate.toml"))


def load_checklist() -> Checklist:
    """Read the recommendations that come with the program.

    Raises
    ------
    ConfigurationError
        With every mistake: key, what is wrong, what is allowed.
    """
    return _load(Checklist, resource("configs/qa/checklist.toml"))


def _load(model: type[Model], path: Path) -> Model:
    try:
        return model.model_validate(read_toml(path))
    except ValidationError as error:
        raise ConfigurationError(path.name, problems_in(error, model)) from error
