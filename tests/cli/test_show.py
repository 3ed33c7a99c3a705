"""``info`` shows what is read from a slide."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


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


def test_an_impossible_pixel_size_is_a_mistake_in_the_arguments(call: Call, strong_svs: Path) -> None:
    ran = call("info", strong_svs, "--mpp", "25")
    assert ran.code == 2
    assert "--mpp" in ran.error
