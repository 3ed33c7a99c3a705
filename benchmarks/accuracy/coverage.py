"""How often the intervals hold the truth: simulated fields of tissue whose staining comes in patches.

    python benchmarks/accuracy/coverage.py [--seeds N] [--field MM ...] [--length UM ...]

Each seed is one square field of cells, of which a known share is strong and complete. The staining of a cell
is half its own and half shared with its neighbours: a Gaussian field whose correlation falls as
``exp(-distance / length)``, to 1/e at the correlation length and to 5 % at three of them. The truth is the
share of the process that the field was drawn from, not that of the field.
"""

import argparse

import numpy as np
from scipy.special import ndtri

from her2path.cells.vocabulary import PATTERNS
from her2path.scoring.cascade import wilson
from her2path.scoring.intervals import bootstrap, bootstrap_cells, cut_into_blocks
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.settings import Statistics
from her2path.store.recipes import load_rulebook

GRID_UM = 20.0
"""Pixel of the shared field: less than the shortest correlation length."""

CELLS_PER_MM2 = 2500
SHARED = 0.5
SC = PATTERNS.index("SC")


def shared_field(side: int, length_um: float, rng: np.random.Generator) -> np.ndarray:
    """``(side, side)`` standard normal values with exponential correlation, by its spectrum in the plane."""
    padded = side + int(4 * length_um / GRID_UM)  # the transform wraps round: opposite edges are neighbours
    y, x = np.fft.fftfreq(padded)[:, None], np.fft.fftfreq(padded)[None, :]
    amplitude = (1 + (2 * np.pi * length_um / GRID_UM) ** 2 * (y**2 + x**2)) ** -0.75
    noise = np.fft.fft2(rng.standard_normal((padded, padded)))
    return np.fft.ifft2(noise * amplitude).real[:side, :side] / np.sqrt((amplitude**2).mean())


def simulate(
    field_um: float, length_um: float, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """``(n, 2)`` centres, µm, and ``(n,)`` whether the cell is strong."""
    yx_um = rng.uniform(0, field_um, (round(CELLS_PER_MM2 * (field_um / 1000) ** 2), 2))
    row, column = (yx_um / GRID_UM).astype(int).T
    shared = shared_field(int(np.ceil(field_um / GRID_UM)), length_um, rng)[row, column]
    own = rng.standard_normal(len(yx_um))
    return yx_um, np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * own > ndtri(1 - share)


def block_interval(
    yx_um: np.ndarray, strong: np.ndarray, rulebook: Rulebook, statistics: Statistics
) -> tuple[float, float]:
    """Interval of the share of strong cells, as it stands in score.json."""
    pattern = np.where(strong, SC, 0).astype(np.int8)
    no_clusters = np.zeros((len(pattern), len(rulebook.rules)), bool)
    blocks = cut_into_blocks(yx_um, pattern, no_clusters, statistics)
    if blocks is None:
        counts = np.bincount(pattern, minlength=len(PATTERNS))
        intervals = bootstrap_cells(counts, no_clusters[0], rulebook=rulebook, statistics=statistics)
    else:
        intervals = bootstrap(blocks, rulebook=rulebook, statistics=statistics)
    low, high = intervals.fractions[SC].tolist()
    return low, high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="fields of each kind")
    parser.add_argument("--field", type=float, nargs="+", default=[1, 2], help="edge of the field, mm")
    parser.add_argument("--length", type=float, nargs="+", default=[25, 50, 100, 200], help="µm")
    parser.add_argument("--share", type=float, default=0.1, help="true share of strong cells")
    arguments = parser.parse_args()
    rulebook = load_rulebook("breast-2018")
    statistics = Statistics(bootstrap_replicates=400)

    print(f"{100 * arguments.share:g} % strong, {arguments.seeds} fields each, nominal 95 %")
    print("field mm  length µm  field/length    block   Wilson   median width / spread of the estimate")
    for field_mm in arguments.field:
        for length_um in arguments.length:
            rows = []
            for seed in range(arguments.seeds):
                rng = np.random.default_rng([seed, round(1000 * field_mm), round(length_um)])
                yx_um, strong = simulate(1000 * field_mm, length_um, arguments.share, rng)
                block = block_interval(yx_um, strong, rulebook, statistics)
                alone = [float(end) for end in wilson(strong.sum(), len(strong))]
                rows.append((strong.mean(), *block, *alone))
            found, low, high, low_alone, high_alone = np.array(rows).T
            block = ((low <= arguments.share) & (arguments.share <= high)).mean()
            alone = ((low_alone <= arguments.share) & (arguments.share <= high_alone)).mean()
            width = np.median(high - low) / (2 * ndtri(0.975) * found.std())
            print(
                f"{field_mm:8g}  {length_um:9g}  {1000 * field_mm / length_um:12g}"
                f"  {100 * block:5.1f} %  {100 * alone:5.1f} %   {width:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
