import numpy as np
import pytest

from her2path.phantom.layout import CellPlan, lay_out_cells
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap, draw_tissue


@pytest.fixture(scope="session")
def spec() -> SlideSpec:
    return SlideSpec.model_validate(
        {
            "name": "small",
            "size_px": (640, 768),
            "seed": 7,
            "patterns": {"N": 0.3, "WI": 0.3, "SC": 0.4},
            "tissue": {"shape": "full"},
            "tumour": {"share": 0.6},
        }
    )


@pytest.fixture(scope="session")
def tissue(spec: SlideSpec) -> TissueMap:
    return draw_tissue(spec, np.random.default_rng(1))


@pytest.fixture(scope="session")
def plan(spec: SlideSpec, tissue: TissueMap) -> CellPlan:
    return lay_out_cells(spec, tissue, np.random.default_rng(2))
