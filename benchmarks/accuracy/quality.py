"""What the program makes of slides that a pathologist would not count as they are: the drawn cases.

    python benchmarks/accuracy/quality.py [--engines classical,cnn] [--only NAME ...] [--out DIR]

Draws ``benchmarks/accuracy/phantoms/quality-*.toml`` (once, into .bench/), has each engine score every one of
them, some with their regions as well, and prints one line of a Markdown table for each: what was drawn, what
came out, and whether anybody was warned. Ends with 1 where a wrong score came without a warning.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from compare import column, places_px
from drawings import Drawing, drawings
from engines import read_slides, score_of

from her2path.phantom.truth import SCORES

RESULT_FILE = "quality.json"
WRONG = "WRONG WITHOUT WARNING"
ORDER = tuple(SCORES)
FOR_NEIGHBOURS = frozenset(
    {"BORDERLINE", "GUIDELINE_GAP", "TAG_WITHHELD", "U1_STRONG_COMPLETE_LE10", "COARSE_PIXELS"}
)
"""Warnings that speak of the next category, and excuse no other."""

LEAST_MM2 = 0.0005
"""Less would be printed as nothing."""

MARGIN_PX = 40
"""Around the cells of a control, for its outline: they lie this close to the border of their tissue."""

CASES = {
    "pigment-carbon": "1",
    "pigment": "2, 3",
    "precipitate": "3",
    "crush": "5",
    "necrosis": "6",
    "haemorrhage": "6",
    "in-situ": "7",
    "normal-ducts": "8",
    "nerve-vessels": "9",
    "motion": "13",
    "seam": "13",
    "pen": "14",
    "ink": "14",
    "coverslip": "14",
    "dust": "14",
    "bubble": "14",
    "cast": "15",
    "dark": "15",
    "gamma": "15",
    "jpeg": "15",
    "thickness": "16",
    "control": "19",
    "stain": "21",
    "array": "22",
    "fragments": "23",
    "decalcified": "24",
    "normal-overstained": "30",
    "one-sided": "31",
    "zonal": "31",
    "sparse": "32",
}
"""Numbers of the cases by the beginning of a recipe's name; the longest that fits holds."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to score a drawn slide."""

    drawing: Drawing
    truth: dict[str, Any]
    options: tuple[str, ...] = ()
    note: str = ""

    @property
    def name(self) -> str:
        """Of the recipe, without its set."""
        return self.drawing.slide.stem.removeprefix("quality-")

    @property
    def number(self) -> str:
        """Of the case."""
        return CASES[max((start for start in CASES if self.name.startswith(start)), key=len)]


@dataclass(frozen=True, slots=True)
class Finding:
    """What came out of one variant."""

    number: str
    name: str
    note: str
    engine: str
    drawn: str
    found: str
    n_drawn: int
    n_cells: int | None
    excluded_mm2: dict[str, float]
    flags: tuple[str, ...]
    verdict: str


def variants(only: Sequence[str], folder: Path) -> Iterator[Variant]:
    """Give every drawn case, with its regions and as an array where it has them."""
    for drawing in drawings("quality"):
        truth = json.loads(drawing.truth.with_suffix(".json").read_text())
        plain = Variant(drawing, truth)
        if only and plain.name not in only:
            continue
        if truth["recipe"]["tissue"]["shape"] == "array":
            yield Variant(drawing, truth, ("--tma", "--core-um", "300"), "as an array")
            continue
        yield plain
        regions = drawing.slide.with_suffix(".regions.geojson")
        if regions.exists():
            yield Variant(drawing, truth, ("--exclude", str(regions)), "regions drawn")
        if (level := truth["recipe"]["tissue"]["control"]) != "none":
            path = _control_outline(drawing, level, folder)
            yield Variant(drawing, truth, ("--exclude", str(path)), "control drawn")


def _control_outline(drawing: Drawing, level: str, folder: Path) -> Path:
    """Write a box around the control tissue, as a reader would draw one."""
    truth = pq.read_table(drawing.truth)
    places = places_px(truth)[column(truth, "in_control")]
    (top, left), (bottom, right) = places.min(axis=0) - MARGIN_PX, places.max(axis=0) + MARGIN_PX
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], float)
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [corners.tolist()]},
        "properties": {"objectType": "annotation", "classification": {"name": f"Control: {level}"}},
    }
    path = folder / f"{drawing.slide.stem}.control.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def findings(engine: str, wanted: Sequence[Variant], out: Path) -> list[Finding]:
    """Have an engine score the variants; nothing where it is not to be had."""
    found = []
    for options in dict.fromkeys(variant.options for variant in wanted):
        alike = [variant for variant in wanted if variant.options == options]
        folder = (
            out / engine / (alike[0].name + "-" + alike[0].note if options else "plain").replace(" ", "-")
        )
        if not read_slides(engine, [variant.drawing.slide for variant in alike], folder, options=options):
            return []
        found += [
            _finding(engine, variant, score_of(folder / variant.drawing.slide.stem)) for variant in alike
        ]
    return found


def _finding(engine: str, variant: Variant, score: dict[str, Any]) -> Finding:
    loud = tuple(flag["code"] for flag in score["flags"] if flag["severity"] != "info")
    left_out = (score["area_mm2"] or {}).get("excluded") or {}
    excluded_mm2 = {reason: mm2 for reason, mm2 in left_out.items() if mm2}
    return Finding(
        number=variant.number,
        name=variant.name,
        note=variant.note,
        engine=engine,
        drawn=variant.drawing.category or "no HER2 slide",
        found=score["category"] or score["status"],
        n_drawn=variant.truth["n_cells"],
        n_cells=score["n_cells"],
        excluded_mm2=excluded_mm2,
        flags=loud,
        verdict=_verdict(variant, score["category"], excluded_mm2, loud),
    )


def _verdict(
    variant: Variant, category: str | None, excluded_mm2: dict[str, float], loud: Sequence[str]
) -> str:
    if category is None:
        return "refused"
    drawn = variant.drawing.category
    if category != drawn:
        is_neighbour = drawn is not None and abs(ORDER.index(category) - ORDER.index(drawn)) == 1
        return "flagged" if set(loud) - (set() if is_neighbour else FOR_NEIGHBOURS) else WRONG
    return "excluded" if excluded_mm2 else "correct"


def show(rows: Sequence[Finding]) -> None:
    """Print a Markdown table: a line a variant, a column an engine."""
    engines = list(dict.fromkeys(row.engine for row in rows))
    by_variant: dict[tuple[str, str, str], dict[str, Finding]] = {}
    for row in rows:
        by_variant.setdefault((row.number, row.name, row.note), {})[row.engine] = row
    print("| case | slide | drawn | " + " | ".join(engines) + " |")
    print("|---" * (3 + len(engines)) + "|")
    for number, name, note in sorted(by_variant, key=lambda key: (int(key[0].split(",")[0]), *key[1:])):
        found = by_variant[number, name, note]
        first = next(iter(found.values()))
        slide = f"{name} ({note})" if note else name
        cells = " | ".join(_cell(found[engine]) for engine in engines)
        print(f"| {number} | {slide} | {first.drawn}, {first.n_drawn} | {cells} |")


def _cell(row: Finding) -> str:
    """Verdict, category and cells counted; area left out in mm²; warnings."""
    n_cells = "" if row.n_cells is None else f", {row.n_cells}"
    left_out = [f"{reason} {mm2:.3f}" for reason, mm2 in row.excluded_mm2.items() if mm2 >= LEAST_MM2]
    codes = [f"`{code}`" for code in row.flags]
    parts = (f"{row.verdict}: {row.found}{n_cells}", ", ".join(left_out), ", ".join(codes))
    return "; ".join(part for part in parts if part)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", default="classical,cnn", help="separated by commas")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="of recipes, without quality-")
    parser.add_argument("--out", type=Path, help="leave results and JSON in this folder")
    options = parser.parse_args()

    def run(out: Path) -> int:
        out.mkdir(parents=True, exist_ok=True)
        wanted = list(variants(options.only, out))
        rows = [row for engine in options.engines.split(",") for row in findings(engine, wanted, out)]
        show(rows)
        (out / RESULT_FILE).write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
        return int(not rows or any(row.verdict == WRONG for row in rows))

    if options.out:
        return run(options.out)
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
