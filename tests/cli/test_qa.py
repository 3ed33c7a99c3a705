"""``qa`` from a table to the files, and what it says on the way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    scores = ["0,0", "0,1+", "1+,1+", "2 +,IHC 2+", "2+,x", "3+,3+", "3,3+", "1+,2+"]
    path = tmp_path / "pairs.csv"
    path.write_text(
        "slide_id,reader,program,notes\n" + "".join(f"s{n},{pair},ok\n" for n, pair in enumerate(scores)),
        encoding="utf-8",
    )
    return path


def test_a_study_is_written_and_its_main_numbers_said(call: Call, pairs: Path, tmp_path: Path) -> None:
    ran = call("qa", pairs, "--out", tmp_path / "out", "--reference", "program")
    assert ran.code == 0
    assert "8 slides of 8 cases, 2 raters: reader, program" in ran.out
    assert "column notes left out" in ran.out
    assert "not read: row 6, column program: 'x' is not a score" in ran.out
    assert "program and reader: 7 slides, overall agreement 0.714 (" in ran.out
    assert "reader reads higher than program on 0 and lower on 2 of 7" in ran.out
    document = json.loads((tmp_path / "out" / "qa.json").read_text(encoding="utf-8"))
    assert document["reference"] == document["pairs"][0]["a"] == "program"
    assert document["software"].startswith("her2path ")


def test_a_cohort_and_manual_scores_are_joined(call: Call, results: Path, tmp_path: Path) -> None:
    manual = tmp_path / "manual.csv"
    manual.write_text("slide_id,reader\nstrong,3+\n", encoding="utf-8")
    ran = call("qa", results, "--manual", manual, "--out", tmp_path / "out")
    assert ran.code == 0
    (pair,) = json.loads((tmp_path / "out" / "qa.json").read_text(encoding="utf-8"))["pairs"]
    assert (pair["a"], pair["b"], pair["n"], pair["opa"]) == ("her2path", "reader", 1, 1.0)
    assert pair["kappa"] == {
        "value": None,
        "reason": "two slides read twice are needed; there are 1",
        "n": 1,
    }


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("slide_id,a,b\ns1,0,1\ns1,1,1\n", (), "'s1' is there 2 times"),
        (
            "slide_id,a,b\ns1,0,low\n",
            (),
            "agreement needs two raters, there is a; add a column of scores\ncolumn b",
        ),
        ("slide_id,a,b\ns1,0,1\n", ("--reference", "c"), "'c' is no rater"),
        ("slide_id,a,b\ns1,0,1\n", ("--same-unit", "a"), "write the two columns of numbers as A:B"),
        ("slide_id,a,b\ns1,0,1\n", ("--program", "c"), "c: no rater"),
    ],
    ids=["twice", "one rater", "reference", "unit", "program"],
)
def test_what_cannot_be_used_ends_with_2_and_writes_nothing(
    call: Call, tmp_path: Path, text: str, arguments: tuple[str, ...], said: str
) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text(text, encoding="utf-8")
    ran = call("qa", table, "--out", tmp_path / "out", *arguments)
    assert ran.code == 2
    assert said in ran.error
    assert not (tmp_path / "out").exists()


def test_one_case_is_called_one(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text("slide_id,case_id,a,b\ns1,P,0,0\ns2,P,1+,2+\n", encoding="utf-8")
    ran = call("qa", table, "--out", tmp_path / "out")
    assert "2 slides of 1 case, 2 raters" in ran.out
    (pair,) = json.loads((tmp_path / "out" / "qa.json").read_text(encoding="utf-8"))["pairs"]
    assert pair["ac1"]["reason"] == "two cases are needed; the 2 slides read twice are of one case"
