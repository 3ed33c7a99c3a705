"""What is left out of tissue that is sound, and which warnings are raised over it.

    python benchmarks/accuracy/false_alarms.py [--engine classical|cnn] [--sets samples,held-out,unseen]
                                               [--data DIR] [--out DIR]

Reads every slide twice: as ``her2path score`` does, and with every reason of ``leave_in``. The cells that the
first counts less than the second are what the finders of artefacts cost. On drawn slides only cells that a
reader would count are compared, so what was drawn under a pen or out of focus is not held against them; on
the real cores and fields nobody knows, and every cell counts.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from compare import compare
from drawings import SETS, drawings
from engines import read_slides, score_of
from real import REALDATA, groups

from her2path.recipe import LeftOut

RESULT_FILE = "false_alarms.json"
MOST_LOST = 0.03
"""Share of its tumour that a sound slide may lose."""

SPOILT = frozenset(
    {
        "folds",
        "pigment",
        "precipitate",
        "haemorrhage",
        "crush",
        "pen",
        "ink_margin",
        "bubble",
        "coverslip",
        "dust",
        "blurred",
    }
)
"""Confounders of a recipe that are there to be left out, with a margin: such a slide is no sound one."""

LEAVE_IN = "leave_in = " + json.dumps(get_args(LeftOut)) + "\n"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the finders of artefacts did to one slide."""

    slide: str
    group: str
    n_cells: int
    """Tumour cells that are counted where everything is left in."""

    lost: float
    """Share of them that is not counted by default."""

    excluded_mm2: dict[str, float]
    warnings: tuple[str, ...]
    is_sound: bool
    """Whether nothing was drawn on it that should be left out."""

    @property
    def is_false(self) -> bool:
        """Whether it loses too much, and should not."""
        return self.is_sound and self.lost >= MOST_LOST


@dataclass(frozen=True, slots=True)
class Group:
    """Slides that are read alike; a truth for each, or none for any."""

    name: str
    slides: tuple[Path, ...]
    truths: tuple[Path, ...] = ()
    mpp_um: float | None = None
    options: tuple[str, ...] = ()


def wanted_groups(sets: Sequence[str], data: Path) -> Iterator[Group]:
    """Give the drawn sets, then what there is of real slides."""
    for which in sets:
        drawn = drawings(which)
        yield Group(which, tuple(d.slide for d in drawn), tuple(d.truth for d in drawn))
    for real in groups(data):
        yield Group(real.slides[0].parent.name, real.slides, (), real.mpp_um, real.options)


def alarms(group: Group, engine: str, out: Path) -> list[Alarm]:
    """Read the slides of a group with and without the finders."""
    everything = out / "leave-in.toml"
    everything.write_text(LEAVE_IN)
    without, found = out / f"{engine}-left-in", out / engine
    for folder, more in ((without, ("--recipe", str(everything))), (found, ())):
        options = (*group.options, *more)
        if not read_slides(engine, group.slides, folder, mpp_um=group.mpp_um, options=options):
            raise SystemExit(1)
    rows = []
    for number, slide in enumerate(group.slides):
        results = [folder / slide.stem for folder in (without, found)]
        scores = [score_of(result) for result in results]
        if group.truths:
            n_all, n_kept = (compare(group.truths[number], result).matched for result in results)
        else:
            n_all, n_kept = (score["n_cells"] or 0 for score in scores)
        rows.append(
            Alarm(
                slide=slide.stem,
                group=group.name,
                n_cells=n_all,
                lost=1 - n_kept / n_all if n_all else 0.0,
                excluded_mm2={k: mm2 for k, mm2 in scores[1]["area_mm2"]["excluded"].items() if mm2},
                warnings=tuple(flag["code"] for flag in scores[1]["flags"] if flag["severity"] != "info"),
                is_sound=not group.truths or _is_sound(group.truths[number]),
            )
        )
    return rows


def _is_sound(truth: Path) -> bool:
    confounders = json.loads(truth.with_suffix(".json").read_text())["recipe"]["confounders"]
    return all(confounders[key] in (0, False, "none") for key in SPOILT & confounders.keys())


def show(rows: Sequence[Alarm]) -> None:
    """Print a Markdown table, a line a slide."""
    print("| slide | cells | lost | left out, mm² | warnings |")
    print("|---|---|---|---|---|")
    for row in rows:
        left_out = ", ".join(f"{reason} {mm2:.4f}" for reason, mm2 in row.excluded_mm2.items())
        codes = ", ".join(f"`{code}`" for code in row.warnings)
        note = "" if row.is_sound else " (artefacts drawn)"
        mark = " FALSE ALARM" if row.is_false else ""
        print(f"| {row.slide}{note} | {row.n_cells} | {100 * row.lost:.2f} %{mark} | {left_out} | {codes} |")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=("classical", "cnn"), default="classical")
    parser.add_argument("--sets", default="samples,held-out,unseen", help="separated by commas")
    parser.add_argument("--data", type=Path, default=REALDATA, help="folder of the real slides and fields")
    parser.add_argument("--out", type=Path, help="leave results and JSON in this folder")
    wanted = parser.parse_args()
    sets = [name for name in wanted.sets.split(",") if name]
    if unknown := sorted(set(sets) - set(SETS)):
        parser.error(f"no set {', '.join(unknown)}; known: {', '.join(SETS)}")

    def run(out: Path) -> int:
        out.mkdir(parents=True, exist_ok=True)
        rows = []
        for group in wanted_groups(sets, wanted.data):
            found = alarms(group, wanted.engine, out)
            rows += found
        show(rows)
        facts = {"engine": wanted.engine, "slides": [asdict(row) for row in rows]}
        (out / RESULT_FILE).write_text(json.dumps(facts, indent=2, allow_nan=False) + "\n")
        return int(any(row.is_false for row in rows))

    if wanted.out:
        return run(wanted.out)
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
