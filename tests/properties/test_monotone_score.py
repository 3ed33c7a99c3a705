"""Upgrading cells never lowers the category, whatever the table, the gate and the gap policy."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from her2path.cells.table import COLUMNS, N_RAYS, CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.image.geometry import PixelSize
from her2path.scoring.rulebook import CATEGORIES, parse_rulebook
from her2path.scoring.score import score_cells
from her2path.scoring.settings import Statistics

RULEBOOKS = sorted((Path(__file__).parents[2] / "configs" / "rulebooks").glob("*.toml"))


def _table(pattern: NDArray[np.int64], yx_px: NDArray[np.int64]) -> CellTable:
    n = len(pattern)
    columns = {c.name: np.zeros((n, N_RAYS) if c.name.endswith("_radii") else n, c.dtype) for c in COLUMNS}
    columns |= {"counted": np.ones(n, bool), "pattern": pattern, "y_px": yx_px[:, 0], "x_px": yx_px[:, 1]}
    return CellTable(**columns)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_upgrades_never_lower_the_category(path: Path, data: st.DataObject) -> None:
    book = parse_rulebook(tomllib.loads(path.read_text()), path.name)
    book = book.model_copy(update={"gap_policy": data.draw(st.sampled_from(["convention", "strict"]))})
    statistics = Statistics(
        bootstrap_replicates=100,
        min_cells=1,
        presence_min_cells=data.draw(st.integers(1, 12)),
        presence_limit_of_blank=data.draw(st.sampled_from([0.0, 0.005, 0.05])),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    n = data.draw(st.integers(1, 150))
    unstained = data.draw(st.floats(0, 1))
    before = np.where(rng.random(n) < unstained, 0, rng.integers(0, len(PATTERNS), n))
    intensity, complete = (before + 1) // 2, np.where(before > 0, (before + 1) % 2, 0)
    upgraded = rng.random(n) < data.draw(st.sampled_from([0.02, 0.2, 1.0]))
    stronger = np.where(upgraded, rng.integers(intensity, 5), intensity)
    fuller = np.where(upgraded, rng.integers(complete, 2), complete)
    after = np.where(stronger == 0, 0, 2 * stronger - 1 + fuller)

    yx_px = rng.integers(0, data.draw(st.sampled_from([60, 600])), (n, 2))
    measured = any(rule.metric == "cluster" for rule in book.rules)
    first, second = (
        score_cells(
            _table(pattern, yx_px),
            rulebook=book,
            statistics=statistics,
            pixel_size=PixelSize(0.25, 0.25) if measured else None,
            specimen=book.specimens[0],
        )
        for pattern in (before, after)
    )
    assert CATEGORIES.index(first.category) <= CATEGORIES.index(second.category)
