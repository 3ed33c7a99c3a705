import numpy as np
import pytest

from her2path.phantom.texture import READ_PX, Texture, along_fibres, noise, smooth_field


def test_blocks_see_one_texture_wherever_they_begin() -> None:
    texture = Texture(noise(np.random.default_rng(0), 96, 2.0))
    whole = texture.read(-30, 1000, 200, 300)
    np.testing.assert_array_equal(texture.read(-30 + 70, 1000 + 90, 50, 60), whole[70:120, 90:150])
    assert texture.read(95, 95, READ_PX, READ_PX).shape == (READ_PX, READ_PX)


@pytest.mark.parametrize("scale_px", [0.0, 1.0, 5.0])
def test_noise_is_standard_normal_and_periodic(scale_px: float) -> None:
    field = noise(np.random.default_rng(3), 240, scale_px)
    assert field.mean() == pytest.approx(0, abs=1e-4)
    assert field.std() == pytest.approx(1, abs=1e-4)
    if scale_px:
        assert np.abs(field[0] - field[-1]).mean() < 1 / scale_px


def test_a_smooth_field_is_about_standard_and_slow() -> None:
    field = smooth_field(np.random.default_rng(5), (400, 300), 12)
    assert field.shape == (400, 300)
    assert 0.7 < field.std() < 1.3
    assert np.abs(np.diff(field, axis=0)).mean() < 0.15


def test_fibres_run_along_their_angle() -> None:
    field = np.random.default_rng(3).standard_normal((120, 120)).astype(np.float32)
    for angle in (0.0, 0.6, np.pi / 2):
        drawn = along_fibres(field, np.full((120, 120), angle, np.float32), 15.0)
        shift_y, shift_x = round(4 * np.sin(angle)), round(4 * np.cos(angle))
        along, across = (
            np.corrcoef(drawn[20:-20, 20:-20].ravel(), np.roll(drawn, shift, (0, 1))[20:-20, 20:-20].ravel())[
                0, 1
            ]
            for shift in ((shift_y, shift_x), (shift_x, -shift_y))
        )
        assert along > 0.5 > across + 0.2
    np.testing.assert_allclose(along_fibres(np.ones_like(field), field, 9.0), 1, rtol=1e-4)
