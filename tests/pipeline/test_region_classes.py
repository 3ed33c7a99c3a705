"""A shape drawn as control or in situ must not be scored as tumour because of how its class is spelt."""

import pytest
import shapely

from her2path.pipeline.region_classes import RegionClasses, expected_level, is_of_class, sort_by_meaning
from her2path.recipe import Recipe
from her2path.store.regions import Outline

IN_SITU, CONTROL, NORMAL = (
    Recipe.model_fields[name].default for name in ("in_situ_classes", "control_classes", "normal_classes")
)


def outline(name: str, title: str = "") -> Outline:
    return Outline(shapely.box(0, 0, 1, 1), name, title)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DCIS", True),
        ("dcis", True),
        ("Tumor: DCIS", True),
        ("In-situ", True),
        ("ductal  carcinoma_in_situ", True),
        ("Tumor", False),
        ("not DCIS", False),
        ("", False),
    ],
)
def test_names_of_classes(name: str, expected: bool) -> None:
    assert is_of_class(outline(name), IN_SITU) == expected


@pytest.mark.parametrize(
    ("name", "title", "level"),
    [
        ("Control", "", None),
        ("Control: 3+", "", "3+"),
        ("Control", "3+", "3+"),
        ("control 1+", "", "1+"),
        ("Control tissue 2 +", "", "2+"),
        ("CONTROL_0", "", None),
        ("Control: 0", "", "0"),
        ("Tissue", "Control 0", "0"),
        ("Control: 1+", "3+", "1+"),
        ("Control 2", "", None),
    ],
)
def test_levels_of_controls(name: str, title: str, level: str | None) -> None:
    assert expected_level(outline(name, title)) == level


@pytest.mark.parametrize(
    "name", ["Control", "control: 3+", "CONTROL 1+", "Control-tissue: 0", "Tissue: Control"]
)
def test_a_control_is_one_whatever_its_level(name: str) -> None:
    assert is_of_class(outline(name), CONTROL)


@pytest.mark.parametrize("name", ["Controlled", "Control 2", "Tumour control 3+", "3+", "0", ""])
def test_what_is_no_control(name: str) -> None:
    assert not is_of_class(outline(name), CONTROL)


def test_each_shape_has_one_meaning() -> None:
    shapes = [outline(name) for name in ("Tumor", "DCIS", "Control: 0", "Normal duct", "Normal: Control")]
    found = sort_by_meaning(shapes, RegionClasses(IN_SITU, CONTROL, NORMAL))
    assert {meaning: [one.name for one in some] for meaning, some in found.items()} == {
        "in_situ": ["DCIS"],
        "control": ["Control: 0", "Normal: Control"],
        "normal": ["Normal duct"],
        "plain": ["Tumor"],
    }
