from pathlib import Path

import numpy as np
import openslide
import orjson
import pyarrow.parquet as pq
import pytest

from her2path.errors import ConfigurationError, OutputError
from her2path.phantom import PhantomSpec, write_phantoms
from her2path.phantom.spec import SlideSpec

COLUMNS = {
    "cell_id": "int64",
    "y_px": "int32",
    "x_px": "int32",
    "kind": "string",
    "counted": "bool",
    "membrane_od": "float",
    "completeness": "float",
    "pattern": "string",
    "grade": "int8",
    "nucleus_area_um2": "float",
}


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory, spec: SlideSpec) -> Path:
    return write_phantoms(PhantomSpec(slides=(spec,)), tmp_path_factory.mktemp("phantom"))[0]


def test_openslide_takes_it_for_an_aperio_slide(slide: Path) -> None:
    with openslide.OpenSlide(slide) as opened:
        assert opened.properties[openslide.PROPERTY_NAME_VENDOR] == "aperio"
        assert float(opened.properties[openslide.PROPERTY_NAME_MPP_X]) == 0.25
        assert opened.level_dimensions == ((768, 640), (192, 160), (48, 40))
        coarse = np.asarray(opened.read_region((0, 0), 1, (192, 160)).convert("RGB"), float)
        fine = np.asarray(opened.read_region((0, 0), 0, (768, 640)).convert("RGB"), float)
    assert np.abs(fine.reshape(160, 4, 192, 4, 3).mean(axis=(1, 3)) - coarse).mean() < 8


def test_the_truth_is_whole_and_consistent(slide: Path, spec: SlideSpec) -> None:
    table = pq.read_table(slide.with_suffix(".truth.parquet"))
    assert {field.name: str(field.type) for field in table.schema} == COLUMNS
    cell_id = table["cell_id"].to_numpy()
    assert (np.diff(cell_id) > 0).all()
    np.testing.assert_array_equal(
        cell_id, table["y_px"].to_numpy().astype(np.int64) * 768 + table["x_px"].to_numpy()
    )
    rows = table.to_pylist()
    assert all((row["pattern"] is None) == (row["kind"] != "tumour") for row in rows if row["counted"])
    assert all(row["kind"] == "tumour" for row in rows if row["counted"])
    truth = orjson.loads(slide.with_suffix(".truth.json").read_bytes())
    assert truth["n_cells"] == sum(row["counted"] for row in rows)
    assert sum(truth["fractions"].values()) == pytest.approx(1)
    assert (truth["score"], truth["category"]) == ("3+", "IHC3")


def test_the_same_recipe_gives_the_same_files(slide: Path, spec: SlideSpec, tmp_path: Path) -> None:
    again = write_phantoms(PhantomSpec(slides=(spec,)), tmp_path)[0]
    assert again.read_bytes() == slide.read_bytes()
    assert (
        again.with_suffix(".truth.parquet").read_bytes() == slide.with_suffix(".truth.parquet").read_bytes()
    )


def test_a_slide_that_misses_its_category_is_refused(spec: SlideSpec, tmp_path: Path) -> None:
    wrong = spec.model_copy(update={"category": "IHC1"})
    with pytest.raises(ConfigurationError, match="came out as IHC3"):
        write_phantoms(PhantomSpec(slides=(wrong,)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_refused(spec: SlideSpec, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="--out"):
        write_phantoms(PhantomSpec(slides=(spec,)), tmp_path / "taken")


@pytest.mark.slow
def test_a_sample_slide_is_drawn_as_it_always_was(tmp_path: Path) -> None:
    # What a recipe does not ask for takes no random number from the rest.
    recipe = Path(__file__).parents[2] / "sample_slides" / "her2-0-stained.toml"
    (again,) = write_phantoms(recipe, tmp_path)
    kept = recipe.with_suffix(".svs")
    assert pq.read_table(again.with_suffix(".truth.parquet")).equals(
        pq.read_table(kept.with_suffix(".truth.parquet"))
    )
    with openslide.OpenSlide(again) as new, openslide.OpenSlide(kept) as old:
        drawn, known = (np.asarray(slide.read_region((0, 0), 0, slide.dimensions)) for slide in (new, old))
    np.testing.assert_array_equal(drawn, known)
