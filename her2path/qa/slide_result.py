"""What a run says of one slide, as far as two runs are compared by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from her2path.cells.vocabulary import PATTERNS

Setting: TypeAlias = str | float | bool | None

DECISIONS = ("status", "score", "category", "her2_status", "tag")
"""What flips: fields of score.json."""

FRACTIONS = tuple(f"fractions.{pattern}" for pattern in PATTERNS)

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "h_score": "of 300",
        "complete_intense_fraction": "fraction",
        "membrane_od.mean": "OD",
        "membrane_od.p10": "OD",
        "membrane_od.p50": "OD",
        "membrane_od.p90": "OD",
        "n_cells": "cells",
    }
    | dict.fromkeys(FRACTIONS, "fraction")
)
"""What moves: numbers of score.json, with their unit."""


@dataclass(frozen=True, eq=False)
class SlideResult:
    """One slide in one run."""

    slide_id: str
    decisions: Mapping[str, str | None]
    """By the names of ``DECISIONS``; one that is not there is not told, and None is none."""

    measures: Mapping[str, float | None]
    """By the names of ``UNITS``, in the same sense."""

    rule: str | None = None
    """The rule that fired."""

    reason: str | None = None
    """Why there is no score."""

    borderline: bool | None = None

    settings: Mapping[str, Setting] = field(default_factory=dict)
    """What the result was made with, one key a value: ``recipe.grading.weak_od``, ``versions.numpy``."""
