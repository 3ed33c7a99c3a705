from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.phantom.layout import lay_out_cells
from her2path.phantom.paint import Painter
from her2path.phantom.spec import SlideSpec
from her2path.phantom.tissue import draw_tissue
from her2path.phantom.truth import with_seen_od

if TYPE_CHECKING:
    from tests.phantom.conftest import FieldOf


def test_crush_changes_what_it_covers_alone(field_of: "FieldOf") -> None:
    plain, crushed = field_of(), field_of(confounders={"crush": 0.25})
    cover = crushed.tissue.block(crushed.tissue.guests.damage.crush, 0, 0, 480, 480, 0.25)
    changed = (crushed.added(plain) != 0).max(axis=-1)
    assert changed[cover > 6].mean() > 0.95
    assert not changed[cover < -22].any()
    dark = crushed.drawn.densities[..., 0][cover > 6]
    assert np.quantile(dark, 0.95) > 1.3 * np.quantile(plain.drawn.densities[..., 0][cover > 6], 0.95)


def test_fibres_lie_in_nerves_alone_and_nobody_is_counted_there(field_of: "FieldOf") -> None:
    nerve = field_of(confounders={"nerve": 0.2})
    inside = nerve.tissue.block(nerve.tissue.guests.damage.nerve, 0, 0, 480, 480, 0.25) > 2
    assert inside.any()
    kinds = nerve.truth["kind"].to_pylist()
    y, x = (nerve.truth[name].to_numpy() for name in ("y_px", "x_px"))
    assert not any(kind == "tumour" for kind, within in zip(kinds, inside[y, x], strict=True) if within)


@pytest.mark.parametrize(("thickness_um", "shown"), [(2.0, 0.5), (6.0, 1.5)])
def test_densities_go_with_thickness_and_patterns_stay(
    field_of: "FieldOf", thickness_um: float, shown: float
) -> None:
    plain, cut = field_of(), field_of(confounders={"thickness_um": thickness_um})
    ratio = cut.drawn.densities.sum() / plain.drawn.densities.sum()
    assert ratio == pytest.approx(shown, rel=0.1)
    table = with_seen_od(cut.truth, spec=cut.spec, tissue=cut.tissue)
    stained = [row for row in table.to_pylist() if row["membrane_od"]]
    assert stained
    assert all(row["seen_od"] == pytest.approx(shown * row["membrane_od"]) for row in stained)
    assert with_seen_od(plain.truth, spec=plain.spec, tissue=plain.tissue).equals(plain.truth)


def test_a_gradient_takes_stain_and_no_truth(field_of: "FieldOf") -> None:
    gradient = {"gradient": {"kind": "one-sided", "od_loss": 0.8}}
    plain, faded = field_of(), field_of(tumour=gradient)
    assert faded.truth.equals(plain.truth)
    left, right = (
        faded.drawn.densities[:, part, :2].sum(axis=(0, 1))
        / plain.drawn.densities[:, part, :2].sum(axis=(0, 1))
        for part in (slice(0, 60), slice(-60, None))
    )
    assert left[1] > 0.95
    assert right[1] < 0.3
    assert 0.65 < right[0] < 0.8


def test_decalcified_nuclei_are_pale(field_of: "FieldOf") -> None:
    plain, acid = field_of(), field_of(confounders={"decalcified": True})
    assert acid.plan.nucleus_od.mean() == pytest.approx(0.55 * plain.plan.nucleus_od.mean(), rel=0.05)
    np.testing.assert_array_equal(acid.plan.crest_od, plain.plan.crest_od)


def test_dead_tumour_may_soak_up_stain(field_of: "FieldOf") -> None:
    dead, brown = (field_of(tumour={"necrosis": 0.4, "necrosis_od": od}) for od in (0.0, 0.2))
    added = brown.added(dead)
    inside = dead.tissue.block(dead.tissue.necrosis, 0, 0, 480, 480, 0.25)
    assert added[..., 1][inside > 3].mean() == pytest.approx(0.13, abs=0.05)
    assert not added[inside < -6].any()
    assert not added[..., [0, 2, 3, 4]].any()


@pytest.mark.slow
def test_pixels_do_not_depend_on_the_cut() -> None:
    asked = {"crush": 0.2, "nerve": 0.1, "vessels_muscle": 0.1, "haemorrhage": 0.1, "precipitate": 500.0}
    spec = SlideSpec.model_validate(
        {
            "name": "w",
            "size_px": (512, 640),
            "seed": 4,
            "patterns": {"WC": 1.0},
            "confounders": asked | {"pigment": 80.0, "pigment_kind": "haemosiderin"},
        }
    )
    tissue = draw_tissue(spec, np.random.default_rng(4))
    plan = lay_out_cells(spec, tissue, np.random.default_rng(5))
    whole, cut = (Painter(spec, tissue, plan, np.random.default_rng(6), stained_od=0.08) for _ in range(2))
    parts = [np.hstack([cut.paint(y, x, 256, 320) for x in (0, 320)]) for y in (0, 256)]
    difference = np.abs(np.vstack(parts).astype(int) - whole.paint(0, 0, 512, 640))
    assert (difference > 1).mean() < 1e-4
