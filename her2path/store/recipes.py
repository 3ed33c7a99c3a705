"""Recipes and rulebooks from TOML files, with every mistake at once."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, create_model, model_validator

from her2path.errors import ConfigurationError, UsageError
from her2path.image.stains import StainMatrix, Vector
from her2path.recipe import Recipe, Stains
from her2path.resources import resource
from her2path.scoring.rulebook import Rulebook, parse_rulebook
from her2path.scoring.settings import Settings, problems_in

DEFAULT_RULEBOOK = "breast-2018"

_NOT_IN_FILE = {"rulebook", "stains", "include_sha256", "exclude_sha256", "weights_sha256"}


class StainTable(Settings):
    """The table ``[stains]`` of a recipe file: all three vectors, or none."""

    haematoxylin: Vector | None = None
    dab: Vector | None = None
    white: Vector | None = None

    @model_validator(mode="after")
    def _make_a_matrix(self) -> Self:
        self.stains()
        return self

    def stains(self) -> Stains:
        """Give the recipe's value; raises ValueError where the vectors make no matrix."""
        if self.haematoxylin is None and self.dab is None and self.white is None:
            return Stains()
        if self.haematoxylin is None or self.dab is None or self.white is None:
            raise ValueError("haematoxylin, dab and white belong together: give all three, or none")
        return Stains(matrix=StainMatrix(self.haematoxylin, self.dab, self.white, "recipe"))


_SHARED_KEYS: dict[str, Any] = {
    name: (field.annotation, field.default)
    for name, field in Recipe.model_fields.items()
    if name not in _NOT_IN_FILE
}

# A recipe file has the keys of Recipe, except that it names its rulebook and spells its stains.
_RecipeFile = create_model(
    "_RecipeFile",
    __base__=Settings,
    rulebook=(str, DEFAULT_RULEBOOK),
    stains=(StainTable, StainTable()),
    **_SHARED_KEYS,
)


def load_recipe(path: Path | None = None, **overrides: Any) -> Recipe:  # noqa: ANN401 - checked by the model
    """Read a recipe.

    Parameters
    ----------
    path
        TOML file; without one, every value has its default.
    **overrides
        Values of the recipe that win over the file. ``None`` means not given; ``rulebook`` is an id or a
        path.

    Raises
    ------
    ConfigurationError
        With every mistake in the recipe and in the rulebook it names: key, what is wrong, what is allowed.
    """
    source = path.name if path else "recipe"
    given = {name: value for name, value in overrides.items() if value is not None}
    digests = {name: given.pop(name) for name in ("include_sha256", "exclude_sha256") if name in given}
    mapping = (read_toml(path) if path else {}) | given
    problems: list[str] = []
    try:
        file = _RecipeFile.model_validate(mapping)
    except ValidationError as error:
        file = None
        problems.extend(problems_in(error, _RecipeFile))
    named = str(mapping.get("rulebook", DEFAULT_RULEBOOK))
    rulebook = None
    try:
        rulebook = load_rulebook(named, relative_to=path.parent if path and "rulebook" not in given else None)
    except UsageError as error:
        problems.extend(str(error).splitlines())
    if file is None or rulebook is None:
        raise ConfigurationError(source, problems)
    shared = {name: getattr(file, name) for name in _SHARED_KEYS}
    stains: StainTable = getattr(file, "stains")  # noqa: B009 - a made model has no static fields
    try:
        return Recipe(rulebook=rulebook, stains=stains.stains(), **shared, **digests)
    except ValidationError as error:  # values that are good each on its own, and do not go together
        raise ConfigurationError(source, problems_in(error, Recipe)) from error


def load_rulebook(id_or_path: str | Path, *, relative_to: Path | None = None) -> Rulebook:
    """Read a rulebook by its id, or a user's own by its path.

    Parameters
    ----------
    id_or_path
        One of ``list_rulebooks``, or the path of a TOML file (anything that ends in ``.toml``).
    relative_to
        Folder that a relative path starts from; by default the working directory.

    Raises
    ------
    UsageError
        If there is none; names the ones there are.
    ConfigurationError
        If the file has mistakes.
    """
    if str(id_or_path).endswith(".toml"):
        path = (relative_to or Path()) / id_or_path
        return parse_rulebook(read_toml(path), path.name)
    known = sorted(path.stem for path in resource("configs/rulebooks").glob("*.toml"))
    if str(id_or_path) not in known:
        near = difflib.get_close_matches(str(id_or_path), known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"there is no rulebook {str(id_or_path)!r}; {hint}known: {', '.join(known)}, or a path (.toml)"
        )
    path = resource("configs/rulebooks") / f"{id_or_path}.toml"
    return parse_rulebook(read_toml(path), path.name)


def list_rulebooks() -> tuple[Rulebook, ...]:
    """Every rulebook that comes with the program, by id."""
    return tuple(load_rulebook(path.stem) for path in sorted(resource("configs/rulebooks").glob("*.toml")))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    ConfigurationError
        If it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(str(path), [f"cannot be read ({error.strerror}); check the path"]) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(path.name, [f"is not TOML: {error}"]) from error
