"""What stands is set aside; another recipe, another file and an order to overwrite are scored."""

from pathlib import Path

import pytest

from her2path.batch.job import Job
from her2path.cli.batch_resume import KEPT, Begun, look_at
from her2path.cli.batch_work import Work
from her2path.recipe import Recipe
from her2path.store.claims import CLAIMS
from her2path.store.manifest import ManifestRow
from her2path.store.recipes import load_recipe

RECIPE = load_recipe(engine="classical")


@pytest.fixture
def slide(tmp_path: Path, strong_svs: Path) -> Path:
    """A slide that has been scored into the folder beside it."""
    path = tmp_path / "strong.svs"
    path.write_bytes(strong_svs.read_bytes())
    (tmp_path / "out" / CLAIMS).mkdir(parents=True)
    Work(tmp_path / "out", device="cpu", threads=1, overwrite=False, geojson=False)(job(path))
    return path


def job(path: Path, slide_id: str = "strong", recipe: Recipe = RECIPE, n_bytes: int | None = 1) -> Job:
    return Job(slide_id, ManifestRow(path, slide_id=slide_id), recipe, n_bytes)


def look(path: Path, *jobs: Job, overwrite: bool = False, files: tuple[str, ...] = ()) -> Begun:
    return look_at(jobs, path.parent / "out", files=files, overwrite=overwrite)


def test_what_stands_is_set_aside_and_the_rest_comes_largest_first(slide: Path) -> None:
    small, large = job(slide, "small", n_bytes=1), job(slide, "large", n_bytes=9)
    begun = look(slide, small, job(slide), large)
    assert begun.to_do == (large, small)
    ((stood, score),) = begun.standing
    assert stood.slide_id == "strong"
    assert score["score"] == "3+"
    assert set(score) <= KEPT
    assert begun.replaced == {}


def test_what_is_to_be_overwritten_or_lacks_a_file_is_scored(slide: Path) -> None:
    assert [one.slide_id for one in look(slide, job(slide), overwrite=True).to_do] == ["strong"]
    assert [one.slide_id for one in look(slide, job(slide), files=("cells.geojson.gz",)).to_do] == ["strong"]


def test_another_recipe_is_scored_and_replaces_no_file(slide: Path) -> None:
    begun = look(slide, job(slide, recipe=load_recipe(engine="classical", rulebook="breast-2013")))
    assert [one.slide_id for one in begun.to_do] == ["strong"]
    assert begun.replaced == {}


def test_another_file_is_scored_and_the_result_of_the_old_one_is_told(slide: Path) -> None:
    slide.write_bytes(slide.read_bytes() + b"0")
    begun = look(slide, job(slide))
    assert [one.slide_id for one in begun.to_do] == ["strong"]
    assert begun.replaced["strong"]["score"] == "3+"
