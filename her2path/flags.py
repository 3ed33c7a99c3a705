"""A flag: something that a reader of the score must know."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["info", "warning", "refusal"]


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to know about a slide."""

    code: str
    """In capitals, stable between releases: ``LOW_CELL_COUNT``."""

    severity: Severity
    """``info``: good to know · ``warning``: look before using the score · ``refusal``: no score was given."""

    detail: str
    """One sentence with the numbers that led to it."""
