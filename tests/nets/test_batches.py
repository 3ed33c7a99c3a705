"""A field keeps its truth when it is turned: what is said of a cell turns with it."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from her2path.arrays import Doubles
from her2path.cells.contours import ray_directions
from her2path.cells.table import N_RAYS
from her2path.nets.batches import collate, relit, turned
from her2path.nets.sample import STRIDE, Sample

turns = st.tuples(st.integers(-3, 7), st.booleans())


def same(a: Sample, b: Sample) -> bool:
    return all(
        np.array_equal(
            np.asarray(getattr(a, f.name)), np.asarray(getattr(b, f.name)), equal_nan=f.name != "rgb"
        )
        for f in fields(a)
    )


def at_the_outline(sample: Sample, row: int, radii_um: np.ndarray, share: float) -> np.ndarray:
    """Pixels of the field at a share of the way to the outline, along every ray."""
    way_px = ray_directions(N_RAYS) * radii_um[row][:, None] * share * STRIDE
    y, x = (
        ((place[row] + 0.5) * STRIDE + way_px[:, axis]).astype(int)
        for axis, place in enumerate((sample.y, sample.x))
    )
    return np.asarray(sample.rgb[y, x])


@given(turns)
def test_the_outline_lies_where_the_turned_pixels_say(
    ellipse: Callable[[float, float], Doubles], turn: tuple[int, bool]
) -> None:
    """A lopsided nucleus, drawn from its radii: after any turn the turned radii still lead to its edge."""
    radii_um = ellipse(5.0, 2.5)
    radii_um[:8] *= 1.3  # so that no turn and no mirror leaves it as it was
    steps, at_y, at_x = 32, 14, 19
    rows, columns = (np.mgrid[: steps * STRIDE, : steps * STRIDE] + 0.5) / STRIDE
    dy, dx = rows - at_y - 0.5, columns - at_x - 0.5
    ray = np.rint(np.arctan2(-dy, dx) / (2 * np.pi) * N_RAYS).astype(int) % N_RAYS
    rgb = np.repeat((np.hypot(dy, dx) < radii_um[ray])[..., None], 3, axis=2).astype(np.uint8)
    centre = np.zeros((steps, steps), np.float32)
    centre[at_y, at_x] = 1
    sample = replace(
        _one_place(centre),
        rgb=rgb,
        nucleus_radii_um=radii_um[None].astype(np.float32),
        y=np.array([at_y], np.int32),
        x=np.array([at_x], np.int32),
    )
    seen = turned(sample, turn[0], flip=turn[1])
    assert seen.centre[seen.y[0], seen.x[0]] == 1
    assert at_the_outline(seen, 0, seen.nucleus_radii_um, 0.85).all()
    assert not at_the_outline(seen, 0, seen.nucleus_radii_um, 1.15).any()


def _one_place(centre: np.ndarray) -> Sample:
    nothing = np.full((1, N_RAYS), np.nan, np.float32)
    return Sample(
        rgb=np.zeros((*(np.array(centre.shape) * STRIDE), 3), np.uint8),
        white=(240.0, 241.0, 242.0),
        centre=centre,
        centre_known=np.ones_like(centre),
        membrane=np.zeros_like(centre),
        y=np.zeros(1, np.int32),
        x=np.zeros(1, np.int32),
        kind=np.zeros(1, np.int8),
        membrane_od=np.full(1, np.nan, np.float32),
        completeness=np.full(1, np.nan, np.float32),
        nucleus_radii_um=nothing,
        cell_radii_um=nothing,
    )


@given(turns)
def test_turning_back_gives_the_field_again(toy: Callable[[int], Sample], turn: tuple[int, bool]) -> None:
    quarters, flip = turn
    once = turned(toy(3), quarters, flip=flip)
    # A mirror is its own way back, and turns round the direction of the turns before it.
    again = turned(once, quarters if flip else -quarters, flip=flip)
    assert same(again, toy(3))
    assert quarters % 4 == 0 or not same(once, toy(3))


def test_the_places_of_a_batch_know_their_field(toy: Callable[[int], Sample]) -> None:
    first, second = toy(1), toy(2)
    batch = collate([first, replace(second, white=(200.0, 220.0, 240.0))])
    assert batch.image.tolist() == [0, 0, 1, 1]
    assert batch.y.tolist() == [*first.y, *second.y]
    assert torch.equal(batch.centre[batch.image, batch.y, batch.x], torch.ones(4))
    assert batch.light.shape == (2, 3, 128, 128)
    assert batch.light[1, :, 1, 1].tolist() == pytest.approx([235 / 200, 235 / 220, 235 / 240])


def test_another_light_moves_the_white_point_and_no_pixel(toy: Callable[[int], Sample]) -> None:
    sample = relit(toy(1), np.array([1.0, 1.1, 0.9]))
    assert sample.white == pytest.approx((240.0, 264.0, 216.0))
    assert np.array_equal(sample.rgb, toy(1).rgb)
