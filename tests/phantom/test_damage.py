import numpy as np
import pytest

from her2path.phantom.damage import draw_damage, no_damage

Y, X = np.ogrid[:300, :300]
TISSUE = (420 - 3 * np.hypot(Y - 150, X - 150)).astype(np.float32)
NONE = {"haemorrhage": 0.0, "crush": 0.0, "nerve": 0.0, "muscle": 0.0}


@pytest.mark.parametrize("kind", ["haemorrhage", "crush", "nerve", "muscle"])
def test_each_takes_its_share_of_the_section_and_no_glass(kind: str) -> None:
    damage = draw_damage(TISSUE, **NONE | {kind: 0.15}, rng=np.random.default_rng(3))
    inside = getattr(damage, kind) > 0
    assert inside[TISSUE > 0].mean() == pytest.approx(0.15, abs=0.06)
    assert not inside[TISSUE < -6].any()
    assert not any((getattr(damage, other) > 0).any() for other in NONE if other != kind)


def test_crush_lies_near_the_border() -> None:
    damage = draw_damage(TISSUE, **NONE | {"crush": 0.2}, rng=np.random.default_rng(3))
    assert TISSUE[damage.crush > 0].mean() < 0.6 * TISSUE[TISSUE > 0].mean()


def test_the_wall_of_a_vessel_runs_round_it() -> None:
    damage = draw_damage(TISSUE, **NONE | {"muscle": 0.1}, rng=np.random.default_rng(5))
    assert ((damage.muscle_lumen > 0) <= (damage.muscle > 0)).all()
    wall = (damage.muscle > 3) & (damage.muscle_lumen < -3)
    steep_y, steep_x = np.gradient(damage.muscle)
    # Twice the angle of the outline's normal points against that of the fibres.
    normal = 2 * np.arctan2(steep_y, steep_x)
    against = np.cos(normal) * damage.flow_cos + np.sin(normal) * damage.flow_sin
    assert np.median(against[wall]) < -0.9


def test_nothing_is_nowhere() -> None:
    damage = no_damage((20, 30))
    assert max(field.max() for field in (damage.crush, damage.haemorrhage, damage.bundle)) < 0
