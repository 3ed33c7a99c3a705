"""What the class of a drawn shape says: carcinoma in situ, control tissue, normal epithelium."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from her2path.scoring.terms import SCORES, Score
from her2path.store.regions import Outline

Meaning: TypeAlias = Literal["in_situ", "control", "normal", "plain"]
"""Where a shape is of several classes, the first in this order holds."""

_LEVEL = re.compile(r"(?<![\w+.])(0|[123] ?\+)(?![\w+.])")
"""A score standing alone: in "control 1+" and in "Control: 0", and not in "control 10" or "control 2"."""


@dataclass(frozen=True, slots=True)
class RegionClasses:
    """Names of the classes of shapes that are no invasive tumour."""

    in_situ: Sequence[str]
    control: Sequence[str]
    normal: Sequence[str]


def sort_by_meaning(
    outlines: Sequence[Outline], classes: RegionClasses
) -> dict[Meaning, tuple[Outline, ...]]:
    """Sort shapes by what they say beyond where they lie; ``plain`` ones say no more."""

    def meaning(outline: Outline) -> Meaning:
        if is_of_class(outline, classes.in_situ):
            return "in_situ"
        if is_of_class(outline, classes.control):
            return "control"
        return "normal" if is_of_class(outline, classes.normal) else "plain"

    meanings = [meaning(outline) for outline in outlines]
    return {
        wanted: tuple(one for one, found in zip(outlines, meanings, strict=True) if found == wanted)
        for wanted in get_args(Meaning)
    }


def is_of_class(outline: Outline, classes: Sequence[str]) -> bool:
    """Whether a shape is of one of the classes, by its class or its own name.

    Capitals, hyphens and spaces do not matter, nor does a score in the name (``Control 2+``); a derived class
    of QuPath (``Tumor: DCIS``) is of each of its parts.
    """
    known = {_plain(name) for name in classes}
    parts = [_plain(part) for name in (outline.name, outline.title) for part in name.split(":")]
    return not known.isdisjoint(parts)


def expected_level(outline: Outline) -> Score | None:
    """Score that a control is known to have, from its class or else from its own name; None without one."""
    found = _LEVEL.search(outline.name) or _LEVEL.search(outline.title)
    return None if found is None else SCORES[int(found[1][0])]


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", _LEVEL.sub("", name).casefold().strip()))
