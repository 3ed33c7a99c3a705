"""What became of the tissue: scored, left out and why; each reason with a look of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from her2path.report.numbers import area, percent
from her2path.report.words import reason_words

BY_HAND = ("in_situ", "control", "normal", "region")
"""Left out because somebody drew it; everything else was looked for."""

LOOKS = {
    "in_situ": (0, "drawn"),
    "control": (7, "drawn"),
    "normal": (9, "drawn"),
    "region": (3, "drawn"),
    "pen": (1, "glass"),
    "bubble": (8, "glass"),
    "coverslip": (4, "glass"),
    "dust": (5, "glass"),
    "fold": (6, "glass"),
    "out_of_focus": (2, "scan"),
    "unreadable": (3, "scan"),
    "not_ihc": (0, "scan"),
    "pigment": (11, "damage"),
    "precipitate": (5, "damage"),
    "haemorrhage": (12, "damage"),
    "necrosis": (10, "damage"),
    "crush": (9, "damage"),
}
"""Hatch (macros.html.j2) and colour (style.css.j2) of each reason, on every page the same. The colour tells
the kind of reason; those often found together differ in their hatches, to be told apart without it."""

OTHER_LOOK = (0, "other")


@dataclass(frozen=True, slots=True)
class Hatch:
    """How one reason is drawn."""

    line: int
    colour: str

    @property
    def style(self) -> str:
        """Name of the fill; the pattern of an SVG has a prefix before it."""
        return f"hatch-{self.line}-{self.colour}"


def hatches(*sources: Iterable[str]) -> dict[str, Hatch]:
    """Give each reason its look, the same in the bar and on the map.

    >>> {reason: hatch.style for reason, hatch in hatches(["pen"], ["pen", "fold"]).items()}
    {'pen': 'hatch-1-glass', 'fold': 'hatch-6-glass'}
    """
    reasons = dict.fromkeys(reason for source in sources for reason in source)
    return {reason: Hatch(*LOOKS.get(reason, OTHER_LOOK)) for reason in reasons}


@dataclass(frozen=True, slots=True)
class AreaPart:
    """One entry of the legend."""

    label: str
    mm2: float | None
    share: float | None
    """Of the tissue that was asked for."""

    style: str


@dataclass(frozen=True, slots=True)
class AreasSection:
    """What became of the tissue that was asked for."""

    parts: list[AreaPart]
    says: str
    not_found: str
    """What was looked for without finding any; empty where that is not known."""


def areas_section(
    area_mm2: Mapping[str, Any] | None, drawn: Iterable[str] = (), leave_in: Sequence[str] = ()
) -> AreasSection | None:
    """Tell what the requested tissue is made of: analysed, then each reason with any, then unreadable.

    Parameters
    ----------
    area_mm2
        Of score.json; None where nothing is known.
    drawn
        Reasons that the map shows, which need a legend also where no area is known.
    leave_in
        Reasons that the recipe scores all the same.
    """
    reasons: Mapping[str, float | None] = (area_mm2 or {}).get("excluded") or {}
    if area_mm2 is None and not tuple(drawn):
        return None
    areas = dict(area_mm2 or {})
    requested = areas.get("requested")
    looks = hatches(reasons, drawn, ("unreadable",))

    def part(label: str, mm2: float | None, style: str) -> AreaPart:
        return AreaPart(label, mm2, mm2 / requested if mm2 and requested else None, style)

    parts = [part("Analysed", areas.get("analysed"), "analysed")]
    parts += [
        part(reason_words(reason), reasons.get(reason), looks[reason].style)
        for reason in looks
        if reason != "unreadable" and reasons.get(reason) != 0
    ]
    if areas.get("unreadable") != 0:
        parts.append(part(reason_words("unreadable"), areas.get("unreadable"), looks["unreadable"].style))
    return AreasSection(parts, _says(areas), _not_found(reasons, leave_in))


def _says(areas: Mapping[str, Any]) -> str:
    """Sum up in a sentence; empty where the numbers for it are not known."""
    requested, analysed = areas.get("requested"), areas.get("analysed")
    if requested is None or analysed is None or not requested > 0:
        return ""
    return (
        f"Of {area(requested)} of tissue asked for, {area(analysed)} "
        f"({percent(analysed / requested)}) were analysed."
    )


def _not_found(reasons: Mapping[str, float | None], leave_in: Sequence[str]) -> str:
    if reasons.get("not_ihc"):
        return ""  # of a slide that is refused for its stain nothing else was looked at

    def listed(chosen: Iterable[str]) -> str:
        return ", ".join(reason_words(reason).lower() for reason in chosen)

    absent = [reason for reason, mm2 in reasons.items() if mm2 == 0 and reason not in BY_HAND]
    sentences = [f"Looked for and not found: {listed(absent)}."] if absent else []
    if leave_in:
        sentences.append(f"Not looked for, as the recipe says (leave_in): {listed(leave_in)}.")
    return " ".join(sentences)
