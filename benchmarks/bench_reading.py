"""Reading the tissue of a slide, three ways: the bare decoding, her2path's reader, OpenSlide.

    python benchmarks/bench_reading.py [--slide FILE] [--repeats N] [--workers N ...] [--cache DIR]

The floor decodes every JPEG tile that holds tissue once, and puts it nowhere. her2path and OpenSlide both
read the regions that the classical segmenter is given, margins included: what lies at their borders is copied
more than once, and decoded more than once where their caches no longer hold it. The three take turns, each
time in a process of its own and on as many threads. Prints medians and writes them to
``benchmarks/results/``; the seconds of the processor tell most on a busy machine.
"""

from collections.abc import Callable
from pathlib import Path

from bench_slide import Box, floor, mpx_of, plan, timed
from harness import Facts, answer, bench_parser, hardware, in_own_process, medians, write_results

WAYS = ("floor", "JPEG tiles", "OpenSlide")


def reading(reader: str) -> Callable[..., Facts]:
    """Make the job that reads boxes with one of her2path's readers."""

    def job(slide: str, workers: int, boxes: list[Box]) -> Facts:
        from her2path.image.geometry import Region
        from her2path.slides.open import open_slide

        opened = open_slide(Path(slide), reader=reader)
        return timed(lambda box: opened.read(Region(*box)), boxes, workers) | {"mpx": mpx_of(boxes)}

    return job


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
    parser.set_defaults(workers=[1, 2])
    parser.add_argument("--slide", type=Path, help="a slide of your own, in place of the drawn one")
    options = parser.parse_args()
    if options.job:
        answer(JOBS[options.job])
        return
    slide = options.slide and str(options.slide.resolve())
    if not slide:
        from slides import slide_of

        slide = str(slide_of(options.cache, 16384, "dense").resolve())
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
