"""Cell tables made from counts, and the rulebooks of this checkout."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from her2path.cells.table import N_RAYS, CellTable
from her2path.cells.vocabulary import PATTERNS, TUMOUR
from her2path.scoring.rulebook import Rulebook, parse_rulebook
from her2path.scoring.settings import Grading, Statistics

RULEBOOKS = Path(__file__).parents[2] / "configs" / "rulebooks"
STEP_PX = 40  # 10 µm at 0.25 µm/px: neighbours touch

TableOfCounts = Callable[..., CellTable]


def _table_of_patterns(pattern: np.ndarray, *, spacing_px: int = STEP_PX) -> CellTable:
    """Cells on a square lattice in reading order, with the densities that their patterns stand for."""
    n = len(pattern)
    side = max(1, int(np.ceil(np.sqrt(n))))
    y, x = np.divmod(np.arange(n), side)
    intensity, complete = (pattern + 1) // 2, (pattern + 1) % 2
    grades = np.array(Grading().grades)
    return CellTable(
        cell_id=np.arange(n, dtype=np.int64),
        y_px=(y * spacing_px).astype(np.int32),
        x_px=(x * spacing_px).astype(np.int32),
        kind=np.full(n, TUMOUR, np.int8),
        counted=np.ones(n, np.bool_),
        membrane_od=np.array([np.nan, 0.12, 0.3, 0.5, 0.8], np.float32)[intensity],
        completeness=np.where(pattern == 0, 0.0, np.where(complete, 0.95, 0.4)).astype(np.float32),
        longest_gap=np.full(n, np.nan, np.float32),
        cytoplasm_od=np.full(n, 0.02, np.float32),
        pixel_od=np.full(n, np.nan, np.float32),
        pixel_completeness=np.full(n, np.nan, np.float32),
        network_od=np.full(n, np.nan, np.float32),
        network_completeness=np.full(n, np.nan, np.float32),
        pattern=pattern.astype(np.int8),
        grade=np.where(pattern < 0, -1, grades[pattern]).astype(np.int8),
        tumour_probability=np.ones(n, np.float32),
        nucleus_area_um2=np.full(n, 50.0, np.float32),
        bin=np.full(n, -1, np.int32),
        nucleus_radii=np.zeros((n, N_RAYS), np.uint8),
        cell_radii=np.zeros((n, N_RAYS), np.uint8),
    )


def _table_of_counts(counts: Mapping[str, int], *, spacing_px: int = STEP_PX, seed: int = 0) -> CellTable:
    pattern = np.repeat([PATTERNS.index(name) for name in counts], list(counts.values()))
    return _table_of_patterns(np.random.default_rng(seed).permutation(pattern), spacing_px=spacing_px)


@pytest.fixture(scope="session")
def table_of_patterns() -> TableOfCounts:
    return _table_of_patterns


@pytest.fixture(scope="session")
def table_of_counts() -> TableOfCounts:
    return _table_of_counts


@pytest.fixture(scope="session")
def rulebooks() -> dict[str, Rulebook]:
    books = [parse_rulebook(tomllib.loads(path.read_text()), path.name) for path in RULEBOOKS.glob("*.toml")]
    return {book.id: book for book in books}


@pytest.fixture(scope="session")
def quick() -> Statistics:
    """As few replicates as are allowed, and a single stained cell counts as present."""
    return Statistics(bootstrap_replicates=100, presence_min_cells=1)
