"""What lies on the slide, together: excluded area by reason, and what a reader must know of it."""

from collections.abc import Mapping
from functools import reduce

import numpy as np

from her2path.arrays import Mask, Rgb8
from her2path.flags import Flag
from her2path.image.masks import light
from her2path.image.stains import StainMatrix
from her2path.image.strips import Picture
from her2path.image.tissue import TissueMap
from her2path.quality.bubble import find_bubbles
from her2path.quality.coverslip import find_uncovered
from her2path.quality.dust import find_dust
from her2path.quality.fold import find_folds

MUCH = 0.10
"""Share of the tissue from which its loss is a warning: the score may be another without it [P: domain
reference §6 row 13 sets this for blur]."""

_SENTENCES = {
    "bubble": "{mm2:.2f} mm² of tissue lie under air bubbles and were left out",
    "coverslip": "{mm2:.2f} mm² of tissue lie at or beyond the edge of the cover glass and were left out",
    "dust": "{mm2:.2f} mm² of tissue lie under dust and were left out",
    "fold": "{mm2:.2f} mm² of tissue lie in folds and were left out",
}


def find_on_glass(
    rgb: Rgb8, od: Picture, stains: StainMatrix, mpp_um: float, tissue: TissueMap
) -> dict[str, Mask]:
    """Find what lies on the slide and must not be scored.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8, the whole slide at about 4 µm/px.
    od
        ``(y, x, 3)`` float32 densities of its channels, from the white of ``stains``.
    stains
        Of this slide.
    mpp_um
        Pixel size of both.
    tissue
        What ``find_tissue`` made of the same picture.

    Returns
    -------
    dict of str to Mask
        ``(y, x)`` for each of pen, bubble, coverslip, dust and fold; they may overlap, and reach over glass.
    """
    found = {
        "pen": tissue.pen,
        "bubble": light(find_bubbles(od, mpp_um)),
        "coverslip": light(find_uncovered(od, mpp_um)),
        "dust": light(find_dust(od, tissue.tissue, mpp_um)),
    }
    clear = tissue.tissue & ~reduce(np.logical_or, found.values())
    return found | {"fold": find_folds(rgb, stains, clear, mpp_um)}


def glass_flags(
    excluded_mm2: Mapping[str, float], pen_mm2: Mapping[str, float], tissue_mm2: float
) -> tuple[Flag, ...]:
    """Say what was left out because of what lies on the slide.

    Parameters
    ----------
    excluded_mm2
        Area of tissue left out, by reason; other reasons than those of this module are passed over.
    pen_mm2
        Area under and beside ink, by ``pen_colours``.
    tissue_mm2
        Tissue that was asked for.

    Returns
    -------
    tuple of Flag
        ``PEN``, ``BUBBLE``, ``COVERSLIP``, ``DUST``, ``FOLD``: info; a warning from ``MUCH`` of the tissue.
    """
    colours = ", ".join(
        f"{name.removeprefix('pen_')} {mm2:.2f} mm²" for name, mm2 in sorted(pen_mm2.items()) if mm2 > 0
    )
    sentences = {
        "pen": f"{{mm2:.2f}} mm² of tissue lie beside ink ({colours}) and were left out"
    } | _SENTENCES
    return tuple(
        Flag(
            reason.upper(),
            "warning" if excluded_mm2[reason] >= MUCH * tissue_mm2 else "info",
            sentence.format(mm2=excluded_mm2[reason]),
        )
        for reason, sentence in sentences.items()
        if excluded_mm2.get(reason, 0) > 0
    )
