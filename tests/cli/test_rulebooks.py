"""``rulebooks`` lists the rules, shows them in words and checks a user's own."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from her2path.store.recipes import list_rulebooks

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]

RULEBOOKS = Path(__file__).parents[2] / "configs" / "rulebooks"

CONTRACT = {
    "breast-2007",
    "breast-2013",
    "breast-2018",
    "gastric-resection",
    "gastric-biopsy",
    "colorectal-heracles",
    "endometrial-serous",
    "tumour-agnostic",
}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_the_rulebooks_of_the_contract_are_there() -> None:
    assert {rulebook.id for rulebook in list_rulebooks()} == CONTRACT


def test_every_rulebook_is_listed_with_its_source(call: Call) -> None:
    ran = call("rulebooks")
    assert ran.code == 0
    for rulebook in list_rulebooks():
        assert rulebook.id in ran.out
        assert rulebook.citation[:30] in ran.out


def test_the_rules_of_one_are_shown_in_order(call: Call) -> None:
    ran = call("rulebooks", "breast-2018")
    (rulebook,) = (book for book in list_rulebooks() if book.id == "breast-2018")
    at = [ran.out.find(rule.name) for rule in rulebook.rules]
    assert ran.code == 0
    assert -1 not in at
    assert at == sorted(at)


def test_ones_own_rulebook_is_checked_and_every_mistake_told(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('id = "mine"\ncolour = "blue"\n')
    ran = call("rulebooks", path)
    assert ran.code == 2
    assert all(line.startswith(("her2path: mine.toml:", "mine.toml:")) for line in ran.error.splitlines())
    assert "colour" in ran.error
    assert len(ran.error.splitlines()) > 2


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_everything_that_a_reader_must_know_is_shown(call: Call, name: str) -> None:
    ran = call("rulebooks", name)
    (rulebook,) = (book for book in list_rulebooks() if book.id == name)
    words = " ".join(ran.out.split())
    for text in (*rulebook.notes, *rulebook.disclaimers, *(rule.says for rule in rulebook.rules)):
        assert text in words
    for rule in rulebook.rules:
        if rule.threshold is not None:
            assert f"{rule.op} {rule.threshold:g}" in words
    for outcome in rulebook.ish.outcomes if rulebook.ish else ():
        assert (outcome.comment or "") in words


def test_both_answers_of_a_gap_are_shown(call: Call) -> None:
    line = next(line for line in call("rulebooks", "breast-2018").out.splitlines() if "gap-complete" in line)
    assert "IHC1 | IHC2" in line


@pytest.mark.parametrize("path", sorted(RULEBOOKS.glob("*.toml")), ids=lambda path: path.stem)
def test_check_passes_what_is_right_whatever_the_file_is_called(
    call: Call, path: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.rules"
    mine.write_bytes(path.read_bytes())
    ran = call("rulebooks", "--check", mine)
    assert ran.code == 0
    assert ran.out.startswith("mine.rules: ")
    assert "total and monotone" in ran.out


def test_check_tells_every_mistake_with_file_key_and_allowed_values(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = (RULEBOOKS / "gastric-biopsy.toml").read_text(encoding="utf-8")
    path.write_text(
        text.replace('metric = "cluster"', 'metric = "clump"', 1)
        .replace('category = "IHC2"', 'category = "IHC9"')
        .replace("link_um = 22.5", "link_um = -1")
        .replace("specimen_required", "specimens_required"),
        encoding="utf-8",
    )
    ran = call("rulebooks", "--check", path)
    assert ran.code == 2
    told = dict(line.removeprefix("her2path: ").split(": ", 2)[1:] for line in ran.error.splitlines())
    assert told.keys() == {"rules[0].metric", "rules[1].category", "link_um", "specimens_required"}
    assert "'percent', 'presence' or 'cluster'; got 'clump'" in told["rules[0].metric"]
    assert "'IHC0_NULL'" in told["rules[1].category"]
    assert "did you mean specimen_required" in told["specimens_required"]


def test_what_could_lower_a_score_is_told_at_once(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = (RULEBOOKS / "gastric-resection.toml").read_text(encoding="utf-8")
    path.write_text(
        text.replace('category = "IHC3"\npatterns', 'category = "IHC1"\npatterns', 1)
        .replace('name = "faint"', 'name = "strong"')
        .replace(
            "specimen_required = true",
            'specimen_required = true\ncontiguity = { category = "IHC3", '
            'patterns = ["SC"], min_share = 0.1, flag = "APART", citation = "mine" }',
        ),
        encoding="utf-8",
    )
    ran = call("rulebooks", "--check", path)
    assert ran.code == 2
    for part in ("higher category", "'strong' is used twice", "link_um is missing"):
        assert part in ran.error


@pytest.mark.parametrize("arguments", [("breast-2018", "--check", "mine.toml"), ("--check", "nowhere.toml")])
def test_what_cannot_be_checked_ends_with_2(call: Call, arguments: tuple[str, ...]) -> None:
    ran = call("rulebooks", *arguments)
    assert ran.code == 2
    assert ran.error.startswith("her2path: ")


@pytest.mark.usefixtures("_narrow")
def test_on_a_narrow_terminal_no_name_is_cut_short(call: Call) -> None:
    for rulebook in list_rulebooks():
        assert any(line.startswith(rulebook.id) for line in call("rulebooks").out.splitlines())
        shown = call("rulebooks", rulebook.id).out
        assert all(rule.name in shown for rule in rulebook.rules)
