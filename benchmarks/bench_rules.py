"""A million stored cells through every rulebook, against only reading them.

    python benchmarks/bench_rules.py [--cells N] [--repeats N]

A drawn cell table is read once and scored with every rulebook as ``her2path rescore`` does it: rules,
intervals and flags, without the page and the map. Where a rulebook has rules of their own for biopsies, those
are timed too. No pixel is read, and neither torch nor openslide may be imported. Each repeat has a process of
its own; the start of Python and the import of libraries are not in the seconds. Prints medians and writes
them to ``benchmarks/results/``.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from harness import Facts, answer, hardware, in_own_process, medians, write_results

SPACING_PX = 44
"""11 µm at 0.25 µm/px: tumour cells that touch."""

MPP_UM = 0.25
ABSENT = ("torch", "openslide", "dask")


def draw(path: str, cells: int) -> Facts:
    """Write a table: nests that stain alike, all patterns, most of them together somewhere."""
    import numpy as np

    from her2path.cells.table import COLUMNS, CellTable
    from her2path.cells.vocabulary import PATTERNS, TUMOUR
    from her2path.store.tables import StoredCells, write_cells

    rng = np.random.default_rng(2018)
    side = int(np.ceil(np.sqrt(cells)))
    y, x = np.divmod(np.arange(cells), side)
    nests = rng.dirichlet(np.full(len(PATTERNS), 0.4), size=(side // 50 + 1) ** 2)
    cumulated = np.cumsum(nests, axis=1)[(y // 50) * (side // 50 + 1) + x // 50]
    pattern = np.minimum((rng.random(cells)[:, None] > cumulated).sum(axis=1), len(PATTERNS) - 1)
    columns = {c.name: np.zeros((cells, 0) if c.name.endswith("_radii") else cells, c.dtype) for c in COLUMNS}
    columns |= {
        "cell_id": np.arange(cells),
        "y_px": y * SPACING_PX + rng.integers(0, 20, cells),
        "x_px": x * SPACING_PX + rng.integers(0, 20, cells),
        "kind": np.full(cells, TUMOUR),
        "counted": np.ones(cells, bool),
        "pattern": pattern,
        "grade": np.array([0, 1, 1, 1, 2, 2, 2, 2, 3])[pattern],
        "membrane_od": np.array([0, 0.12, 0.3, 0.5, 0.8])[(pattern + 1) // 2] + 0.05 * rng.random(cells),
        "completeness": np.where(pattern == 0, 0.0, np.where(pattern % 2 == 0, 0.95, 0.4)),
        "cytoplasm_od": 0.05 * rng.random(cells),
    }
    write_cells(StoredCells(CellTable(**columns), (MPP_UM, MPP_UM), None), Path(path))
    return {}


def score(path: str) -> Facts:
    """Read the table, and score it with every rulebook."""
    from her2path.image.geometry import PixelSize
    from her2path.scoring.score import score_cells
    from her2path.scoring.settings import Statistics
    from her2path.store.recipes import list_rulebooks
    from her2path.store.tables import read_cells

    rulebooks, statistics = list_rulebooks(), Statistics()
    started, worked = time.perf_counter(), time.process_time()
    stored = read_cells(Path(path))
    read = time.perf_counter()
    assert stored.mpp_yx_um is not None
    by_rulebook, scores = {}, {}
    for rulebook in rulebooks:
        split = any(rule.specimens for rule in rulebook.rules)
        for specimen in rulebook.specimens if split else rulebook.specimens[:1]:
            name = f"{rulebook.id} ({specimen})" if split else rulebook.id
            before = time.perf_counter()
            scored = score_cells(
                stored.cells,
                rulebook=rulebook,
                statistics=statistics,
                pixel_size=PixelSize(*stored.mpp_yx_um),
                specimen=specimen,
            )
            by_rulebook[name], scores[name] = time.perf_counter() - before, scored.score
    finished = time.perf_counter()
    imported = [name for name in ABSENT if name in sys.modules]
    assert not imported, imported
    return {
        "seconds": finished - started,
        "processor_seconds": time.process_time() - worked,
        "read_seconds": read - started,
        "ratio": (finished - started) / (read - started),
        "rulebooks": by_rulebook,
        "scores": scores,
    }


JOBS = {"draw": draw, "score": score}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        answer(JOBS[options.job])
        return
    machine = hardware()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "cells.parquet")
        in_own_process(__file__, "draw", path=path, cells=options.cells)
        result = medians([in_own_process(__file__, "score", path=path) for _ in range(options.repeats)])
    print(
        f"{options.cells:,} cells on one core of {machine['cpu']}, medians of {options.repeats}: "
        f"{result['ratio']:.1f} times as long as only reading them"
    )
    print(f"  all together                {result['seconds']:6.2f} s   peak {result['peak_mb']:5.0f} MB")
    print(f"  of it at work               {result['processor_seconds']:6.2f} s   (else it waited)")
    print(f"  reading the table           {result['read_seconds']:6.2f} s")
    for name, seconds in result["rulebooks"].items():
        print(f"  {name:<28}{seconds:6.2f} s   score {result['scores'][name]}")
    write_results("rules", {"cells": options.cells, "hardware": machine, "repeats": options.repeats} | result)


if __name__ == "__main__":
    main()
