"""Phantom fields to learn from: any index gives its own field, drawn and looked at anew."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.random import Generator

from her2path.arrays import Floats, Ints, Rgb8
from her2path.cells.vocabulary import TUMOUR
from her2path.nets.sample import INPUT_MPP_UM, Sample
from her2path.phantom.layout import CellPlan, lay_out_cells
from her2path.phantom.paint import FINEST_MPP_UM
from her2path.phantom.render import Drawn, draw
from her2path.phantom.scanner import Scanner, expose
from her2path.phantom.spec import SlideSpec
from her2path.phantom.texture import Texture
from her2path.phantom.tissue import TissueMap, draw_tissue
from her2path.phantom.truth import MIN_NUCLEUS_UM2, OBSCURED
from her2path.phantom.view import Textures, View, make_textures
from her2path.scoring.settings import Grading
from her2path.training.domain import densely_stained, random_domain
from her2path.training.targets import Truth, targets_of

MARGIN_UM = 18.0
"""Drawn beyond the field on all sides: more than a cell, so that every cell in the field is drawn whole."""


_DENSE = 11
"""Keeps the choice of dense fields apart from all others."""


@dataclass(frozen=True, eq=False)
class _Elsewhere(View):
    """A window whose textures are read at another place: one set of textures serves many fields."""

    shift_yx_px: tuple[int, int]

    def read(self, texture: Texture, shift: int = 0) -> Floats:
        dy, dx = self.shift_yx_px
        return texture.read(self.y_px + dy + shift, self.x_px + dx + 2 * shift, self.height_px, self.width_px)


def draw_scene(index: int, seed: int, side_px: int, dense_share: float = 0.0) -> Sample:
    """Draw one field of a random tissue through a random scanner.

    Parameters
    ----------
    index, seed
        Same values, same field.
    side_px
        Edge of the field at ``INPUT_MPP_UM``.
    dense_share
        Of the fields, with tumour stained so strongly that its nuclei are veiled.
    """
    rng = np.random.default_rng((seed, index))
    spec, scanner = random_domain(rng, side_px)
    # A generator of its own: whether a field is dense changes no other one.
    dense = np.random.default_rng((seed, index, _DENSE))
    if dense.random() < dense_share:
        spec = densely_stained(spec, dense)
    side_um = side_px * INPUT_MPP_UM + 2 * MARGIN_UM
    factor = int(np.ceil(spec.mpp / FINEST_MPP_UM))
    size_px = int(np.ceil(side_um / spec.mpp))
    spec = spec.model_copy(update={"size_px": (size_px, size_px)})
    tissue = draw_tissue(spec, rng)
    plan = lay_out_cells(spec, tissue, rng)
    mpp_um = spec.mpp / factor
    shift = (int(rng.integers(10_000)), int(rng.integers(10_000)))
    view = _Elsewhere(0, 0, size_px * factor, size_px * factor, mpp_um, textures_at(mpp_um), shift)
    drawn = draw(view, plan, spec=spec, tissue=tissue, scanner=scanner)
    rgb = _scanned(drawn, view, spec, scanner, tissue)
    truth = _truth(drawn, view, plan, tissue)
    return targets_of(
        truth,
        _field(rgb, spec.mpp, side_px),
        white_seen(scanner, rng),
        stained_od=Grading().stained_od,
        origin_yx_um=(MARGIN_UM, MARGIN_UM),
    )


@cache
def textures_at(mpp_um: float) -> Textures:
    """Textures of one pixel size, kept by the process; every field reads them at a place of its own."""
    return make_textures(np.random.default_rng(0), mpp_um)


def _scanned(drawn: Drawn, view: View, spec: SlideSpec, scanner: Scanner, tissue: TissueMap) -> Rgb8:
    """Look at the window, average it to level 0, compress it."""
    factor = round(spec.mpp / view.mpp_um)
    noise = np.stack([view.read(view.textures.sensor, 331 * c) for c in range(3)], axis=-1) * factor
    defocus = None
    if spec.confounders.blurred:
        at = (view.y_px, view.x_px, view.height_px, view.width_px)
        defocus = tissue.block(tissue.defocus, *at, view.mpp_um)
    rgb = expose(
        drawn.densities,
        scanner=scanner,
        mpp_um=view.mpp_um,
        noise=np.asarray(noise, np.float32),
        defocus=defocus,
    )
    if factor > 1:
        size = (view.width_px // factor, view.height_px // factor)
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return compressed(rgb, scanner)


def compressed(rgb: Rgb8, scanner: Scanner) -> Rgb8:
    """Give the pixels as the scanner's JPEG leaves them."""
    sampling = (
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
        if scanner.subsampling == (2, 2)
        else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    )
    settings = [cv2.IMWRITE_JPEG_QUALITY, scanner.quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    _, data = cv2.imencode(".jpg", rgb[..., ::-1], settings)
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def _field(rgb: Rgb8, mpp_um: float, side_px: int) -> Rgb8:
    """Cut the field from the window, at the network's pixel size."""
    step = INPUT_MPP_UM / mpp_um
    start = MARGIN_UM / mpp_um + 0.5 * step - 0.5
    to_window = np.array([[step, 0, start], [0, step, start]], np.float64)
    field = cv2.warpAffine(
        rgb,
        to_window,
        (side_px, side_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(field, np.uint8)


WHITE_ERROR = 0.015
"""Spread of the white point that a slide's survey finds about the true one."""


def white_seen(scanner: Scanner, rng: Generator) -> tuple[float, float, float]:
    """Draw the white point that the survey of such a slide would find."""
    red, green, blue = np.clip(
        np.asarray(scanner.stains.white) * np.exp(rng.normal(0, WHITE_ERROR, 3)), 100, 255
    )
    return float(red), float(green), float(blue)


def _truth(drawn: Drawn, view: View, plan: CellPlan, tissue: TissueMap) -> Truth:
    at = (view.y_px, view.x_px, view.height_px, view.width_px)
    unknown = (tissue.block(tissue.defocus, *at, view.mpp_um) > OBSCURED) | (
        tissue.block(tissue.pen, *at, view.mpp_um) > -5
    )
    nucleus_at: Ints = np.where(drawn.nucleus, drawn.shapes.cell, -1).astype(np.int32)
    area_um2 = np.bincount(nucleus_at[nucleus_at >= 0], minlength=len(plan))[: len(plan)] * view.mpp_um**2
    # A sliver of a nucleus is neither a cell to be found nor one to be missed.
    sliver = np.flatnonzero((area_um2 > 0) & (area_um2 < MIN_NUCLEUS_UM2) & (plan.kind == TUMOUR))
    is_sliver = np.zeros(len(plan) + 1, bool)
    is_sliver[sliver] = True
    return Truth(
        cell_at=drawn.shapes.cell,
        nucleus_at=np.where(is_sliver[nucleus_at], -1, nucleus_at).astype(np.int32),
        edge=drawn.shapes.edge,
        crest_od=drawn.crest_od,
        kind=plan.kind,
        measured=np.asarray(plan.kind == TUMOUR),
        unknown=np.asarray(unknown | is_sliver[nucleus_at]),
        mpp_um=view.mpp_um,
    )
