"""Which rulebook reads which tumour, from ``configs/tumours.toml``."""

from collections.abc import Mapping
from difflib import get_close_matches

from pydantic import ValidationError

from her2path.errors import ConfigurationError, UsageError
from her2path.resources import resource
from her2path.scoring.settings import Settings, problems_in
from her2path.scoring.terms import Specimen, Text
from her2path.store.recipes import read_toml

OWN_FILE = ".toml"
"""What the name of a user's own rulebook ends in."""


class Tumour(Settings):
    """A kind of tumour, and the rulebooks that were made for it."""

    name: Text
    spelt: tuple[Text, ...] = ()
    """Other ways to write it, in any capitals."""

    rulebook: Text | None = None
    """The rulebook that is used where none is named; None where that depends on the specimen."""

    rulebook_by_specimen: Mapping[Specimen, Text] = {}
    fits: tuple[Text, ...]
    reason: Text

    def pick(self, specimen: Specimen | None) -> str:
        """Give the rulebook that is used where none is named.

        Raises
        ------
        UsageError
            If it depends on a specimen that is not given, or there is none for it.
        """
        picked = self.rulebook_by_specimen.get(specimen) if specimen else None
        if found := picked or self.rulebook:
            return found
        kinds = ", ".join(self.rulebook_by_specimen)
        if specimen is None:
            raise UsageError(
                f"the rulebook of {self.name} tumours depends on the specimen: give it ({kinds})"
            )
        raise UsageError(
            f"no rulebook of {self.name} tumours is made for {specimen} alone; "
            f"name the rulebook to use ({', '.join(self.fits)})"
        )


class Tumours(Settings):
    """Every kind of tumour that a manifest may name."""

    fits_all: tuple[Text, ...]
    """Rulebooks for any tumour."""

    tumours: tuple[Tumour, ...]

    @property
    def names(self) -> str:
        """All of them, as a list for messages."""
        return ", ".join(tumour.name for tumour in self.tumours)

    def named(self, text: str) -> Tumour:
        """Find a tumour by its name, or another way to write it.

        Raises
        ------
        UsageError
            If there is none; names the nearest, and all that there are.
        """
        by_spelling = {_plain(word): one for one in self.tumours for word in (one.name, *one.spelt)}
        if (found := by_spelling.get(_plain(text))) is not None:
            return found
        near = get_close_matches(_plain(text), by_spelling, n=1)
        hint = f"; did you mean {by_spelling[near[0]].name}?" if near else ""
        raise UsageError(f"{text!r} is no tumour{hint} ({self.names})")

    def check(self, tumour: Tumour, rulebook: str) -> None:
        """Refuse a rulebook that was made for another tumour; one in a file of its own fits any.

        Raises
        ------
        UsageError
            If the rulebook does not fit; names those that do.
        """
        fitting = (*tumour.fits, *self.fits_all)
        if rulebook not in fitting and not rulebook.endswith(OWN_FILE):
            raise UsageError(
                f"rulebook {rulebook} is not for {tumour.name} tumours; choose one of "
                f"{', '.join(dict.fromkeys(fitting))}, or leave it out"
            )


def load_tumours() -> Tumours:
    """Read the table that comes with the program.

    Raises
    ------
    ConfigurationError
        With every mistake: key, what is wrong, what is allowed.
    """
    path = resource("configs/tumours.toml")
    try:
        return Tumours.model_validate(read_toml(path))
    except ValidationError as error:
        raise ConfigurationError(path.name, problems_in(error, Tumours)) from error


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
