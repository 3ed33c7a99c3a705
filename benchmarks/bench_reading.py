"""Reading the tissue of a slide, three ways: the bare decoding, her2path's reader, OpenSlide.

    python benchmarks/bench_reading.py [--slide FILE] [--repeats N] [--workers N ...] [--cache DIR]

The floor decodes every JPEG tile that holds tissue once, and puts it nowhere. her2path and OpenSlide both
read the regions that the classical segmenter is given, margins included, so the tiles at their borders are
read more than once. The three take turns, each time in a process of its own and on as many threads. Prints
medians and writes them to ``benchmarks/results/``; the seconds of the processor tell most on a busy machine.
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from harness import Facts, answer, bench_parser, hardware, in_own_process, medians, write_results

HERE = Path(__file__).parent
WAYS = ("floor", "JPEG tiles", "OpenSlide")

Box = tuple[int, int, int, int]
"""y, x, height and width in level-0 pixels."""


def plan(slide: str) -> Facts:
    """Find the regions that the pipeline reads."""
    from her2path.pipeline.survey import survey_slide
    from her2path.pipeline.tiles import tiles_with_tissue
    from her2path.segment.build import build_segmenter
    from her2path.slides.open import open_slide
    from her2path.store.recipes import load_recipe

    opened, segmenter = open_slide(Path(slide)), build_segmenter(load_recipe().engine, "cpu")
    survey = survey_slide(opened, None)
    tiles = tiles_with_tissue(opened, survey.tissue.tissue, survey.downsample, segmenter)
    reads = [tile.read for tile in tiles]
    return {"boxes": [(box.y_px, box.x_px, box.height_px, box.width_px) for box in reads]}


def floor(slide: str, workers: int, boxes: list[Box]) -> Facts:
    """Decode every tile that a box touches, once."""
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


def reading(reader: str) -> Callable[..., Facts]:
    """Make the job that reads boxes with one of her2path's readers."""

    def job(slide: str, workers: int, boxes: list[Box]) -> Facts:
        from her2path.image.geometry import Region
        from her2path.slides.open import open_slide

        opened = open_slide(Path(slide), reader=reader)
        mpx = sum(height * width for _, _, height, width in boxes) / 1e6
        return timed(lambda box: opened.read(Region(*box)), boxes, workers) | {"mpx": mpx}

    return job


def timed(function: Callable[..., object], items: Iterable[object], workers: int) -> Facts:
    """Take the time of the wall and of the processor."""
    from her2path.runners.threads import ThreadRunner

    started, used = time.perf_counter(), time.process_time()
    for _ in ThreadRunner(workers).map(function, items):
        pass
    return {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - used}


JOBS = {"plan": plan, "floor": floor, "JPEG tiles": reading("JPEG tiles"), "OpenSlide": reading("OpenSlide")}


def turn(slide: str, workers: int, boxes: list[Box]) -> Facts:
    """Let each way read once."""
    runs = {way: in_own_process(__file__, way, slide=slide, workers=workers, boxes=boxes) for way in WAYS}
    ours, theirs, bare = runs["JPEG tiles"], runs["OpenSlide"], runs["floor"]
    return {
        "workers": workers,
        "times_openslide": theirs["seconds"] / ours["seconds"],
        "times_openslide_cpu": theirs["cpu_seconds"] / ours["cpu_seconds"],
        "share_of_floor": bare["seconds"] / ours["seconds"],
        "share_of_floor_cpu": bare["cpu_seconds"] / ours["cpu_seconds"],
        **runs,
    }


def show(result: Facts) -> None:
    """Print the ratios first: they say something of other machines too."""
    print(
        f"\n{result['workers']} worker(s): {result['times_openslide']:.1f} times as fast as OpenSlide "
        f"({result['times_openslide_cpu']:.1f} by processor time), {result['share_of_floor']:.2f} "
        f"({result['share_of_floor_cpu']:.2f}) of the bare decoding of each tile once"
    )
    for way in WAYS:
        run = result[way]
        print(
            f"  {way:11}{run['seconds']:7.2f} s  {run['cpu_seconds']:7.2f} s of the processor  "
            f"{run['mpx']:6.0f} Mpx  {run['mpx'] / run['seconds']:6.1f} Mpx/s  peak {run['peak_mb']:5.0f} MB"
        )


def main() -> None:
    parser = bench_parser(__doc__, repeats=5, jobs=JOBS)
    parser.add_argument("--slide", type=Path, help="a slide of your own, in place of the drawn one")
    options = parser.parse_args()
    if options.job:
        answer(JOBS[options.job])
        return
    slide = options.slide and str(options.slide.resolve())
    if not slide:
        draw = str(HERE / "bench_slide.py")
        slide = in_own_process(draw, "draw", cache=str(options.cache), quick=False)["slide"]
    boxes, machine = in_own_process(__file__, "plan", slide=slide)["boxes"], hardware()
    print(
        f"{Path(slide).stem}, {len(boxes)} regions, on {machine['cores']} cores of {machine['cpu']}, "
        f"medians of {options.repeats} ...",
        flush=True,
    )
    turns = [[turn(slide, workers, boxes) for workers in options.workers] for _ in range(options.repeats)]
    results = [medians(list(same_workers)) for same_workers in zip(*turns, strict=True)]
    for result in results:
        show(result)
    facts = {"slide": Path(slide).stem, "hardware": machine, "repeats": options.repeats, "results": results}
    write_results(f"reading-{Path(slide).stem}", facts)


if __name__ == "__main__":
    main()
