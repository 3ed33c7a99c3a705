"""``phantom`` from a recipe to files."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


def test_phantoms_are_drawn_from_a_recipe(call: Call, tmp_path: Path) -> None:
    recipe = tmp_path / "phantom.toml"
    recipe.write_text('[[slide]]\nname = "tiny"\nsize_px = [512, 512]\npatterns = { N = 1.0 }\n')
    ran = call("phantom", recipe, "--out", tmp_path / "out")
    assert ran.code == 0
    assert ran.out.strip().endswith("tiny.svs")
    assert (tmp_path / "out" / "tiny.truth.parquet").is_file()


def test_a_phantom_recipe_with_mistakes_ends_with_2(call: Call, tmp_path: Path) -> None:
    recipe = tmp_path / "phantom.toml"
    recipe.write_text('[[slide]]\nname = "tiny"\nsize_px = [512, 512]\npatterns = { XX = 0.5 }\n')
    ran = call("phantom", recipe, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "XX" in ran.error
