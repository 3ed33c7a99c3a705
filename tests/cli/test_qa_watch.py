"""``qa`` over time: what it says, what it writes, and with which code it ends."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


def run_of(path: Path, **scores: str) -> Path:
    """Write a cohort table."""
    rows = "".join(f"{name},scored,{score},10\n" for name, score in scores.items())
    path.write_text("slide_id,status,score,h_score\n" + rows, encoding="utf-8")
    return path


def change_score(results: Path, to: Path) -> Path:
    """Copy a results folder with another score, rule and setting."""
    shutil.copytree(results, to)
    (file,) = to.glob("*/score.json")
    score = json.loads(file.read_text(encoding="utf-8"))
    score |= {"score": "2+", "category": "IHC2", "rule_fired": "another"}
    file.write_text(json.dumps(score), encoding="utf-8")
    run_file = file.with_name("run.json")
    run = json.loads(run_file.read_text(encoding="utf-8"))
    run["recipe"]["grading"]["strong_od"] = 0.7
    run_file.write_text(json.dumps(run), encoding="utf-8")
    return to


def test_the_same_results_pass_the_gate_and_there_is_nothing_to_tell(
    call: Call, results: Path, tmp_path: Path
) -> None:
    ran = call("qa", "--before", results, "--after", results, "--out", tmp_path, "--gate")
    assert ran.code == 0
    assert "the results are the same" in ran.out
    assert "gate: passed" in ran.out
    assert (tmp_path / "flips.csv").read_text(encoding="utf-8").count("\n") == 1
    document = json.loads((tmp_path / "change.json").read_text(encoding="utf-8"))
    assert (document["n"], document["flips"], document["differences"]) == (1, [], [])
    assert document["disclaimer"].startswith("For Research Use Only")


def test_a_flip_is_told_with_its_reasons_and_the_gate_ends_with_1(
    call: Call, results: Path, tmp_path: Path
) -> None:
    after = change_score(results, tmp_path / "after")
    ran = call("qa", "--before", results, "--after", after, "--out", tmp_path / "out", "--gate")
    assert ran.code == 1
    assert "score 3+ → 2+; category IHC3 → IHC2; rule strong-complete → another" in ran.out
    assert "set otherwise: recipe.grading.strong_od: 0.6 → 0.7" in ran.out
    assert "gate: not passed" in ran.out
    page = (tmp_path / "out" / "qa.html").read_text(encoding="utf-8")
    assert "Gate: not passed" in page
    assert 'href="../after/strong/report.html"' in page
    assert "slides with another score: 1 (strong); max_score_flips asks for at most 0" in ran.out
    assert call("qa", "--before", results, "--after", after, "--out", tmp_path / "out").code == 0


def test_limits_of_ones_own_are_a_gate(call: Call, tmp_path: Path) -> None:
    before = run_of(tmp_path / "before.csv", a="1+", b="2+")
    after = run_of(tmp_path / "after.csv", a="1+", b="3+", c="0")
    limits = tmp_path / "limits.toml"
    arguments = ("qa", "--before", before, "--after", after, "--limits", limits, "--out", tmp_path / "out")
    limits.write_text("max_score_flips = 1\n", encoding="utf-8")
    ran = call(*arguments)
    assert ran.code == 0
    assert "only in the second run: c" in ran.out
    limits.write_text("max_score_flips = 0\n", encoding="utf-8")
    assert call(*arguments).code == 1
    limits.write_text("max_score_flips = 'few'\n", encoding="utf-8")
    ran = call(*arguments)
    assert ran.code == 2
    assert "limits.toml: max_score_flips" in ran.error


def test_runs_without_a_common_slide_are_two_periods(call: Call, tmp_path: Path) -> None:
    before = run_of(tmp_path / "before.csv", a="1+", b="2+")
    after = run_of(tmp_path / "after.csv", c="1+", d="3+")
    arguments = ("qa", "--before", before, "--after", after, "--out", tmp_path / "out")
    ran = call(*arguments)
    assert ran.code == 0
    assert "two periods of 2 and 2 slides with a score" in ran.out
    assert "membrane density: a period has no membrane density" in ran.out
    assert (tmp_path / "out" / "drift.json").exists()
    ran = call(*arguments, "--gate")
    assert ran.code == 2
    assert "no slide_id in common" in ran.error


def test_a_limit_that_cohort_tables_cannot_tell_ends_with_2(call: Call, tmp_path: Path) -> None:
    before = run_of(tmp_path / "before.csv", a="1+")
    ran = call("qa", "--before", before, "--after", before, "--gate", "--out", tmp_path / "out")
    assert ran.code == 2
    assert (
        "gate: limit max_fraction_move cannot be judged: the cohort tables hold no fractions; "
        "give results folders, or limits without it (--limits)"
    ) in ran.error
    assert "max_score_flips" not in ran.error
    assert not (tmp_path / "out").exists()


def test_the_run_of_a_control_that_broke_a_rule_is_named(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "controls.csv"
    values = [0.24, 0.26] * 10 + [0.25, 0.30]
    lines = [f"2+,R{place},2026-01-{place + 1:02d},{value}\n" for place, value in enumerate(values)]
    table.write_text(
        "control,run,date,membrane_od\n" + "".join(lines) + "0,R0,2026-01-01,0.01\n", encoding="utf-8"
    )
    ran = call("qa", "--controls", table, "--out", tmp_path / "out")
    assert ran.code == 0
    assert "0: not judged, 1 runs; a baseline needs 20" in ran.out
    assert "2+: 22 runs, mean 0.250, SD 0.010" in ran.out
    assert "rejection: 2+, run R21 of 2026-01-22: 0.300 (+4.9 SD), 1-3s: one value beyond 3 SD" in ran.out
    with (tmp_path / "out" / "breaks.csv").open(encoding="utf-8", newline="") as file:
        assert {row["rule"] for row in csv.DictReader(file)} == {"1-3s", "EWMA", "CUSUM"}


def test_the_rates_of_a_table_are_charted(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    rows = [f"s{place},{'3+' if place % 2 else '0'},{'AB'[place % 2]}\n" for place in range(80)]
    table.write_text("slide_id,reader,site\n" + "".join(rows), encoding="utf-8")
    ran = call("qa", table, "--monitor", "--out", tmp_path / "out")
    assert ran.code == 0
    assert "reader, positive by site: B has 40 of 40, above the 99.8 % limits" in ran.out
    assert "reader: positive 0.500 is above 0.118 to 0.172, breast, Denmark" in ran.out
    assert "which is no standard" in ran.out
    assert (tmp_path / "out" / "rates.csv").exists()


def test_another_rulebook_is_told_by_its_name(call: Call, results: Path, tmp_path: Path) -> None:
    assert call("rescore", results, "--rulebook", "breast-2007", "--out", tmp_path / "after").code == 0
    ran = call("qa", "--before", results, "--after", tmp_path / "after", "--out", tmp_path / "out")
    assert "set otherwise: rulebook.id: breast-2018 → breast-2007" in ran.out
    assert "set otherwise: recipe.rulebook, in " in ran.out
    assert "more, in the files" not in ran.out
