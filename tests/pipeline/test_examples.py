"""Examples are of every pattern that there is, in the middle of their crop, and never stop a run."""

from collections import Counter
from collections.abc import Callable

import numpy as np

from her2path.cells.table import CellTable
from her2path.image.geometry import Region
from her2path.pipeline.examples import CROP_UM, PER_PATTERN, choose_examples
from her2path.pipeline.result import ScoredSlide
from her2path.slides.array import ArraySlide
from her2path.slides.protocol import Slide


def test_a_few_of_every_pattern_each_once(strong: ScoredSlide, slide: ArraySlide) -> None:
    cells = strong.cells
    examples = choose_examples(slide, cells)
    chosen = [example.row for example in examples]
    assert len(set(chosen)) == len(chosen)
    assert cells.counted[chosen].all()
    there = Counter(cells.pattern[cells.counted].tolist())
    drawn = Counter(cells.pattern[chosen].tolist())
    assert drawn == {pattern: min(PER_PATTERN, n) for pattern, n in there.items()}


def test_the_cell_lies_in_the_middle_of_its_crop(strong: ScoredSlide, slide: ArraySlide) -> None:
    edge_px = round(CROP_UM / 0.25)
    for example in choose_examples(slide, strong.cells):
        assert example.rgb.shape == (edge_px, edge_px, 3)
        assert example.y_px + edge_px // 2 == strong.cells.y_px[example.row]
        assert example.x_px + edge_px // 2 == strong.cells.x_px[example.row]
        crop = slide.read(Region(example.y_px, example.x_px, edge_px, edge_px))
        assert np.array_equal(example.rgb, crop)


def test_crops_that_cannot_be_read_are_left_out(
    strong: ScoredSlide, slide: ArraySlide, damaged: Callable[..., Slide]
) -> None:
    some = damaged(Region(0, 0, 512, 1024))
    assert 0 < len(choose_examples(some, strong.cells)) < len(choose_examples(slide, strong.cells))
    assert choose_examples(damaged(Region(0, 0, 1024, 1024)), strong.cells) == ()


def test_no_cells_no_examples(slide: ArraySlide) -> None:
    assert choose_examples(slide, CellTable.empty()) == ()
