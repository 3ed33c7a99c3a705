from typing import TYPE_CHECKING

import numpy as np

from her2path.phantom.grid import values_in

if TYPE_CHECKING:
    from tests.phantom.conftest import FieldOf

PIXELS = (0, 0, 480, 480, 0.25)


def test_a_clean_slide_has_nothing_foreign(field_of: "FieldOf") -> None:
    assert field_of().drawn.foreign_od is None


def test_a_bubble_has_a_dark_rim_a_bright_line_and_paler_tissue_inside(field_of: "FieldOf") -> None:
    plain, covered = field_of(), field_of(confounders={"bubble": 0.3})
    bubble, foreign = covered.tissue.glass.bubble, covered.drawn.foreign_od
    assert bubble is not None
    assert foreign is not None
    at = values_in(bubble, *PIXELS)
    rim, inside, far = (at > 3) & (at < 9), at > 10, at < -30
    assert foreign[rim].mean() > 0.6
    assert foreign[(at > 12) & (at < 24)].min() < -0.05
    np.testing.assert_allclose(foreign[far], 0, atol=1e-3)
    ratio = covered.drawn.densities[inside].sum() / plain.drawn.densities[inside].sum()
    assert 0.65 < ratio < 0.75
    np.testing.assert_array_equal(covered.drawn.densities[far], plain.drawn.densities[far])


def test_tissue_beyond_the_cover_glass_is_darker(field_of: "FieldOf") -> None:
    plain, bare = field_of(), field_of(confounders={"coverslip": True})
    uncovered, foreign = bare.tissue.glass.uncovered, bare.drawn.foreign_od
    assert uncovered is not None
    assert foreign is not None
    beyond = values_in(uncovered, *PIXELS) > 12
    more = bare.drawn.densities[beyond].sum() / plain.drawn.densities[beyond].sum()
    assert 1.3 < more < 1.4
    assert foreign[beyond].mean() > 0.08


def test_ink_is_of_its_colour_and_lies_on_the_tissue(field_of: "FieldOf") -> None:
    core = {"shape": "core", "share": 0.6}
    inked = field_of(tissue=core, confounders={"ink_margin": "green"})
    foreign = inked.drawn.foreign_od
    assert foreign is not None
    thick = foreign[foreign[..., 0] > 0.4].mean(axis=0)
    assert thick[0] > thick[2] > thick[1]
    away = values_in(inked.tissue.tissue, *PIXELS) < -25
    assert foreign[away].max() < 0.05


def test_dust_takes_light_where_it_lies(field_of: "FieldOf") -> None:
    dusty = field_of(confounders={"dust": 50.0})
    dust, foreign = dusty.tissue.glass.dust, dusty.drawn.foreign_od
    assert dust is not None
    assert foreign is not None
    away = values_in(dust, *PIXELS)[..., 0]
    assert not foreign[away < -4].any()
    assert foreign[away > 1].mean() > 0.1
