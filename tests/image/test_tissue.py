"""Tissue is found whatever its stain; glass, dust and ink are not tissue."""

import numpy as np
import pytest

from her2path.arrays import Mask, Rgb8
from her2path.image.stains import (
    RUIFROK_DAB,
    RUIFROK_HAEMATOXYLIN,
    StainMatrix,
    density_image,
    mix,
    optical_density,
)
from her2path.image.tissue import TissueMap, find_tissue

WHITE = (238.0, 236.0, 235.0)
STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, WHITE, "recipe")
MPP_UM = 4.0
SHAPE = (300, 400)


def disc(y: int, x: int, radius_px: int) -> Mask:
    rows, columns = np.indices(SHAPE)
    inside: Mask = np.hypot(rows - y, columns - x) <= radius_px
    return inside


def picture(piece: Mask, haematoxylin_od: float, dab_od: float = 0.0) -> Rgb8:
    """Stained pixels with the texture of tissue and the noise of a scanner."""
    rng = np.random.default_rng(4)
    texture = 1 + 0.3 * rng.normal(size=SHAPE)
    planes = np.stack([od * piece * texture for od in (haematoxylin_od, dab_od, 0.0)])
    noisy = mix(np.maximum(planes, 0), STAINS) + rng.normal(0, 0.8, (*SHAPE, 3))
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def found(haematoxylin_od: float, dab_od: float = 0.0, piece: Mask | None = None) -> TissueMap:
    inside = disc(150, 200, 90) if piece is None else piece
    return find_tissue(density_image(picture(inside, haematoxylin_od, dab_od), WHITE), MPP_UM)[0]


@pytest.mark.parametrize(("haematoxylin_od", "dab_od"), [(0.05, 0.0), (0.12, 0.0), (0.12, 0.6), (0.0, 0.3)])
def test_the_piece_is_found_and_nothing_else(haematoxylin_od: float, dab_od: float) -> None:
    tissue = found(haematoxylin_od, dab_od).tissue
    assert tissue[disc(150, 200, 80)].all()
    assert not tissue[~disc(150, 200, 104)].any()


def test_brown_stain_hardly_changes_the_mask() -> None:
    """The pale negative tumour is the denominator: it must be found as well as the brown one."""
    pale, brown = found(0.06).tissue, found(0.06, 0.5).tissue
    assert np.count_nonzero(pale ^ brown) < 0.12 * np.count_nonzero(brown)


def test_glass_and_dust_are_no_tissue() -> None:
    assert not found(0.0).tissue.any()
    assert not found(0.3, piece=disc(100, 100, 2)).tissue.any()


def test_small_holes_belong_to_the_tissue_and_large_ones_do_not() -> None:
    piece = disc(150, 200, 90) & ~disc(150, 160, 5) & ~disc(150, 240, 35)
    tissue = found(0.15, piece=piece).tissue
    assert tissue[150, 160]
    assert not tissue[150, 240]


@pytest.mark.parametrize(
    ("colour", "ink"), [("green", (20, 120, 60)), ("blue", (30, 60, 200)), ("black", (15, 15, 15))]
)
def test_ink_is_not_tissue_and_what_lies_beside_it_is_marked(colour: str, ink: tuple[int, int, int]) -> None:
    rgb = picture(disc(150, 200, 90), 0.15)
    rgb[:, 195:215] = ink
    stroke = np.zeros(SHAPE, bool)
    stroke[:, 195:215] = True
    tissue, inks = find_tissue(density_image(rgb, WHITE), MPP_UM)
    assert inks[colour][stroke].mean() > 0.9
    assert tissue.pen[stroke].mean() > 0.95
    assert not tissue.tissue[stroke].any()
    assert tissue.tissue[150, 150]
    assert not tissue.pen[150, 150]
    # Ink on glass is not tissue, and its halo is marked with it.
    assert not (tissue.tissue & ~tissue.pen)[:30].any()


def test_dense_brown_is_not_ink() -> None:
    assert not found(0.2, 1.0).pen.any()


def test_density_of_white_is_nothing_and_of_a_tenth_is_one() -> None:
    rgb = np.array([[[238, 236, 235], [24, 24, 24]]], np.uint8)
    assert optical_density(rgb, WHITE)[0, 0] == pytest.approx(0, abs=1e-6)
    assert optical_density(rgb, WHITE)[0, 1] == pytest.approx(1, abs=0.01)
