"""The legend of what was left out: every reason with any, its share, and a look of its own."""

import re
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest

import her2path.report
from her2path.recipe import LeftOut
from her2path.report.areas import BY_HAND, LOOKS, areas_section, hatches

AREA: dict[str, object] = {
    "requested": 4.0,
    "tissue": 4.5,
    "analysed": 2.5,
    "unreadable": 0.0,
    "excluded": {"region": 0.0, "pen": 1.0, "fold": 0.5, "dust": 0.0, "crush": 0.0},
}
TEMPLATES = Path(her2path.report.__file__).parent / "templates"


def test_every_reason_that_a_recipe_knows_has_a_look() -> None:
    assert set(get_args(LeftOut)) <= set(LOOKS)
    assert set(BY_HAND) <= set(LOOKS)


def test_no_two_reasons_look_alike() -> None:
    for (one, look), (other, as_well) in combinations(LOOKS.items(), 2):
        assert look != as_well, f"{one} looks like {other}"


def test_every_look_is_drawn_and_coloured() -> None:
    lines = (
        (TEMPLATES / "macros.html.j2").read_text(encoding="utf-8").split("hatch_lines = [")[1].split("]")[0]
    )
    style = (TEMPLATES / "style.css.j2").read_text(encoding="utf-8")
    n_lines = len(re.findall(r'"[^"]+"', lines))
    for line, colour in LOOKS.values():
        assert line < n_lines
        assert f".line.{colour} " in style


def test_a_reason_looks_the_same_on_every_page() -> None:
    assert hatches(["pen"])["pen"] == hatches(["fold", "pen"], ["dust"])["pen"]


def test_an_unknown_reason_has_a_look_too() -> None:
    assert hatches(["moths"])["moths"].style == "hatch-0-other"


def test_reasons_with_area_stand_in_the_legend_with_their_share() -> None:
    section = areas_section(AREA)
    assert section is not None
    assert [(part.label, part.mm2, part.share) for part in section.parts] == [
        ("Analysed", 2.5, 0.625),
        ("Pen marks", 1.0, 0.25),
        ("Folds", 0.5, 0.125),
    ]
    assert len({part.style for part in section.parts}) == 3


def test_what_was_looked_for_and_not_found_is_said() -> None:
    section = areas_section(AREA)
    assert section is not None
    assert section.not_found == "Looked for and not found: dust, crushed tissue."


def test_what_the_recipe_leaves_in_was_not_looked_for() -> None:
    section = areas_section(AREA, leave_in=("necrosis",))
    assert section is not None
    assert section.not_found.endswith("Not looked for, as the recipe says (leave_in): necrosis.")


def test_on_a_slide_of_another_stain_nothing_was_looked_for() -> None:
    section = areas_section(AREA | {"analysed": 0.0, "excluded": {"pen": 0.0, "not_ihc": 4.0}})
    assert section is not None
    assert section.not_found == ""
    assert [part.label for part in section.parts] == ["Analysed", "Not a HER2 stain"]


def test_unknown_is_not_zero() -> None:
    section = areas_section(
        {"requested": None, "analysed": None, "unreadable": None, "excluded": {"pen": None}}
    )
    assert section is not None
    assert [(part.mm2, part.share) for part in section.parts] == [(None, None)] * 3
    assert section.says == ""


@pytest.mark.parametrize("drawn", [(), ("pen",)])
def test_a_legend_needs_something_to_explain(drawn: tuple[str, ...]) -> None:
    section = areas_section(None, drawn)
    assert (section is None) is (not drawn)
    if section:
        assert "Pen marks" in [part.label for part in section.parts]
