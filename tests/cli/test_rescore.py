"""``rescore`` from stored cells: folders, single tables, other rules, recipes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow.csv
import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


def score_of(folder: Path) -> Any:
    return orjson.loads((folder / "score.json").read_bytes())


def test_a_results_folder_is_scored_again(call: Call, results: Path, tmp_path: Path) -> None:
    ran = call("rescore", results, "--rulebook", "breast-2018", "--out", tmp_path)
    assert ran.code == 0
    first, again = score_of(results / "strong"), score_of(tmp_path / "strong")
    assert again["fractions"] == first["fractions"]
    assert again["score"] == first["score"]
    assert pyarrow.csv.read_csv(tmp_path / "cohort.csv")["slide_id"].to_pylist() == ["strong"]
    assert (tmp_path / "strong" / "report.html").is_file()


def test_a_bare_table_names_itself(call: Call, results: Path, tmp_path: Path) -> None:
    table = tmp_path / "mine.parquet"
    table.write_bytes((results / "strong" / "cells.parquet").read_bytes())
    ran = call(
        "rescore",
        table,
        "--rulebook",
        "gastric-biopsy",
        "--specimen",
        "biopsy",
        "--out",
        tmp_path / "out",
    )
    assert ran.code == 0
    assert score_of(tmp_path / "out" / "mine")["rulebook"]["id"] == "gastric-biopsy"


def test_a_recipe_that_grades_derives_the_patterns_anew(call: Call, results: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[grading]\nstained_od = 1.6\nweak_od = 1.7\nmoderate_od = 1.8\nstrong_od = 1.9\n")
    assert call("rescore", results, "--recipe", recipe, "--out", tmp_path / "out").code == 0
    assert score_of(tmp_path / "out" / "strong")["score"] == "0"


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("nowhere",), "cells.parquet"),
        (("{results}", "--rulebook", "brest-2018"), "did you mean breast-2018"),
        (("{results}", "--rulebook", "gastric-biopsy"), "--specimen"),
        (("{results}", "--mpp", "5"), "--mpp"),
        (("{results}/strong/score.json",), "Parquet"),
    ],
)
def test_what_cannot_be_used_ends_with_2(
    call: Call, results: Path, tmp_path: Path, arguments: tuple[str, ...], remedy: str
) -> None:
    filled = [argument.replace("{results}", str(results)) for argument in arguments]
    ran = call("rescore", *filled, "--out", tmp_path / "out")
    assert ran.code == 2
    assert remedy in ran.error
    assert not list((tmp_path / "out").glob("*/score.json"))
