"""Drawn slides that many tests look at, each drawn once a session."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings

from her2path.arrays import Rgb8
from her2path.image.geometry import PixelSize
from her2path.phantom import PhantomSpec, SlideSpec, write_phantoms
from her2path.phantom.layout import lay_out_cells
from her2path.phantom.paint import Painter
from her2path.phantom.tissue import draw_tissue
from her2path.slides.array import ArraySlide

REALDATA = Path(__file__).parents[2] / "shared" / "realdata"

# The first example may have to wait for a compiler.
settings.register_profile("her2path", deadline=None)
settings.load_profile("her2path")

STRONG = {
    "name": "strong",
    "size_px": (1024, 1024),
    "seed": 7,
    "category": "IHC3",
    "patterns": {"N": 0.2, "WI": 0.2, "SC": 0.6},
}
"""A small 3+ slide at 0.25 µm/px, some 200 tumour cells."""


@pytest.fixture(scope="session", autouse=True)
def _one_opencv_thread() -> None:
    """As the command line does: the tests share the cores among themselves."""
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Real slides; the test is skipped where they are not."""
    if not REALDATA.is_dir():
        pytest.skip("no real data beside the checkout")
    return REALDATA


@pytest.fixture(scope="session")
def strong_svs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``STRONG`` as a file."""
    spec = PhantomSpec(slides=(SlideSpec.model_validate(STRONG),))
    (path,) = write_phantoms(spec, tmp_path_factory.mktemp("strong"))
    return path


@pytest.fixture(scope="session")
def drawn_slide() -> Callable[[float], ArraySlide]:
    """Give the drawn pixels of ``STRONG`` at a pixel size, the tissue and cells of which are its own."""
    return _drawn_slide


@cache
def _drawn_slide(mpp_um: float) -> ArraySlide:
    spec = SlideSpec.model_validate({**STRONG, "mpp": mpp_um, "category": None})
    return ArraySlide(_pixels(spec), PixelSize(mpp_um, mpp_um))


def _pixels(spec: SlideSpec) -> Rgb8:
    rng = np.random.default_rng(spec.seed)
    tissue = draw_tissue(spec, rng)
    plan = lay_out_cells(spec, tissue, rng)
    painter = Painter(spec, tissue, plan, rng, stained_od=0.08)
    height, width = spec.size_px
    rgb = np.empty((height, width, 3), np.uint8)
    step = 512
    for y in range(0, height, step):
        for x in range(0, width, step):
            rgb[y : y + step, x : x + step] = painter.paint(y, x, min(step, height - y), min(step, width - x))
    return rgb
