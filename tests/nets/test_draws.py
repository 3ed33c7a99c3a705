"""Who draws the fields, and when, changes none of them."""

import math
from collections.abc import Callable
from contextlib import closing
from functools import partial

import pytest

from her2path.nets.draws import drawn_chunks
from her2path.nets.sample import Sample
from her2path.training.scenes import draw_scene


def test_chunks_follow_one_another(toy: Callable[[int], Sample]) -> None:
    asked: list[int] = []

    def draw(index: int) -> Sample:
        asked.append(index)
        return toy(index)

    chunks = list(drawn_chunks(draw, 3, range(2, 4), workers=0))
    assert [len(chunk) for chunk in chunks] == [3, 3]
    assert asked == [6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize("workers", [0, 1])
def test_no_chunk_is_asked_for(workers: int) -> None:
    assert list(drawn_chunks(math.sqrt, 3, range(5, 5), workers)) == []  # type: ignore[arg-type]


@pytest.mark.slow
def test_processes_draw_what_would_be_drawn_here() -> None:
    draw = partial(draw_scene, seed=3, side_px=256)
    there = list(drawn_chunks(draw, 1, range(1, 3), workers=1))
    assert [sample.rgb.tolist() for chunk in there for sample in chunk] == [
        draw(index).rgb.tolist() for index in (1, 2)
    ]


@pytest.mark.slow
def test_a_mistake_in_a_process_is_told_here() -> None:
    with pytest.raises(TypeError), closing(drawn_chunks(len, 1, range(1), workers=1)) as chunks:  # type: ignore[arg-type]
        next(chunks)
