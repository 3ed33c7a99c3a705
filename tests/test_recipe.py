"""The recipe: frozen, strict, and one digest for one answer."""

from typing import Any

import pytest
from pydantic import ValidationError

from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix
from her2path.recipe import Recipe, Stains
from her2path.scoring.rulebook import Rulebook
from her2path.scoring.settings import Grading

UPWARDS = ("FI", "FC", "WI", "WC", "MI", "MC", "SI", "SC")
RULEBOOK = Rulebook.model_validate(
    {
        "id": "any-staining",
        "version": "1",
        "citation": "made for this test",
        "tumour": "breast",
        "specimens": ["resection"],
        "rules": [
            {
                "name": "stained",
                "patterns": UPWARDS,
                "metric": "percent",
                "op": ">",
                "threshold": 10,
                "category": "IHC1",
                "says": "any membrane staining",
                "citation": "made for this test",
            }
        ],
        "fall_through": {
            "name": "unstained",
            "category": "IHC0_NULL",
            "says": "no membrane staining",
            "citation": "made for this test",
        },
        "results": {
            category: {"her2_status": "negative"}
            for category in ("IHC0_NULL", "IHC0_STAINED", "IHC1", "IHC2", "IHC3")
        },
    }
)
RECIPE = Recipe(rulebook=RULEBOOK)
MATRIX = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240.0, 241.0, 242.0), "recipe")


def test_digest_is_sixteen_hex_digits_and_repeats() -> None:
    assert len(RECIPE.digest) == 16
    int(RECIPE.digest, 16)
    assert Recipe(rulebook=RULEBOOK).digest == RECIPE.digest


@pytest.mark.parametrize(
    "change",
    [
        {"rulebook": RULEBOOK.model_copy(update={"version": "2"})},
        {"specimen": "resection"},
        {"mpp_um": (0.25, 0.25)},
        {"mpp_um": (0.25, 0.5)},
        {"include_sha256": "a" * 64},
        {"exclude_sha256": "a" * 64},
        {"engine": "classical"},
        {"weights_sha256": "a" * 64},
        {"stains": Stains(matrix=MATRIX)},
        {"grading": Grading(complete=0.9)},
        {"grading": Grading(intensity_from="network")},
    ],
    ids=lambda change: "-".join(change),
)
def test_whatever_determines_the_answer_changes_the_digest(change: dict[str, Any]) -> None:
    changed = Recipe.model_validate(dict(RECIPE) | change)
    assert changed.digest != RECIPE.digest


def test_no_two_fields_share_a_digest() -> None:
    assert (
        Recipe(rulebook=RULEBOOK, include_sha256="a").digest
        != Recipe(rulebook=RULEBOOK, exclude_sha256="a").digest
    )


def test_a_recipe_written_out_comes_back_the_same() -> None:
    recipe = Recipe(
        rulebook=RULEBOOK, mpp_um=(0.2526, 0.2527), stains=Stains(matrix=MATRIX), specimen="resection"
    )
    again = Recipe.model_validate_json(recipe.model_dump_json())
    assert again == recipe
    assert again.digest == recipe.digest


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RECIPE.engine = "cnn"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"grading": {"complet": 0.8}}, "grading.complet"),
        ({"grading": {"weak_od": 0.5}}, "grading"),
        ({"workers": 4}, "workers"),
        ({"mpp_um": [0.25]}, "mpp_um"),
        ({"mpp_um": ["nan", 0.25]}, "mpp_um"),
        ({"engine": "gpu"}, "engine"),
        ({"stains": {"matrix": {"dab": [1, 0, 0]}}}, "stains.matrix"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_named_by_its_place(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate({"rulebook": RULEBOOK} | wrong)
    places = [".".join(map(str, mistake["loc"])) for mistake in caught.value.errors()]
    assert any(place.startswith(where) for place in places), places


def test_an_impossible_stain_matrix_is_refused() -> None:
    matrix = {"haematoxylin": RUIFROK_DAB, "dab": RUIFROK_DAB, "white": (255, 255, 255), "source": "recipe"}
    with pytest.raises(ValidationError, match="same way"):
        Recipe.model_validate({"rulebook": RULEBOOK, "stains": {"matrix": matrix}})


def test_a_calibration_is_for_its_own_clone() -> None:
    calibration = {
        "assay": "HER2 IHC",
        "clone": "4B5",
        "scanner": "A",
        "date": "2026-01-31",
        "levels": ["0", "1+", "3+"],
        "measured_od": [0.02, 0.1, 0.5],
        "expected_od": [0.02, 0.2, 1.0],
        "n_controls": 9,
        "residual_od": 0.01,
    }
    grading = Grading.model_validate({"calibration": calibration})
    for clone in (None, "4B5"):
        assert (
            Recipe.model_validate({"rulebook": RULEBOOK, "grading": grading, "clone": clone}).grading
            == grading
        )
    with pytest.raises(
        ValidationError, match=r"clone is 'SP3', and grading\.calibration was measured with '4B5'"
    ):
        Recipe.model_validate({"rulebook": RULEBOOK, "grading": grading, "clone": "SP3"})
