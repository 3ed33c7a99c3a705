"""Figures of the QA page as SVG that stands inside it: no address, no clash of names, one look."""

import re
import warnings
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SOFT, LINE = "#1b2530", "#566472", "#dde3e9"
BLUE, ORANGE = "#0072b2", "#d55e00"
"""Told apart with any kind of colour vision (Okabe M, Ito K. Color universal design, 2008); marks differ in
shape as well."""

SETTINGS: dict[Any, Any] = {
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.facecolor": "none",
    "font.size": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}

NAMES = re.compile(r'( id="|url\(#|href="#)')


def drawn(
    draw: Callable[["Figure"], None], *, name: str, label: str, width_in: float, height_in: float
) -> Markup:
    """Draw a figure and give it as an ``<svg>`` element.

    Parameters
    ----------
    draw
        Fills the figure that it is given.
    name
        No other figure of the page may have it: it goes before every name inside.
    label
        What the figure shows, for those who do not see it.
    width_in, height_in
        Size in inches; on the page it is as wide as its place allows.
    """
    from matplotlib import rc_context  # half a second to import
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # Without a date and random names in it, the same study gives the same page.
    with rc_context({**SETTINGS, "svg.hashsalt": "her2path"}), warnings.catch_warnings():
        # A rater's name in a script that the measuring font lacks is still text in the file.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        file = StringIO()
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=empty, transparent=True)
    text = file.getvalue()
    opening, body = text[text.index("<svg") :].split(">", 1)
    view = re.search(r'viewBox="([^"]+)"', opening)
    assert view is not None
    head = (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" class="drawn" viewBox="{view[1]}" '
        f'style="max-width:{width_in * 96:.0f}px" role="img" aria-label="{escape(label)}">'
    )
    return Markup(head + NAMES.sub(rf"\1{name}-", body).strip())  # noqa: S704 - text in it is escaped
