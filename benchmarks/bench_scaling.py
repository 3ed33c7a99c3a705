"""How time and memory grow with the slide and with the workers.

    python benchmarks/bench_scaling.py [--edges PX ...] [--engines NAME ...] [--workers N ...] [--cache DIR]

Dense slides from 4096 to 49152 px, laid of the same blocks, are scored once each with as many workers as
given last; the slide of 16384 px with every number of workers. The growth is the exponent of the power of the
pixels that the seconds follow: 1 is time in proportion. Prints it, and the peak memory of the largest slide
as a multiple of that of 16384 px, and writes all to ``benchmarks/results/``.
"""

import math
from pathlib import Path

from bench_slide import JOBS
from harness import Facts, answer, bench_parser, hardware, in_own_process, write_results
from slides import slide_of

EDGES_PX = (4096, 8192, 16384, 49152)
USUAL_PX = 16384
SCRIPT = str(Path(__file__).parent / "bench_slide.py")


def run(cache: Path, engine: str, edge_px: int, workers: int) -> Facts:
    """Score one slide, and keep what is wanted of it."""
    slide = str(slide_of(cache, edge_px, "dense").resolve())
    facts = in_own_process(SCRIPT, engine, slide=slide, workers=workers, boxes=[])
    seconds = facts["seconds"]
    found = {
        "engine": engine,
        "edge_px": edge_px,
        "workers": workers,
        "seconds": seconds,
        "mpx_per_s": edge_px**2 / 1e6 / seconds,
        "cells": facts["cells"],
        "peak_mb": facts["peak_mb"],
        "stages": facts["stages"],
    }
    print(
        f"{engine:10} {edge_px:6} px  {workers} worker(s) {seconds:8.2f} s  {found['mpx_per_s']:6.1f} Mpx/s  "
        f"{found['cells']:9,} cells  peak {found['peak_mb']:5.0f} MB",
        flush=True,
    )
    return found


def growth(runs: list[Facts]) -> float:
    """Exponent of the pixels between the smallest and the largest slide."""
    first, last = runs[0], runs[-1]
    pixels = math.log(last["edge_px"] ** 2 / first["edge_px"] ** 2)
    return math.log(last["seconds"] / first["seconds"]) / pixels


def main() -> None:
    parser = bench_parser(__doc__, repeats=1, jobs=JOBS)
    parser.set_defaults(workers=[1, 2])
    parser.add_argument("--edges", type=int, nargs="+", default=EDGES_PX)
    parser.add_argument("--engines", nargs="+", choices=("classical", "cnn"), default=("classical", "cnn"))
    options = parser.parse_args()
    if options.job:
        answer(JOBS[options.job])
        return
    results = []
    for engine in options.engines:
        most = options.workers[-1]
        by_size = [run(options.cache, engine, edge_px, most) for edge_px in sorted(options.edges)]
        fewer = [run(options.cache, engine, USUAL_PX, workers) for workers in options.workers[:-1]]
        usual = next((one for one in by_size if one["edge_px"] == USUAL_PX), None)
        facts: Facts = {"engine": engine, "by_size": by_size, "fewer_workers": fewer}
        facts["growth"] = growth(by_size) if len(by_size) > 1 else None
        if usual:
            facts["peak_of_largest"] = by_size[-1]["peak_mb"] / usual["peak_mb"]
            facts["speed_up"] = {str(one["workers"]): one["seconds"] / usual["seconds"] for one in fewer}
            faster = ", ".join(f"{times:.2f} times as fast as {n}" for n, times in facts["speed_up"].items())
            print(
                f"{engine}: seconds grow as pixels to the power of {facts['growth']:.2f}; the largest slide "
                f"takes {facts['peak_of_largest']:.2f} times the memory of {USUAL_PX} px; "
                f"{most} workers are {faster}"
            )
        results.append(facts)
    write_results("scaling", {"hardware": hardware(), "results": results})


if __name__ == "__main__":
    main()
