"""Patients over time: one line a patient, one mark a specimen, as a picture."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from her2path.errors import OutputError
from her2path.scoring.cases import Case, Sample
from her2path.store.disk import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"0": "#dfe7ef", "1+": "#ecc238", "2+": "#dd7a1f", "3+": "#a8172a", None: "#ffffff"}
"""Of the scores, as on the report; a specimen without a score is an empty mark."""

INK = "#33424f"
MAX_CASES = 60
"""Lines of one picture that can still be read on a page."""

ROW_INCHES = 0.34


def drawn_cases(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Choose the patients of the picture: those with several specimens, discordant ones first.

    Returns
    -------
    tuple of Case
        At most ``MAX_CASES``; where nobody has several, those with one.
    """
    several = [case for case in cases if len(case.samples) > 1] or list(cases)
    by_discord = sorted(several, key=lambda case: (-len(case.discordances), case.case_id))
    return tuple(sorted(by_discord[:MAX_CASES], key=lambda case: case.case_id))


def write_timeline(out: Path, cases: Sequence[Case]) -> None:
    """Write ``cases.svg`` and ``cases.png``.

    The axis is time since the first specimen of each patient where every date is known, else the order.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    from matplotlib import rc_context  # half a second to import
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = drawn_cases(cases)
    figure = Figure(figsize=(9, 1.5 + ROW_INCHES * len(chosen)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    dated = all(one.taken is not None for case in chosen for one in case.samples)
    for line, case in enumerate(chosen):
        _draw_case(axes, case, line, dated=dated)
    axes.set_yticks(range(len(chosen)), [case.case_id for case in chosen])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)  # a dollar sign in a name is a dollar sign
    axes.set_ylim(len(chosen) - 0.4, -0.6)
    axes.margins(x=0.12)
    if dated:
        axes.set_xlabel("years since the first specimen")
    else:
        axes.set_xlabel("specimens in order; not every date is known")
        axes.set_xticks([])
    left_out = f"; {len(chosen)} of {len(cases)} patients" if len(chosen) < len(cases) else ""
    axes.set_title(f"HER2 of {len(chosen)} patients by specimen{left_out}", loc="left", fontsize=10)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False, labelsize=8)
    try:
        # Without a date and random names in it, the same cases give the same file.
        with rc_context({"svg.hashsalt": "her2path", "svg.fonttype": "none"}):
            write_whole(out / "cases.svg", partial(figure.savefig, format="svg", metadata={"Date": None}))
        write_whole(out / "cases.png", partial(figure.savefig, format="png", dpi=150))
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error}); give another folder with --out") from error


def _draw_case(axes: "Axes", case: Case, line: int, *, dated: bool) -> None:
    where = _places(case.samples, dated=dated)
    axes.plot([where[0], where[-1]], [line, line], color=INK, linewidth=0.8, zorder=1)
    for place, sample in zip(where, case.samples, strict=True):
        axes.scatter([place], [line], s=190, c=[COLOURS[sample.score]], edgecolors=INK, zorder=2)
        ink = "#ffffff" if sample.score == "3+" else "#180d02"
        axes.text(place, line, sample.score or "?", ha="center", va="center", fontsize=7, color=ink)
        above = axes.text(place, line - 0.24, sample.site or "", ha="center", fontsize=6, color=INK)
        above.set_parse_math(False)


def _places(samples: Sequence[Sample], *, dated: bool) -> list[float]:
    days = [one.taken for one in samples if one.taken is not None]
    if not dated:
        return [float(k) for k in range(len(samples))]
    return [_years(days[0], day) for day in days]


def _years(first: date, later: date) -> float:
    return (later - first).days / 365.25
