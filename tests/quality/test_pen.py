"""Ink and its margin are shared out among its colours."""

import numpy as np

from her2path.arrays import Doubles
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, density_image, mix
from her2path.image.tissue import find_tissue
from her2path.quality.pen import pen_colours

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "recipe")


def test_two_pens_share_what_find_tissue_calls_pen(section: Doubles) -> None:
    rgb = mix(section, STAINS)
    rgb[:, 40:55] = (20, 120, 60)
    rgb[:, 190:205] = (30, 60, 200)
    tissue, inks = find_tissue(density_image(rgb, STAINS.white), 4.0)
    colours = pen_colours(inks, tissue.pen)
    assert list(colours) == ["pen_green", "pen_blue"]
    assert (np.sum(list(colours.values()), axis=0) == tissue.pen).all()
    assert colours["pen_green"][:, 38:57].all()
    assert colours["pen_blue"][:, 188:207].all()


def test_a_slide_without_ink_has_no_colours(section: Doubles) -> None:
    tissue, inks = find_tissue(density_image(mix(section, STAINS), STAINS.white), 4.0)
    assert pen_colours(inks, tissue.pen) == {}
