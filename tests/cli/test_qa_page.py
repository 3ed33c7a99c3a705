"""``qa`` from a table of a hundred slides to the page and everything beside it."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def controls(tmp_path: Path) -> Path:
    path = tmp_path / "controls.csv"
    values = [0.24, 0.26] * 10 + [0.25, 0.31]
    lines = [f"2+,R{place},2026-01-{place + 1:02d},{value}\n" for place, value in enumerate(values)]
    path.write_text("control,run,date,membrane_od\n" + "".join(lines), encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_example_gives_a_page_and_its_tables(call: Call, controls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = call("qa", EXAMPLES / "pairs.csv", "--out", out, "--reference", "reader_1", "--controls", controls)
    assert ran.code == 0
    assert "100 slides of 92 cases, 3 raters" in ran.out
    assert "rejection: 2+, run R21" in ran.out
    page = (out / "qa.html").read_text(encoding="utf-8")
    for text in ("reader_1 is the comparator", "R21: 1-3s", "Beside published rates", "Checklist"):
        assert text in page
    written = {path.name for path in out.iterdir()}
    assert written >= {"qa.json", "agreement.csv", "confusion.csv", "discordant.csv", "readings.csv"}
    assert written >= {"unread.csv", "rates.csv", "breaks.csv"}


def test_the_example_is_what_its_script_draws() -> None:
    rows = runpy.run_path(str(EXAMPLES / "draw_pairs.py"))["draw_rows"]()
    lines = (EXAMPLES / "pairs.csv").read_text(encoding="utf-8").splitlines()
    assert lines == [",".join(rows[0]), *(",".join(row.values()) for row in rows)]


def test_a_results_folder_explains_where_raters_differ(call: Call, results: Path, tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text("slide_id,one,other\nstrong,2+,3+\nelsewhere,1+,2+\n", encoding="utf-8")
    ran = call("qa", table, "--out", tmp_path / "out", "--results", results)
    assert ran.code == 0
    page = (tmp_path / "out" / "qa.html").read_text(encoding="utf-8")
    assert "<b>strong</b>:" in page
    assert "data:image/jpeg" in page


def test_controls_that_cannot_be_used_write_nothing(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = call("qa", EXAMPLES / "pairs.csv", "--out", out, "--controls", EXAMPLES / "pairs.csv")
    assert ran.code == 2
    assert not out.exists()
