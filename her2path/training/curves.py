"""How a training went, as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from her2path.nets.losses import PARTS

Row: TypeAlias = dict[str, float]
"""One row of the history: ``step``, ``rate``, the mean of each part of the loss since the row before, and,
where the network was looked at, its figures with ``CHECK`` before their names."""

CHECK = "check_"

SHARES = {
    "centre_recall": "centres found",
    "centre_precision": "centres that are there",
    "tumour_recall": "tumour called tumour",
    "unstained_tumour_recall": "unstained tumour called tumour",
    "lymphocytes_as_tumour": "lymphocytes called tumour",
}
ERRORS = {
    "membrane_od_mae": "membrane, OD",
    "membrane_od_bias": "membrane, OD, with its sign",
    "completeness_mae": "completeness",
}


def write_curves(rows: Sequence[Row], path: Path) -> None:
    """Draw the parts of the loss, the figures on the check fields and the learning rate."""
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    losses, shares, errors, rate = figure.subplots(2, 2).ravel()
    _lines(losses, rows, {name: name.replace("_", " ") for name in PARTS}, "loss on fields learnt from")
    losses.set_yscale("log")
    _lines(shares, rows, {CHECK + name: label for name, label in SHARES.items()}, "share, on check fields")
    shares.set_ylim(0, 1)
    _lines(errors, rows, {CHECK + name: label for name, label in ERRORS.items()}, "error, on check fields")
    errors.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    _lines(rate, rows, {"rate": "learning rate"}, "learning rate")
    # No time and no version in the file: the same history, the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _lines(axes: Axes, rows: Sequence[Row], names: Mapping[str, str], title: str) -> None:
    for name, label in names.items():
        seen = [(row["step"], row[name]) for row in rows if name in row]
        axes.plot([step for step, _ in seen], [value for _, value in seen], label=label, linewidth=1.2)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("steps", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False)
