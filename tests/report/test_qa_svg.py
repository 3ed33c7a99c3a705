"""Figures stand inside a page: no address to load, no name twice, no text lost."""

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from her2path.report.qa_svg import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _plot(figure: "Figure") -> None:
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], "o-")
    axes.set_title("cost $1 < $2 & 読影者")


def _svg(name: str) -> str:
    return str(drawn(_plot, name=name, label='"A" & B', width_in=2, height_in=1))


def test_names_of_two_figures_differ_and_references_follow() -> None:
    first, second = _svg("one"), _svg("two")
    ids = [re.findall(r' id="([^"]+)"', svg) for svg in (first, second)]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
    for svg, known in zip((first, second), ids, strict=True):
        used = re.findall(r'(?:url\(#|href="#)([^")]+)', svg)
        assert used
        assert set(used) <= set(known)


def test_text_stays_text_and_nothing_is_loaded() -> None:
    root = ET.fromstring(_svg("one").replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))
    assert root.attrib["aria-label"] == '"A" & B'
    assert "cost $1 < $2 & 読影者" in [element.text for element in root.iter()]
    links = [
        value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")
    ]
    assert all(link.startswith("#") for link in links)


def test_the_same_figure_is_the_same_text() -> None:
    assert _svg("one") == _svg("one")
