from pathlib import Path

import numpy as np
import orjson
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from her2path.cells.vocabulary import PATTERNS, STROMA, TUMOUR
from her2path.phantom import PhantomSpec, write_phantoms
from her2path.phantom.layout import lay_out_cells
from her2path.phantom.linings import in_situ_spec, normal_spec
from her2path.phantom.plan import CellPlan
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap, draw_tissue


@pytest.fixture(scope="module")
def asked() -> SlideSpec:
    return SlideSpec.model_validate(
        {
            "name": "ducts",
            "size_px": (1400, 1400),
            "seed": 8,
            "patterns": {"N": 1.0},
            "tissue": {"shape": "full", "in_situ": 0.5, "normal_ducts": 0.1},
        }
    )


@pytest.fixture(scope="module")
def drawn(asked: SlideSpec) -> tuple[TissueMap, CellPlan]:
    tissue = draw_tissue(asked, np.random.default_rng(8))
    return tissue, lay_out_cells(asked, tissue, np.random.default_rng(9))


def test_ducts_keep_their_own_patterns(asked: SlideSpec, drawn: tuple[TissueMap, CellPlan]) -> None:
    tissue, plan = drawn
    epithelium = plan.kind == TUMOUR
    in_situ = tissue.at(tissue.guests.ducts.in_situ, plan.y_um, plan.x_um) > 0
    dead = tissue.at(tissue.necrosis, plan.y_um, plan.x_um) > 0
    assert (plan.pattern[epithelium & in_situ & ~dead] == PATTERNS.index("SC")).all()
    assert not plan.pattern[epithelium & ~in_situ].any()
    assert (epithelium & in_situ).sum() > 50
    assert in_situ_spec(asked).patterns == {"SC": 1.0}
    assert normal_spec(asked).patterns == {"N": 1.0}


def test_normal_ducts_have_two_layers_round_a_lumen(drawn: tuple[TissueMap, CellPlan]) -> None:
    tissue, plan = drawn
    depth = tissue.at(tissue.guests.ducts.normal, plan.nucleus_y_um, plan.nucleus_x_um)
    inner, outer = depth[(plan.kind == TUMOUR) & (depth > 0)], depth[(plan.kind == STROMA) & (depth > 0)]
    assert len(inner) > 30
    assert len(outer) > 15
    assert np.median(inner) > np.median(outer) + 4
    assert (tissue.lumen[tissue.guests.ducts.normal > 20] > 0).all()


@pytest.mark.slow
def test_only_what_invades_is_in_the_truth(asked: SlideSpec, tmp_path: Path) -> None:
    (path,) = write_phantoms(PhantomSpec(slides=(asked,)), tmp_path)
    truth = orjson.loads(path.with_suffix(".truth.json").read_bytes())
    assert truth["category"] == "IHC0_NULL"
    table = pq.read_table(path.with_suffix(".truth.parquet"))
    apart = pc.or_(table["in_situ"], table["normal"])
    ducts = table.filter(apart)
    assert not any(ducts["counted"].to_pylist())
    assert "tumour" not in ducts["kind"].to_pylist()
    assert "SC" in ducts["pattern"].to_pylist()
    assert truth["n_cells"] == pc.sum(table["counted"]).as_py() > 50
    regions = orjson.loads((tmp_path / "ducts.regions.geojson").read_bytes())
    classes = {feature["properties"]["classification"]["name"] for feature in regions["features"]}
    assert classes == {"DCIS", "Normal"}
