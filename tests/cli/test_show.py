"""``rulebooks`` and ``info`` show what there is."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from her2path.store.recipes import list_rulebooks

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


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


def test_what_is_read_from_a_slide(call: Call, strong_svs: Path) -> None:
    ran = call("info", strong_svs)
    assert ran.code == 0
    for part in ("strong.svs", "1024 × 1024", "0.25 × 0.25", "40x"):
        assert part in ran.out
    assert "coarser" not in ran.out


def test_a_coarse_slide_says_what_follows(call: Call, strong_svs: Path) -> None:
    assert "never tagged" in call("info", strong_svs, "--mpp", "0.5").out


def test_a_field_of_view_needs_its_pixel_size(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "field.png"
    Image.fromarray(np.full((64, 64, 3), 200, np.uint8)).save(path)
    without = call("info", path)
    assert without.code == 1
    assert "--mpp" in without.error
    assert call("info", path, "--mpp", "0.25").code == 0


def test_what_is_no_slide_ends_with_1(call: Call, tmp_path: Path) -> None:
    ran = call("info", tmp_path / "nowhere.svs")
    assert ran.code == 1
    assert "check the path" in ran.error


@pytest.mark.usefixtures("_narrow")
def test_on_a_narrow_terminal_no_name_is_cut_short(call: Call) -> None:
    for rulebook in list_rulebooks():
        assert any(line.startswith(rulebook.id) for line in call("rulebooks").out.splitlines())
        shown = call("rulebooks", rulebook.id).out
        assert all(rule.name in shown for rule in rulebook.rules)


def test_an_impossible_pixel_size_is_a_mistake_in_the_arguments(call: Call, strong_svs: Path) -> None:
    ran = call("info", strong_svs, "--mpp", "25")
    assert ran.code == 2
    assert "--mpp" in ran.error
