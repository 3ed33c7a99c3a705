"""How hard the pixels were compressed, read from the pixels: JPEG leaves its steps in them.

The table is not always at hand: a slide may have been compressed and converted since
(docs/science/slide-checks.md).

References
----------
ITU-T Recommendation T.81 (JPEG), 1992, table K.1: the luminance steps that encoders scale by their quality.
"""

import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Doubles
from her2path.compiled import compiled
from her2path.flags import Flag
from her2path.quality.patches import PATCH_PX, spread

BLOCK_PX = 8
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luminance that JPEG encodes."""

FLAT_GREY = 3.0
"""A patch whose luminance varies less than this is glass: it holds no steps to be seen."""

STEPS = {(0, 2): 10, (0, 3): 16, (0, 4): 24, (1, 1): 12, (1, 2): 14, (1, 3): 19, (2, 0): 14, (2, 1): 13}
STEPS |= {(2, 2): 16, (3, 0): 14, (3, 1): 17, (4, 0): 18}
"""Of table K.1, at quality 50, by vertical and horizontal frequency: waves of 3 to 8 pixels, as membranes
are."""

QUALITIES = (*range(10, 50), *range(50, 95, 5))
"""One by one where it matters: steps of quality 18 lie on multiples of neither those of 15 nor of 20."""

SMALLEST_STEP = 5
"""A finer step drowns in the rounding of the pixels."""

ROUNDING = 1.2
"""A coefficient of rounded pixels lies this near a multiple of its step."""

SURE, AS_SURE = 0.5, 0.05
"""How much of all coefficients beyond chance must lie on multiples; and how much less leaves a coarser step
possible, of which a finer one is a divisor."""

HARD_QUALITY = 50
"""From here down the grade of a cell in ten changes: on a drawn 1+ slide saved again at quality 80, 60, 50,
40 and 30 the grade of 2, 7, 9, 10 and 14 % of cells did, and 47, 51, 55, 56 and 59 % lost all staining (46 %
had none). Real cores and fields were saved at 75."""


def jpeg_quality(pixels: NDArray[np.uint8]) -> int | None:
    """Quality, 10 to 90, that an encoder would call this compression.

    Parameters
    ----------
    pixels
        ``(n, 3)`` uint8 level-0 pixels: square patches of ``PATCH_PX``, one after the other.

    Returns
    -------
    int or None
        None where no steps are seen: fine compression, another kind, or pixels resampled since.
    """
    n = len(pixels) // PATCH_PX**2
    if not n:
        return None
    patches = spread(pixels[: n * PATCH_PX**2].reshape(n, PATCH_PX, PATCH_PX, 3))
    luma: Doubles = patches @ np.asarray(LUMA)
    blocks = [_blocks(patch) for patch in luma if patch.std() >= FLAT_GREY]
    if not blocks:
        return None
    coefficients = _cosine_transform(np.concatenate(blocks))
    likely = _on_multiples(coefficients)
    best = float(likely.max())
    return None if best < SURE else QUALITIES[int(np.argmax(likely >= best - AS_SURE))]


def check_jpeg(pixels: NDArray[np.uint8]) -> tuple[Flag, ...]:
    """Flag compression that loses faint membranes: ``HARD_JPEG``."""
    quality = jpeg_quality(pixels)
    if quality is None or quality > HARD_QUALITY:
        return ()
    return (
        Flag(
            "HARD_JPEG",
            "warning",
            f"compressed as hard as JPEG quality {quality}: from {HARD_QUALITY} down faint membranes are "
            "lost, and "
            "1+ may read as 0; scan or export again at 75 or more",
        ),
    )


def _blocks(patch: Doubles) -> Doubles:
    """Blocks of the encoder, ``(n, 8, 8)``: the patch starts anywhere in one."""
    top, left = _seam(patch.T), _seam(patch)
    rows, columns = ((PATCH_PX - first) // BLOCK_PX for first in (top, left))
    whole = patch[top : top + rows * BLOCK_PX, left : left + columns * BLOCK_PX]
    return whole.reshape(rows, BLOCK_PX, columns, BLOCK_PX).swapaxes(1, 2).reshape(-1, BLOCK_PX, BLOCK_PX)


def _seam(patch: Doubles) -> int:
    """First column of a block: where neighbouring columns differ most."""
    differ = np.abs(np.diff(patch, axis=1)).mean(axis=0)
    by_place = [differ[first::BLOCK_PX].mean() for first in range(BLOCK_PX)]
    return (int(np.argmax(by_place)) + 1) % BLOCK_PX


def _cosine_transform(blocks: Doubles) -> Doubles:
    frequency, place = np.mgrid[0:BLOCK_PX, 0:BLOCK_PX]
    basis = np.cos((2 * place + 1) * frequency * np.pi / (2 * BLOCK_PX)) * np.sqrt(2 / BLOCK_PX)
    basis[0] /= np.sqrt(2)
    transformed: Doubles = basis @ blocks @ basis.T
    return transformed


def _on_multiples(coefficients: Doubles) -> Doubles:
    """Share of coefficients that lie on a multiple of their step beyond chance: 1 all, 0 as by chance.

    One for each of ``QUALITIES``.
    """
    down, across = np.array(list(STEPS)).T
    values = np.ascontiguousarray(np.abs(coefficients[:, down, across]).T)
    steps = np.array([[_step(at_50, quality) for at_50 in STEPS.values()] for quality in QUALITIES])
    n_values, n_near = _near_multiples(values, steps, ROUNDING)
    told = (steps >= SMALLEST_STEP) & (n_values > 0)
    by_chance = 2 * ROUNDING / steps
    beyond = np.where(told, n_near / np.maximum(n_values, 1) - by_chance, 0.0)
    # Added up one by one, in the order of the steps.
    found, possible = (np.cumsum(x, axis=1)[:, -1] for x in (beyond, np.where(told, 1 - by_chance, 0.0)))
    share: Doubles = np.divide(found, possible, out=np.zeros(len(steps)), where=possible > 0)
    return share


@compiled
def _near_multiples(values: Doubles, steps: NDArray[np.int64], within: float) -> NDArray[np.int64]:
    """Count the values that are not rounded to 0, and of them those near a multiple of their step.

    ``(2, qualities, frequencies)``, of ``values`` ``(frequencies, n)`` and ``steps`` ``(qualities,
    frequencies)``.
    """
    counts = np.zeros((2, *steps.shape), np.int64)
    # Added to a value and taken away again, it rounds it, half to even.
    whole = 1.5 * 2.0**52
    for quality in range(steps.shape[0]):
        for frequency in range(steps.shape[1]):
            step, of = np.float64(steps[quality, frequency]), values[frequency]
            n_values = n_near = 0
            for k in range(len(of)):
                value = of[k]
                told = value > step / 2
                off = abs(value - step * ((value / step + whole) - whole))
                n_values += told
                n_near += told & (off < within)
            counts[0, quality, frequency] = n_values
            counts[1, quality, frequency] = n_near
    return counts


def _step(at_50: int, quality: int) -> int:
    """Step at a quality, as the encoder of the Independent JPEG Group scales it."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return max(1, (at_50 * percent + 50) // 100)
