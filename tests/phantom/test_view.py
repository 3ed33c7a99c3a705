import numpy as np

from her2path.phantom.view import View, make_textures


def test_two_views_agree_where_they_overlap() -> None:
    textures = make_textures(np.random.default_rng(0), 0.25)
    a, b = View(-20, 100, 80, 90, 0.25, textures), View(10, 130, 40, 30, 0.25, textures)
    np.testing.assert_array_equal(a.read(textures.clump, 311)[30:70, 30:60], b.read(textures.clump, 311))
    index = np.array([0, 45, 1199])
    np.testing.assert_array_equal(b.pick(textures.grain, index), b.read(textures.grain).ravel()[index])
    assert (a.y_um, a.x_um, a.shape) == (-5.0, 25.0, (80, 90))
