"""How well each engine finds and reads the cells of drawn slides, and what it makes of real ones.

    python benchmarks/accuracy/evaluate.py [--engines classical,cnn,plain] [--set held-out|unseen|dev|samples]
                                           [--real | --nuclei] [--data DIR] [--recipe FILE] [--out DIR]

Draws the slides of the set (once, into .bench/), lets every engine read them, prints a table for each
engine and one that compares them, and writes the same as JSON. The recipes stand in
``benchmarks/accuracy/phantoms/``: ``dev-*`` were looked at while the program was made, ``unseen-*`` have
other seeds, ``held-out-*`` have scanners, pixel sizes and an architecture that no network is trained on.
Instead of a set, ``--real`` reads the real cores and fields and leaves crops with the cells drawn, to be
judged by eye; ``--nuclei`` counts which nuclei are found of the real H&E fields that are held back from
training, recoloured as HER2 slides.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from compare import compare
from drawings import SETS, Drawing, drawings
from engines import ENGINES, read_slides, score_of
from nuclei import show_nuclei
from real import REALDATA, show_real
from tables import Judged, as_json, show_comparison, show_engine

RESULT_FILE = "accuracy.json"


def judge(engine: str, drawn: Sequence[Drawing], out: Path, options: Sequence[str] = ()) -> list[Judged]:
    """Let an engine read drawn slides; nothing where it is not to be had."""
    folder = out / engine
    if not read_slides(engine, [drawing.slide for drawing in drawn], folder, options=options):
        return []
    scores = [score_of(folder / drawing.slide.stem) for drawing in drawn]
    return [
        Judged(
            drawing=drawing,
            tally=compare(drawing.truth, folder / drawing.slide.stem),
            score=score["score"],
            category=score["category"],
            seconds=score["seconds"],
        )
        for drawing, score in zip(drawn, scores, strict=True)
    ]


def evaluate(which: str, engines: Sequence[str], out: Path, options: Sequence[str] = ()) -> int:
    """Print the tables of a set of drawn slides; give the exit code."""
    drawn = drawings(which)
    results = {}
    for engine in engines:
        if judged := judge(engine, drawn, out, options):
            results[engine] = judged
            show_engine(engine, judged)
    if not results:
        return 1
    show_comparison(which, results)
    (out / RESULT_FILE).write_text(json.dumps(as_json(which, results), indent=2, allow_nan=False) + "\n")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", default=",".join(ENGINES), help="separated by commas; default all")
    parser.add_argument("--set", choices=SETS, default=SETS[0], dest="which")
    parser.add_argument("--real", action="store_true", help="the real cores and fields instead of a set")
    parser.add_argument("--nuclei", action="store_true", help="the real H&E fields instead of a set")
    parser.add_argument("--data", type=Path, default=REALDATA, help="folder of the real slides and fields")
    parser.add_argument("--recipe", type=Path, help="of her2path score, for its engines")
    parser.add_argument("--out", type=Path, help="leave results, crops and JSON in this folder")
    wanted = parser.parse_args()
    engines = wanted.engines.split(",")
    if unknown := sorted(set(engines) - set(ENGINES)):
        parser.error(f"no engine {', '.join(unknown)}; known: {', '.join(ENGINES)}")
    options = ("--recipe", str(wanted.recipe)) if wanted.recipe else ()

    def run(out: Path) -> int:
        out.mkdir(parents=True, exist_ok=True)
        if wanted.real:
            return show_real(engines, wanted.data, out, options)
        if wanted.nuclei:
            return show_nuclei(engines, wanted.data / "nuclei", out, options)
        return evaluate(wanted.which, engines, out, options)

    if wanted.out:
        return run(wanted.out)
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
