from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pytest

from her2path.arrays import Floats
from her2path.phantom.layout import lay_out_cells
from her2path.phantom.plan import CellPlan
from her2path.phantom.render import Drawn, draw
from her2path.phantom.scanner import SCANNERS
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import TissueMap, draw_tissue
from her2path.phantom.truth import OBSCURED, Tally, truth_table
from her2path.phantom.view import Textures, View, make_textures
from her2path.scoring.settings import Grading


@dataclass(frozen=True, eq=False)
class Field:
    """A whole small slide, drawn, with all that is known of it."""

    spec: SlideSpec
    tissue: TissueMap
    plan: CellPlan
    drawn: Drawn
    truth: pa.Table

    def added(self, plain: "Field") -> Floats:
        """What this drawing has more than another."""
        return np.asarray(self.drawn.densities - plain.drawn.densities, np.float32)


FieldOf: TypeAlias = Callable[..., Field]


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


@pytest.fixture(scope="session")
def field_of() -> FieldOf:
    """Draw one slide with the keys of some tables changed; all else stays, to the last cell."""
    return _field


@cache
def _textures() -> Textures:
    return make_textures(np.random.default_rng(0), 0.25)


def _field(**changes: dict[str, Any]) -> Field:
    asked = {"name": "f", "size_px": (480, 480), "seed": 5, "patterns": {"N": 0.5, "WI": 0.2, "SC": 0.3}}
    tables: dict[str, dict[str, Any]] = {
        "tissue": {"shape": "full"},
        "tumour": {"share": 0.6},
        "stroma": {"vessels": 0.0},
    }
    for table, keys in changes.items():
        tables[table] = tables.get(table, {}) | keys
    spec, grading = SlideSpec.model_validate(asked | tables), Grading()
    rng = np.random.default_rng(spec.seed)
    tissue = draw_tissue(spec, rng)
    plan = lay_out_cells(spec, tissue, rng)
    view = View(0, 0, *spec.size_px, spec.mpp, _textures())
    drawn = draw(view, plan, spec=spec, tissue=tissue, scanner=SCANNERS[spec.scanner])
    cell, tally = drawn.shapes.cell.astype(np.int64), Tally(len(plan))
    tally.add_contour(cell.ravel()[drawn.shapes.edge], drawn.crest_od, grading.stained_od)
    tally.add_nucleus(cell[drawn.nucleus])
    obscured = np.asarray(tissue.at(tissue.defocus, plan.nucleus_y_um, plan.nucleus_x_um) > OBSCURED)
    truth = truth_table(plan, tally, spec=spec, drawn_mpp_um=spec.mpp, obscured=obscured, grading=grading)
    return Field(spec, tissue, plan, drawn, truth)
