"""One slide, five ways, each the measure of the next.

    python benchmarks/bench_slide.py [--slide FILE] [--edge PX] [--tissue dense|half] [--repeats N]
                                     [--workers N] [--ways NAME ...] [--cache DIR]

floor       every JPEG tile that holds tissue decoded once, and put nowhere
OpenSlide   the regions that her2path reads, margins included, by ``read_region``
recipe      what a few calls of scikit-image make of a sample of them (peers/plain.py); its seconds are those
            of the sample, scaled to all
classical   her2path from file to report, written as ``her2path score`` writes it
cnn         the same, with the network

All on as many threads, in turns, each time in a process of its own: a busy machine slows all, and nobody's
peak of memory is another's. The start of Python is in none; what her2path loads only when it scores is in its
seconds. Prints medians, ratios first, and writes them to ``benchmarks/results/``.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
from harness import Facts, answer, bench_parser, hardware, in_own_process, medians, write_results

WAYS = ("floor", "OpenSlide", "recipe", "classical", "cnn")
SAMPLE_MPX = 25
"""Of the regions that the recipe is given: the middle ones of the slide, to about this."""

Box = tuple[int, int, int, int]
"""y, x, height and width in level-0 pixels."""


def plan(slide: str) -> Facts:
    """Find the regions that the classical engine reads."""
    from her2path.pipeline.survey import survey_slide
    from her2path.pipeline.tiles import tiles_with_tissue
    from her2path.segment.build import build_segmenter
    from her2path.slides.open import open_slide

    opened, segmenter = open_slide(Path(slide)), build_segmenter("classical", "cpu")
    survey = survey_slide(opened, None)
    tiles = tiles_with_tissue(opened, survey.tissue.tissue, survey.downsample, segmenter)
    tissue_mm2 = survey.tissue.tissue.sum() * survey.downsample**2 * opened.pixel_size.area_um2 * 1e-6
    boxes = [(one.y_px, one.x_px, one.height_px, one.width_px) for one in (tile.read for tile in tiles)]
    return {"boxes": boxes, "tissue_mm2": float(tissue_mm2)}


def floor(slide: str, workers: int, boxes: list[Box]) -> Facts:
    """Decode every tile that a box touches, once."""
    import os

    from imagecodecs import jpeg8_decode

    from her2path.slides.tile_index import jpeg_tile_indexes

    index = max(jpeg_tile_indexes(Path(slide)), key=lambda one: one.height_px)
    edge_y, edge_x = index.tile_height_px, index.tile_width_px
    touched = np.zeros(index.sizes.shape, bool)
    for y, x, height, width in boxes:
        rows = slice(max(0, y) // edge_y, -(-(y + height) // edge_y))
        touched[rows, max(0, x) // edge_x : -(-(x + width) // edge_x)] = True
    tiles = np.argwhere(touched & (index.sizes > 0))
    descriptor = os.open(slide, os.O_RDONLY)

    def decode(row_and_columns: tuple[int, list[int]]) -> None:
        row, columns = row_and_columns
        for column in columns:
            data = os.pread(descriptor, int(index.sizes[row, column]), int(index.offsets[row, column]))
            jpeg8_decode(data, tables=index.tables, colorspace=index.colours, outcolorspace="RGB")

    rows = [(int(row), tiles[tiles[:, 0] == row, 1].tolist()) for row in np.unique(tiles[:, 0])]
    return timed(decode, rows, workers) | {"mpx": len(tiles) * edge_y * edge_x / 1e6}


def openslide(slide: str, workers: int, boxes: list[Box]) -> Facts:
    """Read the boxes and do nothing with them."""
    from openslide import OpenSlide

    own = threading.local()

    def read(box: Box) -> None:
        if not hasattr(own, "handle"):
            own.handle = OpenSlide(slide)
        y_px, x_px, height_px, width_px = box
        own.handle.read_region((x_px, y_px), 0, (width_px, height_px))

    return timed(read, boxes, workers) | {"mpx": mpx_of(boxes)}


def recipe(slide: str, workers: int, boxes: list[Box]) -> Facts:
    """Find and grade the nuclei of a sample of the boxes; the seconds are scaled to all of them."""
    from peers.plain import read_cells

    from her2path.image.geometry import Region
    from her2path.slides.array import ArraySlide
    from her2path.slides.open import open_slide

    # Quarters of the regions, so that a few are enough for every worker.
    parts = [
        (y + a * height // 2, x + b * width // 2, height // 2, width // 2)
        for y, x, height, width in boxes
        for a in (0, 1)
        for b in (0, 1)
    ]
    enough = max(2 * workers, round(SAMPLE_MPX * 1e6 / statistics.median(p[2] * p[3] for p in parts)))
    first = max(0, (len(parts) - enough) // 2)
    sample = parts[first : first + enough]
    opened = open_slide(Path(slide), reader="OpenSlide")

    def find(box: Box) -> None:
        read_cells(ArraySlide(opened.read(Region(*box)), opened.pixel_size))

    facts = timed(find, sample, workers)
    share = mpx_of(sample) / mpx_of(boxes)
    seconds = {name: value / share for name, value in facts.items()}
    return {**seconds, "mpx": mpx_of(boxes), "sampled_mpx": mpx_of(sample)}


def her2path(engine: str) -> Callable[..., Facts]:
    """Make the job that scores the slide with an engine and writes every file of the result."""

    def job(slide: str, workers: int, boxes: list[Box]) -> Facts:
        import cv2

        from her2path.export.slide_files import publish
        from her2path.pipeline.slide import SlideRequest, score_slide
        from her2path.report.document import render_report
        from her2path.runners.threads import ThreadRunner
        from her2path.segment.build import build_segmenter
        from her2path.store.recipes import load_recipe

        cv2.setNumThreads(1)  # as the command does
        loaded, segmenter = load_recipe(), build_segmenter(engine, "cpu")
        with tempfile.TemporaryDirectory() as out:
            started, used = time.perf_counter(), time.process_time()
            scored = score_slide(SlideRequest("slide", Path(slide)), loaded, segmenter, ThreadRunner(workers))
            decided = time.perf_counter()
            publish(scored, Path(out) / "slide", report_html=partial(render_report, scored))
            finished = time.perf_counter()
            cpu_seconds = time.process_time() - used
        return {
            "seconds": finished - started,
            "cpu_seconds": cpu_seconds,
            "stages": {**scored.run["seconds"], "report and files": finished - decided},
            "mpx": scored.run["pixels"]["tiles"] / 1e6,
            "cells": len(scored.cells.cell_id),
            "score": scored.score["score"],
            "recipe_digest": scored.run["recipe_digest"],
            "versions": scored.run["versions"],
        }

    return job


def timed(function: Callable[..., object], items: Iterable[object], workers: int) -> Facts:
    """Take the time of the wall and of the processor."""
    from her2path.runners.threads import ThreadRunner

    started, used = time.perf_counter(), time.process_time()
    for _ in ThreadRunner(workers).map(function, items):
        pass
    return {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - used}


def mpx_of(boxes: list[Box]) -> float:
    return sum(height * width for _, _, height, width in boxes) / 1e6


JOBS = {
    "plan": plan,
    "floor": floor,
    "OpenSlide": openslide,
    "recipe": recipe,
    "classical": her2path("classical"),
    "cnn": her2path("cnn"),
}


def turn(slide: str, workers: int, boxes: list[Box], ways: list[str]) -> Facts:
    """Let each way have the machine once."""
    return {way: in_own_process(__file__, way, slide=slide, workers=workers, boxes=boxes) for way in ways}


def ratios(runs: Facts) -> Facts:
    """How many times as fast each engine is as the other ways."""
    return {
        engine: {
            other: runs[other]["seconds"] / runs[engine]["seconds"]
            for other in ("OpenSlide", "recipe", "floor")
            if other in runs
        }
        for engine in ("classical", "cnn")
        if engine in runs
    }


def show(result: Facts, facts: Facts) -> None:
    """Print the ratios first: they say something of other machines too."""
    print(f"\n{facts['slide']}, {result['workers']} worker(s), {facts['tissue_mm2']:.1f} mm² of tissue")
    for engine, against in result["ratios"].items():
        print(f"  {engine}: " + ", ".join(f"{ratio:.2f} × {other}" for other, ratio in against.items()))
    for way, run in result["runs"].items():
        seconds = run["seconds"]
        print(
            f"  {way:10}{seconds:8.2f} s  {run['cpu_seconds']:8.2f} s of the processor  "
            f"{facts['level0_mpx'] / seconds:7.1f} Mpx/s of level 0  peak {run['peak_mb']:5.0f} MB"
        )
        for stage, stage_seconds in run.get("stages", {}).items():
            together = ", all workers together" if ":" in stage else ""
            print(f"      {stage:18}{stage_seconds:8.2f} s{together}")
        if "cells" in run:
            mm2 = facts["tissue_mm2"] / seconds
            print(f"      {run['cells'] / seconds:,.0f} cells/s, {mm2:.2f} mm²/s; score {run['score']}")


def main() -> None:
    parser = bench_parser(__doc__, repeats=5, jobs=JOBS)
    parser.add_argument("--slide", type=Path, help="a slide of your own, in place of the laid one")
    parser.add_argument("--edge", type=int, default=16384, help="of the laid slide; a multiple of 4096")
    parser.add_argument("--tissue", choices=("dense", "half"), default="dense")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    options = parser.parse_args()
    if options.job:
        answer(JOBS[options.job])
        return
    if not options.slide:
        from slides import slide_of

        options.slide = slide_of(options.cache, options.edge, options.tissue)
    from her2path.slides.open import open_slide

    slide = str(options.slide.resolve())
    (level0, *_) = open_slide(options.slide).levels
    planned, machine = in_own_process(__file__, "plan", slide=slide), hardware()
    facts = {
        "slide": options.slide.stem,
        "level0_mpx": level0.height_px * level0.width_px / 1e6,
        "tissue_mm2": planned["tissue_mm2"],
        "hardware": machine,
        "repeats": options.repeats,
    }
    print(f"{machine['cores']} cores of {machine['cpu']}, medians of {options.repeats} ...", flush=True)
    turns = [
        [turn(slide, workers, planned["boxes"], options.ways) for workers in options.workers]
        for _ in range(options.repeats)
    ]
    results = []
    for workers, same in zip(options.workers, zip(*turns, strict=True), strict=True):
        runs = medians(list(same))
        results.append({"workers": workers, "ratios": ratios(runs), "runs": runs})
        show(results[-1], facts)
    write_results(f"slide-{options.slide.stem}", facts | {"results": results})


if __name__ == "__main__":
    main()
