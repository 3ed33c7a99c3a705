"""New rules on stored cells: what is stored stands unless derived anew, what is not told is null."""

import ast
import re
from pathlib import Path
from typing import get_args

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import her2path
from her2path.cells.vocabulary import KINDS, PATTERNS
from her2path.errors import UsageError
from her2path.export.slide_files import publish
from her2path.pipeline.rescore import OF_THE_SLIDE, find_tables, rescore
from her2path.pipeline.result import ScoredSlide
from her2path.recipe import LeftOut, Recipe
from her2path.store.recipes import load_recipe
from her2path.store.runs import SCORE_KEYS

ANSWER = (
    "score",
    "category",
    "her2_status",
    "tag",
    "rule_fired",
    "n_cells",
    "fractions",
    "fractions_ci",
    "score_ci",
    "borderline",
    "h_score",
    "complete_intense_fraction",
    "membrane_od",
    "heterogeneity",
)


@pytest.fixture
def stored(strong: ScoredSlide, tmp_path: Path) -> Path:
    folder = tmp_path / "out" / "strong"
    publish(strong, folder, report_html=lambda: "<html></html>")
    return folder / "cells.parquet"


@pytest.fixture
def bare(strong: ScoredSlide, tmp_path: Path) -> Path:
    """The contract's columns and nothing else, as another program would write them."""
    cells = strong.cells
    words = {"kind": np.array(KINDS)[cells.kind], "pattern": np.array(PATTERNS)[cells.pattern]}
    names = (
        "cell_id",
        "y_px",
        "x_px",
        "kind",
        "counted",
        "membrane_od",
        "completeness",
        "longest_gap",
        "cytoplasm_od",
        "pattern",
        "grade",
        "tumour_probability",
        "nucleus_area_um2",
        "bin",
    )
    path = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({name: words.get(name, getattr(cells, name)) for name in names}), path)
    return path


def test_the_same_rules_give_the_same_answer(stored: Path, strong: ScoredSlide, recipe: Recipe) -> None:
    again = rescore(stored, "strong", recipe, derive_patterns=False).score
    assert {key: again[key] for key in ANSWER} == {key: strong.score[key] for key in ANSWER}
    assert again["area_mm2"] == strong.score["area_mm2"]
    assert again["status"] == "scored"


def test_other_rules_are_named(stored: Path) -> None:
    recipe = load_recipe(rulebook="gastric-resection", specimen="resection")
    score = rescore(stored, "strong", recipe, derive_patterns=False).score
    assert score["rulebook"]["id"] == "gastric-resection"
    assert score["recipe_digest"] == recipe.digest
    assert set(SCORE_KEYS) <= set(score)


def test_patterns_are_derived_anew_only_where_asked(
    stored: Path, strong: ScoredSlide, recipe: Recipe
) -> None:
    blind = recipe.model_copy(
        update={
            "grading": recipe.grading.model_copy(
                update={"stained_od": 1.6, "weak_od": 1.7, "moderate_od": 1.8, "strong_od": 1.9}
            )
        }
    )
    assert rescore(stored, "strong", blind, derive_patterns=False).score["score"] == strong.score["score"]
    assert rescore(stored, "strong", blind, derive_patterns=True).score["score"] == "0"


def test_a_bare_table_is_enough(bare: Path, strong: ScoredSlide, recipe: Recipe) -> None:
    scored = rescore(bare, "foreign", recipe, derive_patterns=False)
    assert scored.score["status"] == "scored"
    for key in ("score", "category", "n_cells", "fractions", "h_score"):
        assert scored.score[key] == strong.score[key]
    for key in ("mpp", "mpp_source", "heterogeneity", "area_mm2", "stains", "objective"):
        assert scored.score[key] is None
    assert set(SCORE_KEYS) <= set(scored.score)


def test_a_pixel_size_that_is_given_brings_the_map_back(bare: Path) -> None:
    scored = rescore(bare, "foreign", load_recipe(mpp_um=(0.25, 0.25)), derive_patterns=False)
    assert scored.heterogeneity is not None
    assert (scored.score["mpp"], scored.score["mpp_source"]) == (0.25, "given")


def test_a_table_without_tumour_is_not_evaluable(bare: Path, recipe: Recipe) -> None:
    table = pq.read_table(bare)
    index = table.column_names.index("counted")
    pq.write_table(table.set_column(index, "counted", pa.array(np.zeros(len(table), bool))), bare)
    score = rescore(bare, "foreign", recipe, derive_patterns=False).score
    assert (score["status"], score["score"]) == ("not_evaluable", None)
    assert score["flags"][0]["severity"] == "refusal"


def test_tables_are_found_by_file_folder_and_results_folder(stored: Path) -> None:
    for path in (stored, stored.parent, stored.parents[1]):
        assert find_tables(path) == (stored,)


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_where_there_is_no_table_the_remedy_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"cells\.parquet"):
        find_tables(tmp_path / name)


def rewritten(stored: Path, **changes: object) -> None:
    """Change score.json beside the cells."""
    path = stored.with_name("score.json")
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def test_a_part_stays_a_part_and_what_the_slide_told_is_told_again(stored: Path, recipe: Recipe) -> None:
    unreadable = {"code": "UNREADABLE", "severity": "warning", "detail": "0.10 mm²"}
    of_the_cells = {"code": "LOW_CELL_COUNT", "severity": "warning", "detail": "gone with the old rules"}
    rewritten(stored, status="partial", reason="0.10 mm²", flags=[unreadable, of_the_cells])
    score = rescore(stored, "strong", recipe, derive_patterns=False).score
    assert (score["status"], score["reason"], score["score"]) == ("partial", "0.10 mm²", "3+")
    assert unreadable in score["flags"]
    assert of_the_cells not in score["flags"]


def test_flags_of_the_slide_are_those_that_scoring_it_raises() -> None:
    package = Path(her2path.__file__).parent
    modules = (
        *package.glob("quality/*.py"),
        package / "pipeline" / "slide.py",
        package / "pipeline" / "tma.py",
    )
    literals = {
        node.value
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    page = (package.parent / "docs" / "guide" / "flags.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `([A-Z_0-9]+)` \| (\w+)", page, flags=re.MULTILINE))
    raised = {code for code, severity in documented.items() if code in literals and severity != "refusal"}
    assert raised | {reason.upper() for reason in get_args(LeftOut)} == OF_THE_SLIDE


def test_too_few_cells_before_may_be_enough_now(stored: Path, recipe: Recipe) -> None:
    refusal = {"code": "TOO_FEW_CELLS", "severity": "refusal", "detail": "3 cells"}
    rewritten(stored, status="not_evaluable", reason="3 cells", flags=[refusal])
    score = rescore(stored, "strong", recipe, derive_patterns=False).score
    assert (score["status"], score["score"]) == ("scored", "3+")
    assert refusal not in score["flags"]


@pytest.mark.parametrize(
    ("code", "n_cells"),
    [("ONLY_CONTROL", 0), ("NOTHING_LEFT", 0), ("WRONG_PIXEL_SIZE", None)],
)
def test_a_refusal_of_the_slide_stands_with_its_words_and_its_count(
    stored: Path, recipe: Recipe, code: str, n_cells: int | None
) -> None:
    refusal = {"code": code, "severity": "refusal", "detail": "in the words of the slide"}
    rewritten(
        stored, status="not_evaluable", reason=refusal["detail"], score=None, n_cells=n_cells, flags=[refusal]
    )
    score = rescore(stored, "strong", recipe, derive_patterns=False).score
    assert (score["status"], score["reason"], score["score"]) == ("not_evaluable", refusal["detail"], None)
    assert (score["n_cells"], score["flags"]) == (n_cells, [refusal])


def test_areas_of_another_pixel_size_are_not_known(stored: Path) -> None:
    score = rescore(stored, "strong", load_recipe(mpp_um=(0.3, 0.3)), derive_patterns=False).score
    assert score["area_mm2"] is None


def test_parts_stand_under_new_rules(stored: Path, strong: ScoredSlide, recipe: Recipe) -> None:
    again = rescore(stored, "strong", recipe, derive_patterns=False)
    for key in ("fragments", "n_tumour_fragments", "regions"):
        assert orjson.dumps(again.score[key]) == orjson.dumps(strong.score[key])
    np.testing.assert_array_equal(again.cells.fragment, strong.cells.fragment)
    other = rescore(stored, "strong", load_recipe(rulebook="breast-2007"), derive_patterns=False)
    assert [one["score"] for one in other.score["fragments"]] == [other.score["score"]]


def test_a_bare_table_knows_no_parts(bare: Path, recipe: Recipe) -> None:
    score = rescore(bare, "bare", recipe, derive_patterns=False).score
    assert (score["fragments"], score["n_tumour_fragments"], score["regions"]) == (None, None, [])
