"""Whether the slide is stained alike everywhere: its border against the inside, and from end to end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from her2path.quality.gradient import WORDS as DIRECTIONS
from her2path.report.figures import Mark
from her2path.report.numbers import fixed, is_given, p_value, whole_percent
from her2path.scoring.settings import Grading

CALLED_BY = {"across": "STAINING_GRADIENT", "from_border": "ZONAL_STAINING"}
"""The flag by which a trend is called a gradient."""

MIN_TOP_OD = 0.8
"""The axis reaches past the strong cut-off, as that of the histogram."""


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """One measure along the border and behind it."""

    name: str
    edge: str
    inside: str
    difference: str


@dataclass(frozen=True, slots=True)
class Point:
    """Mean of the blocks in one fifth of the way; places are shares of the picture, y from the top."""

    x: float
    y: float
    od: str
    stained: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Membrane density along one course."""

    title: str
    from_end: str
    to_end: str
    points: tuple[Point, ...]
    cut_offs: tuple[Mark, ...]
    says: str
    called: bool


@dataclass(frozen=True, slots=True)
class EvennessSection:
    """The stain along the tissue."""

    edge_title: str
    edge: list[EdgeRow]
    edge_called: bool
    profiles: list[Profile]
    says: str


def evenness_section(score: Mapping[str, Any], grading: Grading) -> EvennessSection | None:
    """Lay out border and trends of score.json; None where they were not asked for.

    Parameters
    ----------
    score
        Content of score.json.
    grading
        Its cut-offs are drawn beside the densities.
    """
    edge, trends = score.get("edge"), score.get("staining_trends")
    if edge is None and not trends:
        return None
    flags = {flag["code"] for flag in score["flags"] or ()}
    profiles = [
        _profile(trend, grading, called=CALLED_BY[trend["course"]] in flags) for trend in trends or ()
    ]
    edge_called = "EDGE_EFFECT" in flags
    uneven = [profile.title.lower() for profile in profiles if profile.called]
    sentences = []
    if uneven:
        sentences.append(f"The stain has a gradient {' and '.join(uneven)}.")
    elif profiles:
        sentences.append("No gradient was found.")
    else:
        sentences.append("Too few blocks of stained tumour to tell a gradient.")
    if edge is None:
        sentences.append("Too few tumour cells along the border, or behind it, to compare the two.")
    else:
        sentences.append(
            "The tumour along the border is stained unlike that behind it."
            if edge_called
            else "The border is stained like the tumour behind it."
        )
    return EvennessSection(
        edge_title="" if edge is None else f"Within {edge['width_um']:.0f}\u202fµm of the border",
        edge=[] if edge is None else _edge_rows(edge),
        edge_called=edge_called,
        profiles=profiles,
        says=" ".join(sentences),
    )


def _edge_rows(edge: Mapping[str, Any]) -> list[EdgeRow]:
    def points(value: float) -> str:
        return _signed(100 * value, 0)

    def od(value: float) -> str:
        return _signed(value, 2)

    share, density, background = edge["share_excess"], edge["od_excess"], edge["background_excess"]
    return [
        EdgeRow(
            "Stained cells",
            f"{whole_percent(edge['share_edge'])} of {edge['n_edge']:,}".replace(",", "\u202f"),
            f"{whole_percent(edge['share_inside'])} of {edge['n_inside']:,}".replace(",", "\u202f"),
            f"{points(share['estimate'])} points ({points(share['low'])} to {points(share['high'])})",
        ),
        EdgeRow(
            "Membrane density, median",
            f"{fixed(edge['od_edge'])} OD",
            f"{fixed(edge['od_inside'])} OD",
            f"{od(density['estimate'])} OD ({od(density['low'])} to {od(density['high'])})",
        ),
        EdgeRow(
            "Cytoplasm",
            "",
            "",
            f"{od(background['estimate'])} OD ({od(background['low'])} to {od(background['high'])})",
        ),
    ]


def _profile(trend: Mapping[str, Any], grading: Grading, *, called: bool) -> Profile:
    across = trend["course"] == "across"
    values = list(zip(trend["profile_od"], trend["profile_stained"], strict=True))
    if across:
        title, ends = "Across the tissue", ("paler end", "darker end")
        way = f", darker towards the {_direction(trend['direction_deg'])}"
    else:
        title, ends = "From the border inwards", ("border", "middle")
        way = f", darker at the {'middle' if trend['deeper_is_darker'] else 'border'}"
        if not trend["deeper_is_darker"]:
            values.reverse()
    top_od = max([MIN_TOP_OD, *(1.1 * od for od, _ in values if is_given(od))])
    cut_offs = (
        ("stained", grading.stained_od),
        ("weak", grading.weak_od),
        ("moderate", grading.moderate_od),
        ("strong", grading.strong_od),
    )
    return Profile(
        title=title,
        from_end=ends[0],
        to_end=ends[1],
        points=tuple(
            Point((k + 0.5) / len(values), 1 - od / top_od, fixed(od), whole_percent(stained))
            for k, (od, stained) in enumerate(values)
            if is_given(od)
        ),
        cut_offs=tuple(Mark(1 - od / top_od, name) for name, od in cut_offs),
        says=(
            f"{fixed(trend['low_od'])} to {fixed(trend['high_od'])} OD over "
            f"{fixed(trend['length_um'] / 1000, 1, 'mm')}{way if called else ''}. The line explains "
            f"{whole_percent(trend['explained'])} of the differences between {trend['n_blocks']} blocks, "
            f"{p_value(trend['p'])}.{_counterstain(trend)}"
        ),
        called=called,
    )


def _counterstain(trend: Mapping[str, Any]) -> str:
    if not is_given(trend["counterstain"]):
        return ""
    return f" The counterstain changes {trend['counterstain']:.1f} times as much, in proportion."


def _direction(degrees: float | None) -> str:
    return "one side" if degrees is None else DIRECTIONS[round(degrees / 45) % len(DIRECTIONS)]


def _signed(value: float, decimals: int) -> str:
    """Write a difference with its sign; one that rounds to nothing has none."""
    text = fixed(abs(value), decimals)
    return text if float(text.replace("\u202f", "")) == 0 else f"{'−' if value < 0 else '+'}{text}"
