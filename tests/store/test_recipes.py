"""A recipe file is written by hand: each mistake must be named at once, and none may pass for a default."""

import re
import tomllib
from pathlib import Path

import pytest

from her2path.errors import ConfigurationError, UsageError
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN
from her2path.recipe import Recipe, Stains
from her2path.resources import resource
from her2path.scoring.settings import Grading, Statistics
from her2path.store.recipes import list_rulebooks, load_recipe, load_rulebook


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_every_value_has_its_default() -> None:
    recipe = load_recipe()
    assert recipe == Recipe(rulebook=load_rulebook("breast-2018"))


def test_the_default_file_says_what_the_program_does() -> None:
    path = resource("configs/recipes") / "default.toml"
    assert load_recipe(path) == load_recipe()
    assert load_recipe(path).digest == load_recipe().digest


def test_the_default_file_shows_every_key() -> None:
    text = (resource("configs/recipes") / "default.toml").read_text(encoding="utf-8")
    shown = tomllib.loads(re.sub(r"^# (\w+ = |\[\[)", r"\1", text, flags=re.MULTILINE))
    assert set(shown) == set(Recipe.model_fields) - {"include_sha256", "exclude_sha256", "weights_sha256"}
    assert set(shown["grading"]) == set(Grading.model_fields) - {"calibration"}  # a table of its own
    assert set(shown["statistics"]) == set(Statistics.model_fields)
    assert set(shown["stains"]) == {"haematoxylin", "dab", "white"}
    assert set(Stains.model_fields) == {"matrix"}, "a new field needs a key in [stains]"


def test_a_file_changes_what_it_says(tmp_path: Path) -> None:
    path = write(tmp_path, 'specimen = "biopsy"\nmpp_um = [0.25, 0.26]\n[grading]\ncomplete = 0.9\n')
    recipe = load_recipe(path)
    assert (recipe.specimen, recipe.mpp_um, recipe.grading.complete) == ("biopsy", (0.25, 0.26), 0.9)
    assert recipe.statistics == Statistics()


def test_given_stains_become_a_matrix(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"[stains]\nhaematoxylin = {list(RUIFROK_HAEMATOXYLIN)}\ndab = {list(RUIFROK_DAB)}\n"
        "white = [240, 241, 242]\n",
    )
    matrix = load_recipe(path).stains.matrix
    assert matrix is not None
    assert (matrix.white, matrix.source) == ((240, 241, 242), "recipe")


def test_options_win_over_the_file_and_none_is_no_option(tmp_path: Path) -> None:
    path = write(tmp_path, 'specimen = "biopsy"\nengine = "cnn"\n')
    recipe = load_recipe(path, specimen="resection", engine=None, include_sha256="ab")
    assert (recipe.specimen, recipe.engine, recipe.include_sha256) == ("resection", "cnn", "ab")


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'rulebook = "breast-2081"\nspecimen = "liver"\nspeciman = 1\n[grading]\ncomplete = 80\n'
        "[stains]\ndab = [0.2, 0.5, 0.7]\n",
    )
    with pytest.raises(ConfigurationError) as caught:
        load_recipe(path)
    message = str(caught.value)
    assert len(caught.value.problems) == 5
    assert all(line.startswith("mine.toml: ") for line in message.splitlines())
    for part in (
        "did you mean breast-2018",
        "specimen: should be 'resection'",
        "speciman: unknown key",
        "grading.complete",
        "give all three, or none",
    ):
        assert part in message


@pytest.mark.parametrize("text", ["specimen = ", "include_sha256 = 'ab'", "[stains]\nwhite = 240"])
def test_each_is_a_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.toml: "):
        load_recipe(write(tmp_path, text))


def test_stains_that_cannot_be_told_apart_are_a_mistake(tmp_path: Path) -> None:
    text = "[stains]\nhaematoxylin = [1, 1, 1]\ndab = [1, 1, 1]\nwhite = [240, 240, 240]\n"
    with pytest.raises(ConfigurationError, match="cannot be told apart"):
        load_recipe(write(tmp_path, text))


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing\.toml: cannot be read"):
        load_recipe(tmp_path / "nothing.toml")


def test_a_rulebook_of_ones_own_lies_beside_its_recipe(tmp_path: Path) -> None:
    text = (resource("configs/rulebooks") / "breast-2018.toml").read_text(encoding="utf-8")
    (tmp_path / "ours.toml").write_text(text.replace('id = "breast-2018"', 'id = "ours"'), encoding="utf-8")
    assert load_recipe(write(tmp_path, 'rulebook = "ours.toml"')).rulebook.id == "ours"
    assert load_rulebook(tmp_path / "ours.toml").id == "ours"


def test_an_unknown_rulebook_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no rulebook 'liver'; known: .*breast-2018"):
        load_rulebook("liver")


def test_every_rulebook_in_the_box_is_listed_under_its_id() -> None:
    ids = [rulebook.id for rulebook in list_rulebooks()]
    assert ids == sorted(path.stem for path in resource("configs/rulebooks").glob("*.toml"))
