"""A slide folder is the contract with everyone downstream: its files, and that they belong together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
import tifffile

from her2path.cells.table import CellTable
from her2path.export.slide_files import publish
from her2path.image.geometry import PixelSize
from her2path.pipeline.result import Overview, ScoredSlide
from her2path.scoring.heterogeneity import heterogeneity
from her2path.scoring.settings import Statistics
from her2path.store.runs import SCORE_KEYS
from her2path.store.tables import read_cells

HEIGHT_PX, WIDTH_PX = 8000, 12_000
MPP_UM = (0.25, 0.25)


@pytest.fixture
def scored() -> ScoredSlide:
    rng = np.random.default_rng(0)
    n = 400
    y, x = rng.integers(1, 8000, n, np.int32), rng.integers(0, WIDTH_PX, n, np.int32)
    grade = rng.integers(0, 4, n, np.int8)
    some = rng.random(n, np.float32)
    cells = CellTable(
        cell_id=y.astype(np.int64) * WIDTH_PX + x,
        y_px=y,
        x_px=x,
        kind=np.zeros(n, np.int8),
        counted=np.ones(n, bool),
        membrane_od=some,
        completeness=some,
        longest_gap=some,
        cytoplasm_od=some,
        pixel_od=some,
        pixel_completeness=some,
        network_od=some,
        network_completeness=some,
        pattern=grade * 2,
        grade=grade,
        tumour_probability=some,
        nucleus_area_um2=some,
        bin=np.zeros(n, np.int32),
        nucleus_radii=np.full((n, 32), 30),
        cell_radii=np.full((n, 32), 60),
    )
    tissue = np.ones((80, 120), bool)
    return ScoredSlide(
        slide_id="a",
        score=dict.fromkeys(SCORE_KEYS) | {"status": "scored", "slide_id": "a"},
        run={"software": "her2path"},
        mpp_yx_um=MPP_UM,
        size_px=(HEIGHT_PX, WIDTH_PX),
        cells=cells,
        heterogeneity=heterogeneity(
            cells, pixel_size=PixelSize(*MPP_UM), statistics=Statistics(permutations=99)
        ),
        overview=Overview(np.zeros((80, 120, 3), np.uint8), 100.0, tissue, {}),
        examples=(),
    )


def test_a_scored_slide_leaves_every_file(tmp_path: Path, scored: ScoredSlide) -> None:
    publish(scored, tmp_path / "a", report_html=lambda: "<html>µ</html>", geojson=True)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "score.json",
        "cells.parquet",
        "heterogeneity.parquet",
        "heterogeneity.ome.tif",
        "report.html",
        "run.json",
        "cells.geojson.gz",
    }
    stored = read_cells(tmp_path / "a" / "cells.parquet")
    assert stored.cells.equals(scored.cells)
    assert (stored.mpp_yx_um, stored.size_px) == (MPP_UM, (HEIGHT_PX, WIDTH_PX))
    assert tifffile.imread(tmp_path / "a" / "heterogeneity.ome.tif").shape == (5, 125, 188)
    assert (tmp_path / "a" / "report.html").read_text(encoding="utf-8") == "<html>µ</html>"
    assert orjson.loads((tmp_path / "a" / "run.json").read_bytes()) == {"software": "her2path"}


def test_a_page_that_is_yet_to_be_drawn_is_the_same_page(tmp_path: Path, scored: ScoredSlide) -> None:
    publish(scored, tmp_path / "a", report_html=lambda: "<html>µ</html>")
    assert (tmp_path / "a" / "report.html").read_text(encoding="utf-8") == "<html>µ</html>"


def test_detections_are_written_when_asked_for(tmp_path: Path, scored: ScoredSlide) -> None:
    publish(scored, tmp_path / "a", report_html=lambda: "")
    assert not (tmp_path / "a" / "cells.geojson.gz").exists()


def test_a_failed_slide_leaves_an_empty_table_and_its_reason(tmp_path: Path, scored: ScoredSlide) -> None:
    failed = replace(
        scored,
        score={**scored.score, "status": "failed", "reason": "a.svs is empty"},
        mpp_yx_um=None,
        size_px=None,
        cells=CellTable.empty(),
        heterogeneity=None,
        overview=None,
    )
    publish(failed, tmp_path / "a", report_html=lambda: "", geojson=True)
    assert orjson.loads((tmp_path / "a" / "score.json").read_bytes())["reason"] == "a.svs is empty"
    assert len(read_cells(tmp_path / "a" / "cells.parquet").cells) == 0
    assert not (tmp_path / "a" / "heterogeneity.parquet").exists()
