"""One slide from file to report, against only reading its pixels.

    python benchmarks/bench_slide.py [--quick] [--repeats N] [--workers N ...] [--cache DIR]

A drawn slide is scored and written as ``her2path score`` does it; then OpenSlide reads the same tiles on as
many threads and throws them away. The two take turns, each time in a process of its own: a busy machine slows
both, and nobody's peak of memory is another's. The start of Python is in neither; what her2path loads only
when it scores is in its seconds. Prints medians and writes them to ``benchmarks/results/``.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from harness import Facts, answer, bench_parser, hardware, in_own_process, medians, write_results

HERE = Path(__file__).parent
PHANTOM = HERE / "phantoms" / "dense-16384.toml"
QUICK_PX = 4096


def draw(cache: str, quick: bool) -> Facts:
    """Draw the slide, unless the cache holds one of the same recipe."""
    from her2path.phantom import PhantomSpec, read_spec, write_phantoms

    (spec,) = read_spec(PHANTOM).slides
    if quick:
        spec = spec.model_copy(update={"name": f"dense-{QUICK_PX}", "size_px": (QUICK_PX, QUICK_PX)})
    slide = Path(cache) / f"{spec.name}.svs"
    truth = slide.with_suffix(".truth.json")  # written last: where it is, the slide is whole
    if not truth.exists() or json.loads(truth.read_text())["recipe"] != spec.model_dump(mode="json"):
        print(f"Drawing {slide.name} (once; the large one takes two minutes) ...", file=sys.stderr)
        write_phantoms(PhantomSpec(slides=(spec,)), slide.parent)
    return {"slide": str(slide), "level0_mpx": spec.size_px[0] * spec.size_px[1] / 1e6}


def her2path(slide: str, workers: int) -> Facts:
    """Score the slide and write every file of the result."""
    import cv2

    from her2path.export.slide_files import publish
    from her2path.pipeline.slide import SlideRequest, score_slide
    from her2path.report.document import render_report
    from her2path.runners.threads import ThreadRunner
    from her2path.segment.build import build_segmenter
    from her2path.store.recipes import load_recipe

    boxes = []

    class NotingRunner(ThreadRunner):
        """Notes what is read, so that OpenSlide can read the same."""

        def map(self, function, items):
            tiles = list(items)
            reads = [tile.read for tile in tiles]
            boxes.extend((box.x_px, box.y_px, box.width_px, box.height_px) for box in reads)
            return super().map(function, tiles)

    cv2.setNumThreads(1)  # as the command does
    recipe = load_recipe()
    segmenter = build_segmenter(recipe.engine, "cpu")
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        scored = score_slide(SlideRequest("slide", Path(slide)), recipe, segmenter, NotingRunner(workers))
        decided = time.perf_counter()
        publish(scored, Path(out) / "slide", report_html=render_report(scored))
        finished = time.perf_counter()
    return {
        "seconds": finished - started,
        "stages": {**scored.run["seconds"], "report and files": finished - decided},
        "read_mpx": sum(width_px * height_px for *_, width_px, height_px in boxes) / 1e6,
        "cells": len(scored.cells.cell_id),
        "score": scored.score["score"],
        "recipe_digest": scored.run["recipe_digest"],
        "versions": scored.run["versions"],
        "boxes": boxes,
    }


def openslide(slide: str, workers: int, boxes: list[tuple[int, int, int, int]]) -> Facts:
    """Read boxes of level 0, given as x, y, width and height, and do nothing with them."""
    from openslide import OpenSlide

    from her2path.runners.threads import ThreadRunner

    own = threading.local()

    def read(box: tuple[int, int, int, int]) -> None:
        if not hasattr(own, "handle"):
            own.handle = OpenSlide(slide)
        x_px, y_px, width_px, height_px = box
        own.handle.read_region((x_px, y_px), 0, (width_px, height_px))

    started = time.perf_counter()
    for _ in ThreadRunner(workers).map(read, boxes):
        pass
    return {"seconds": time.perf_counter() - started}


JOBS = {"draw": draw, "her2path": her2path, "openslide": openslide}


def turn(slide: str, workers: int) -> Facts:
    """Score, then read what was read."""
    scored = in_own_process(__file__, "her2path", slide=slide, workers=workers)
    boxes = scored.pop("boxes")
    read = in_own_process(__file__, "openslide", slide=slide, workers=workers, boxes=boxes)
    ratio = scored["seconds"] / read["seconds"]
    return {"workers": workers, "ratio": ratio, "her2path": scored, "openslide": read}


def show(result: Facts, level0_mpx: float) -> None:
    """Print the ratio first: it says something of other machines too."""
    ours, theirs = result["her2path"], result["openslide"]
    seconds = ours["seconds"]
    print(f"\n{result['workers']} worker(s): {result['ratio']:.2f} times as long as only reading the tiles")
    print(f"  her2path   {seconds:8.2f} s   peak {ours['peak_mb']:5.0f} MB   score {ours['score']}")
    print(f"  OpenSlide  {theirs['seconds']:8.2f} s   peak {theirs['peak_mb']:5.0f} MB")
    print(
        f"  {level0_mpx / seconds:.2f} Mpx/s of level 0 (the tiles as read: {ours['read_mpx'] / seconds:.2f})"
    )
    print(f"  {ours['cells'] / seconds:.0f} cells/s ({ours['cells']} cells)")
    for stage, stage_seconds in ours["stages"].items():
        print(f"    {stage:17}{stage_seconds:8.2f} s{', all workers together' if ':' in stage else ''}")


def main() -> None:
    parser = bench_parser(__doc__, repeats=3, jobs=JOBS)
    parser.add_argument("--quick", action="store_true", help=f"a slide of {QUICK_PX} × {QUICK_PX} px")
    options = parser.parse_args()
    if options.job:
        answer(JOBS[options.job])
        return
    drawn = in_own_process(__file__, "draw", cache=str(options.cache), quick=options.quick)
    name, machine = Path(drawn["slide"]).stem, hardware()
    print(
        f"{name} on {machine['cores']} cores of {machine['cpu']}, medians of {options.repeats} ...",
        flush=True,
    )
    turns = [[turn(drawn["slide"], workers) for workers in options.workers] for _ in range(options.repeats)]
    results = [medians(list(same_workers)) for same_workers in zip(*turns, strict=True)]
    for result in results:
        show(result, drawn["level0_mpx"])
    facts = {"slide": name, "level0_mpx": drawn["level0_mpx"]}
    facts |= {"hardware": machine, "repeats": options.repeats, "results": results}
    write_results(f"slide-{name}", facts)


if __name__ == "__main__":
    main()
