"""Everything clinical on a million cells: rules, intervals, threshold sweep, measures without classes.

    python benchmarks/bench_scoring.py [--cells N] [--repeats N]

The block bootstrap is compared with drawing the cells one by one, of which a few replicates are timed. Prints
medians of seconds.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from her2path.cells.table import COLUMNS, CellTable
from her2path.image.geometry import PixelSize
from her2path.scoring.continuous import continuous_scores
from her2path.scoring.grade import regrade
from her2path.scoring.intervals import bootstrap, cut_into_blocks
from her2path.scoring.score import score_cells
from her2path.scoring.settings import Grading, Statistics
from her2path.scoring.sweep import threshold_sweep
from her2path.store.recipes import load_rulebook

PIXEL = PixelSize(0.25, 0.25)
CELLS_PER_MM2 = 2500
DRAWN_ONE_BY_ONE = 5
"""Replicates of cells that are timed; the rest would take as long each."""


def make_cells(n: int, rng: np.random.Generator) -> CellTable:
    """Cells of every density and completeness, evenly over a square of tissue."""
    side_px = round(np.sqrt(n / CELLS_PER_MM2) * 1000 / PIXEL.x_um)
    columns = {c.name: np.zeros((n, 0) if c.name.endswith("_radii") else n, c.dtype) for c in COLUMNS}
    columns |= {
        "cell_id": np.arange(n),
        "y_px": np.sort(rng.integers(0, side_px, n)),
        "x_px": rng.integers(0, side_px, n),
        "counted": np.ones(n, bool),
        "membrane_od": rng.lognormal(-1.4, 0.6, n).astype(np.float32),
        "completeness": rng.beta(2, 1.5, n).astype(np.float32),
        "pixel_od": np.full(n, np.nan, np.float32),
        "pixel_completeness": np.full(n, np.nan, np.float32),
        "network_completeness": np.full(n, np.nan, np.float32),
    }
    return regrade(CellTable(**columns), Grading())


def timed(job: Callable[[], object], repeats: int) -> float:
    """Give the median of seconds."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a hundred thousand cells, once")
    arguments = parser.parse_args()
    n, repeats = (100_000, 1) if arguments.quick else (arguments.cells, arguments.repeats)
    rng = np.random.default_rng(1)
    cells, book, grading, statistics = (
        make_cells(n, rng),
        load_rulebook("breast-2018"),
        Grading(),
        Statistics(),
    )
    yx_um = np.stack([cells.y_px * PIXEL.y_um, cells.x_px * PIXEL.x_um], axis=1)
    nowhere = np.zeros((n, len(book.rules)), bool)

    def blocks() -> object:
        cut = cut_into_blocks(yx_um, cells.pattern, nowhere, statistics)
        return cut and bootstrap(cut, rulebook=book, statistics=statistics)

    def one_by_one() -> None:
        for _ in range(DRAWN_ONE_BY_ONE):
            np.bincount(cells.pattern[rng.integers(0, n, n)], minlength=9)

    jobs: dict[str, Callable[[], object]] = {
        "score, every rule and interval": lambda: score_cells(
            cells, rulebook=book, statistics=statistics, pixel_size=PIXEL, specimen=None
        ),
        f"of it: block bootstrap, {statistics.bootstrap_replicates} replicates": blocks,
        "threshold sweep": lambda: threshold_sweep(
            cells, grading=grading, rulebook=book, statistics=statistics, yx_um=yx_um
        ),
        "measures without classes": lambda: continuous_scores(
            cells, grading=grading, statistics=statistics, yx_um=yx_um
        ),
    }
    print(f"{n:,} cells, median of {repeats}")
    for name, job in jobs.items():
        print(f"{timed(job, repeats):8.2f} s  {name}", flush=True)
    alone = timed(one_by_one, 1) / DRAWN_ONE_BY_ONE * statistics.bootstrap_replicates
    print(f"{alone:8.2f} s  drawing cells one by one, from {DRAWN_ONE_BY_ONE} replicates")


if __name__ == "__main__":
    main()
