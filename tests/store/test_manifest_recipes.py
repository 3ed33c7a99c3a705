"""A recipe is what its row says, then the options, then the file; its regions are those it was made with."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest

from her2path.errors import RegionFileError, UsageError
from her2path.pipeline.region_classes import RegionClasses, expected_level, sort_by_meaning
from her2path.recipe import Recipe
from her2path.store.manifest import ManifestRow
from her2path.store.manifest_recipes import read_batch, regions_of
from her2path.store.recipes import load_recipe
from her2path.store.regions import Outline, read_regions

ROOT = Path(__file__).parents[2]
SLIDE = Path("slide.svs")

CALIBRATED = """
[grading.calibration]
assay = "PATHWAY"
clone = "4B5"
scanner = "P1000"
date = 2026-01-01
levels = ["low", "middle", "high"]
measured_od = [0.05, 0.3, 0.9]
expected_od = [0.06, 0.3, 0.9]
n_controls = 9
residual_od = 0.01
"""


def row(number: int = 2, **values: Any) -> ManifestRow:
    return ManifestRow(SLIDE, where=f"manifest.csv, row {number}", **values)


def recipes_of(rows: Sequence[ManifestRow], **options: Any) -> tuple[Recipe, ...]:
    """Make the recipes of rows as if a manifest had held them."""
    with patch("her2path.store.manifest_recipes.parse_rows", return_value=(tuple(rows), [])):
        return read_batch([Path("manifest.csv")], **options)[1]


def problems(rows: Sequence[ManifestRow], **options: Any) -> list[str]:
    with pytest.raises(UsageError) as caught:
        recipes_of(rows, **options)
    return str(caught.value).splitlines()


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def draw(path: Path, *shapes: tuple[str, str]) -> Path:
    """Write squares, each with a class and a name, as QuPath does."""
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[n, 0], [n + 1, 0], [n + 1, 1], [n, 1], [n, 0]]],
            },
            "properties": {"classification": {"name": class_name}, "name": name},
        }
        for n, (class_name, name) in enumerate(shapes)
    ]
    return write(path, json.dumps(features))


def test_without_anything_said_a_recipe_is_the_default() -> None:
    assert recipes_of([ManifestRow(SLIDE)]) == (load_recipe(),)


def test_a_row_wins_over_options_and_these_over_the_file(tmp_path: Path) -> None:
    file = write(
        tmp_path / "r.toml", 'rulebook = "breast-2007"\nspecimen = "resection"\nmpp_um = [0.5, 0.5]\n'
    )
    options: dict[str, Any] = {"recipe": file, "rulebook": "breast-2013", "engine": "classical"}
    full, bare = recipes_of(
        [row(rulebook="breast-2018", specimen="biopsy", mpp_um=0.25, clone="4B5"), row(3)], **options
    )
    assert (full.rulebook.id, full.specimen, full.mpp_um) == ("breast-2018", "biopsy", (0.25, 0.25))
    assert (full.clone, full.engine) == ("4B5", "classical")
    assert (bare.rulebook.id, bare.specimen, bare.mpp_um) == ("breast-2013", "resection", (0.5, 0.5))
    (of_file,) = recipes_of([row()], recipe=file, engine="auto", mpp_um=0.3)
    assert (of_file.rulebook.id, of_file.mpp_um, of_file.engine) == ("breast-2007", (0.3, 0.3), "auto")


def test_the_tumour_picks_the_rulebook_where_none_is_named() -> None:
    rows = [
        row(tumour="gastric", specimen="biopsy"),
        row(tumour="gastric", specimen="resection"),
        row(tumour="breast"),
        row(tumour="gastric", specimen="biopsy", rulebook="tumour-agnostic"),
    ]
    picked = [recipe.rulebook.id for recipe in recipes_of(rows)]
    assert picked == ["gastric-biopsy", "gastric-resection", "breast-2018", "tumour-agnostic"]
    (of_option,) = recipes_of([row(tumour="breast")], rulebook="breast-2013")
    assert of_option.rulebook.id == "breast-2013"


def test_a_rulebook_of_another_tumour_is_a_mistake_whoever_named_it() -> None:
    gastric = row(7, tumour="gastric", specimen="biopsy", rulebook="breast-2018")
    (line,) = problems([gastric])
    assert line.startswith(
        "manifest.csv, row 7, column rulebook: rulebook breast-2018 is not for gastric tumours"
    )
    (line,) = problems([row(7, tumour="gastric", specimen="biopsy")], rulebook="breast-2018")
    assert line.startswith(
        "manifest.csv, row 7, column tumour: rulebook breast-2018 is not for gastric tumours"
    )
    assert line.endswith("(an option or the recipe names it)")


def test_every_row_that_does_not_fit_is_told_at_once() -> None:
    starts = [
        "manifest.csv, row 2, column specimen: the rulebook of gastric tumours depends on the specimen",
        "manifest.csv, row 3, column rulebook: no rulebook of gastric tumours is made for tma-core alone",
        "manifest.csv, row 4, column specimen: rulebook gastric-biopsy is for biopsy, tma-core, not for cyto",
        "manifest.csv, row 5, column specimen: rulebook tumour-agnostic needs the kind of specimen",
    ]
    found = problems(
        [
            row(2, tumour="gastric"),
            row(3, tumour="gastric", specimen="tma-core"),
            row(4, rulebook="gastric-biopsy", specimen="cytology"),
            row(5, tumour="other"),
            row(6, tumour="breast"),
        ]
    )
    assert [line[: len(start)] for line, start in zip(found, starts, strict=True)] == starts


def test_what_is_wrong_with_the_options_is_told_once_and_without_a_row() -> None:
    slides = [ManifestRow(Path(f"{n}.svs")) for n in range(100)]
    (line,) = problems(slides, rulebook="gastric-biopsy")
    assert line.startswith("rulebook gastric-biopsy needs the kind of specimen: give --specimen")
    lines = problems([row(), row(3)], rulebook="breast-2081", specimen="boipsy")
    assert len(lines) == 2
    assert not any("row" in line for line in lines)


def test_a_clone_that_the_calibration_is_not_of_is_a_mistake(tmp_path: Path) -> None:
    file = write(tmp_path / "calibrated.toml", CALIBRATED)
    (line,) = problems([row(clone="4B5"), row(3, clone="SP3")], recipe=file)
    assert line.startswith("manifest.csv, row 3, column clone: ")
    assert "clone is 'SP3', and grading.calibration was measured with '4B5'" in line
    (line,) = problems([], recipe=write(tmp_path / "own.toml", 'clone = "SP3"\n' + CALIBRATED))
    assert line.startswith("own.toml: ")


def test_an_array_implies_its_specimen(tmp_path: Path) -> None:
    file = write(tmp_path / "array.toml", 'rulebook = "gastric-biopsy"\n[tma]\n')
    assert recipes_of([row()], recipe=file)[0].specimen == "tma-core"
    (line,) = problems([row(specimen="biopsy")], recipe=file)
    assert line.startswith("manifest.csv, row 2, column specimen: the recipe scores cores of an array")


def test_alike_rows_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Mock(wraps=load_recipe)
    monkeypatch.setattr("her2path.store.manifest_recipes.load_recipe", spy)
    recipes = recipes_of([row(n, specimen=("biopsy", "resection")[n % 2]) for n in range(1000)])
    assert len(recipes) == 1000
    assert spy.call_count == 3  # what holds for all, and one a kind


def test_regions_have_the_digests_that_score_gives_them(tmp_path: Path) -> None:
    include, exclude = (
        draw(tmp_path / "in.geojson", ("Tumor", "")),
        draw(tmp_path / "ex.geojson", ("", "fold")),
    )
    (recipe,) = recipes_of([row(include=include, exclude=exclude)])
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (include, exclude)]
    assert [recipe.include_sha256, recipe.exclude_sha256] == digests
    assert recipe.digest == load_recipe(include_sha256=digests[0], exclude_sha256=digests[1]).digest


def test_control_tissue_is_part_of_what_is_left_out(tmp_path: Path) -> None:
    drawn, other = draw(tmp_path / "a.geojson", ("", "3+")), draw(tmp_path / "b.geojson", ("", "2+"))
    rows = [
        row(exclude=drawn),
        row(control_roi=drawn),
        row(control_roi=other),
        row(exclude=other, control_roi=drawn),
        row(exclude=drawn, control_roi=other),
        row(include=drawn),
    ]
    recipes = recipes_of(rows)
    assert len({recipe.digest for recipe in recipes}) == len(rows)
    for one, recipe in zip(rows, recipes, strict=True):
        include, exclude = regions_of(one, recipe)
        assert (include is None) == (one.include is None)
        assert len(exclude) == (one.exclude is not None) + (one.control_roi is not None)


@pytest.mark.parametrize(
    ("class_name", "name", "level"),
    [
        ("", "", None),
        ("", "3+", "3+"),
        ("", "control 1+", "1+"),
        ("Control", "2+", "2+"),
        ("Control tissue: 0", "", "0"),
        ("Tumor", "", None),
        ("not controlled", "", None),
    ],
)
def test_a_shape_of_control_tissue_is_one_whatever_its_class(
    tmp_path: Path, class_name: str, name: str, level: str | None
) -> None:
    one = row(control_roi=draw(tmp_path / "c.geojson", (class_name, name)))
    (recipe,) = recipes_of([one])
    _, (outline,) = regions_of(one, recipe)
    classes = RegionClasses(recipe.in_situ_classes, recipe.control_classes, recipe.normal_classes)
    assert sort_by_meaning([outline], classes)["control"] == (outline,)
    assert expected_level(outline) == level
    if class_name.startswith("Control"):
        assert outline.name == class_name


def test_a_region_that_was_drawn_anew_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    path = draw(tmp_path / "roi.geojson", ("Tumor", ""))
    one = row(include=path)
    (recipe,) = recipes_of([one])
    before = regions_of(one, recipe)[0]
    assert before is not None
    assert [type(outline) for outline in before] == [Outline]
    assert before[0].geometry.equals(read_regions(path).outlines[0].geometry)
    draw(path, ("Tumor", ""), ("Tumor", ""))
    with pytest.raises(RegionFileError, match=r"roi\.geojson\) is not the one that this batch began with"):
        regions_of(one, recipe)
    path.unlink()
    with pytest.raises(RegionFileError, match="cannot be read"):
        regions_of(one, recipe)
    (line,) = problems([one])
    assert "roi.geojson cannot be read" in line


def test_a_batch_tells_the_mistakes_of_rows_and_recipes_together(tmp_path: Path) -> None:
    manifest = write(
        tmp_path / "manifest.csv",
        "path,specimen,tumour,rulebook,mpp\n"
        "a.svs,boipsy,gastric,,0.25\n"
        "b.svs,biopsy,gastric,breast-2018,25\n"
        "c.svs,,gastric,breast-2081,\n"
        "d.svs,,gastric,,\n",
    )
    with pytest.raises(UsageError) as caught:
        read_batch([manifest])
    starts = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert starts == [
        "manifest.csv, row 2, column specimen",
        "manifest.csv, row 3, column mpp",
        "manifest.csv, row 3, column rulebook",
        "manifest.csv, row 4, column rulebook",
        "manifest.csv, row 5, column specimen",
    ]


def test_the_guide_shows_the_mistakes_that_are_told(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "guide" / "batch.md").read_text("utf-8")
    _, manifest, _, told, *_ = guide.partition("### Mistakes")[2].split("```\n")
    with pytest.raises(UsageError) as caught:
        read_batch([write(tmp_path / "manifest.csv", manifest)])
    assert str(caught.value) == told.strip()


def test_the_example_is_a_batch() -> None:
    rows, recipes = read_batch([ROOT / "docs" / "examples" / "manifest.csv"])
    assert all(one.path.exists() for one in rows)
    assert {recipe.rulebook.id for recipe in recipes} == {
        "breast-2018",
        "gastric-biopsy",
        "gastric-resection",
        "tumour-agnostic",
    }
