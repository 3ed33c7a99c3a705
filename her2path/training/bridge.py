"""Fields with real nuclei and drawn staining: the texture of H&E photographs, the truth of a phantom."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from her2path.arrays import Bools, Doubles, Floats, Ints, Mask, Rgb8
from her2path.cells.vocabulary import LYMPHOCYTE, PATTERNS, STROMA, TUMOUR
from her2path.nets.sample import INPUT_MPP_UM, Sample
from her2path.phantom.ground import Ground, draw_cytoplasm
from her2path.phantom.plan import CREST_OD, CellPlan
from her2path.phantom.scanner import Scanner, expose
from her2path.phantom.shapes import Shapes, edges_of, nearest
from her2path.phantom.spec import SlideSpec
from her2path.phantom.stain import crest_density, draw_membranes
from her2path.phantom.texture import smooth_field
from her2path.phantom.view import View
from her2path.scoring.settings import Grading
from her2path.training.domain import random_domain
from her2path.training.mosaic import Mosaic, lay_mosaic
from her2path.training.nuclei import touches_edge
from her2path.training.photographs import in_usual, separated, white_of
from her2path.training.scenes import compressed, textures_at, white_seen
from her2path.training.targets import Truth, targets_of

REACH_UM = (2.5, 6.0)
"""Least and most that the cells of one field spread beyond their nuclei."""

REACH_OF_OTHERS_UM = 1.2
"""As far spread lymphocytes and spindle cells, which hardly have a cytoplasm."""

CONTRAST = (0.7, 1.5)
"""Exponents of the haematoxylin about that of the median nucleus: chromatin from smooth to clumped, and what
is paler than nuclei from about as pale as on the 0 cores, half of the nuclei, to nearly gone."""

MOST_NUCLEUS_OD = 0.35
"""Of the median nucleus: IHC is counterstained weakly."""

PATCH_UM = {"mixed": 30.0, "clustered": 90.0}
"""Over which staining changes from one pattern to the next."""

_CYTOPLASM_SHARE = 0.5
"""Of the density of nuclei, the most that cytoplasm and collagen get: paler nuclei would be lost in them."""

_PINK_LEFT = 0.6
"""Of the eosinophilic density asked for: collagen of H&E fields is denser and more even than a phantom's."""

_DOUBT_UM = 1.2
"""So far around a doubtful nucleus nothing is said: a centre's hill reaches beyond its outline."""


def bridge_sample(index: int, seed: int, side_px: int, data: Path) -> Sample:
    """Stain real nuclei anew: weak haematoxylin, and DAB membranes of known density and completeness.

    Parameters
    ----------
    index, seed
        Same values, same field.
    side_px
        Edge of the field at ``INPUT_MPP_UM``, at least 256.
    data
        Folder of the photographs, see ``photographs.training_photographs``.

    Raises
    ------
    UsageError
        If the folder holds no photographs.
    """
    rng = np.random.default_rng((seed, index, 1))
    spec, scanner = random_domain(rng, side_px)
    mosaic = lay_mosaic(data, rng, side_px)
    view = _somewhere((side_px, side_px), rng)
    stained = np.asarray(mosaic.epithelial & ~np.isin(mosaic.kind, (STROMA, LYMPHOCYTE)))
    cell_at = _cells(mosaic, stained, view, rng)
    plan = _plan(cell_at, stained, view, spec, rng)
    shapes = Shapes(cell_at, *edges_of(cell_at, plan))
    crest_od = crest_density(plan, shapes, view)

    densities = restained(mosaic.haematoxylin, mosaic.rest, spec, rng)
    none = np.zeros(view.shape, np.float32)
    ground = Ground(in_tissue_um=none, lumen_um=none, eosin=mosaic.rest, pen_um=none)
    draw_cytoplasm(densities, view, shapes, plan, ground, spec)
    # What covers a nucleus in the section is half of the cytoplasm, as in phantoms.
    cover = cv2.GaussianBlur((mosaic.nucleus_at >= 0).astype(np.float32), (0, 0), 0.3 / INPUT_MPP_UM)
    densities[..., 1] *= 1 - 0.5 * cover
    draw_membranes(densities, view, shapes, crest_od, scanner=scanner, pixel_um=spec.mpp)
    truth = Truth(
        cell_at=cell_at,
        nucleus_at=np.where(np.append(mosaic.doubtful, False)[mosaic.nucleus_at], -1, mosaic.nucleus_at),
        edge=shapes.edge,
        crest_od=crest_od,
        kind=mosaic.kind,
        measured=stained & ~touches_edge(cell_at, len(stained)),
        unknown=_unknown(mosaic),
        mpp_um=INPUT_MPP_UM,
    )
    rgb = _scanned(densities, scanner, view, spec.mpp)
    return targets_of(truth, rgb, white_seen(scanner, rng), stained_od=Grading().stained_od)


def recoloured(rgb: Rgb8, rng: Generator) -> Rgb8:
    """Give an H&E field the colours of an unstained HER2 slide, through a random scanner.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8 H&E at ``INPUT_MPP_UM``.
    rng
        Source of randomness.

    Returns
    -------
    Rgb8
        Of the same shape: pale haematoxylin on the nuclei, hardly anything elsewhere.
    """
    white = white_of(rgb)
    spec, scanner = random_domain(rng, max(256, *rgb.shape[:2]))
    # Haematoxylin absorbs red and eosin hardly does: the dark half of red is nuclei.
    threshold, _ = cv2.threshold(np.ascontiguousarray(rgb[..., 0]), 0, 255, cv2.THRESH_OTSU)
    nuclear = np.asarray(rgb[..., 0] <= threshold)
    haematoxylin, rest, glass = separated(rgb, white, nuclear)
    haematoxylin /= max(float(np.median(haematoxylin[nuclear])), 0.05)
    densities = restained(np.minimum(haematoxylin, 4), in_usual(rest, ~(nuclear | glass)), spec, rng)
    return _scanned(densities, scanner, _somewhere(rgb.shape[:2], rng), spec.mpp)


def restained(haematoxylin: Floats, rest: Floats, spec: SlideSpec, rng: Generator) -> Floats:
    """Mix the parts of an H&E field as HER2 IHC shows them.

    Parameters
    ----------
    haematoxylin
        ``(y, x)`` in units of the median nucleus.
    rest
        ``(y, x)`` of everything pink in units of what is usual between nuclei.
    spec
        How strong to make nuclei, cytoplasm and background.
    rng
        Source of randomness.

    Returns
    -------
    Floats
        ``(y, x, 5)`` densities as ``phantom.scanner.expose`` wants them.
    """
    densities = np.zeros((*haematoxylin.shape, 5), np.float32)
    nucleus_od = min(spec.tumour.nucleus_od, MOST_NUCLEUS_OD)
    densities[..., 0] = nucleus_od * haematoxylin ** np.float32(rng.uniform(*CONTRAST))
    densities[..., 0] += min(spec.tumour.cytoplasm_od, _CYTOPLASM_SHARE * nucleus_od) * rest
    densities[..., 1] = spec.confounders.background_od * rest
    densities[..., 2] = _PINK_LEFT * spec.confounders.eosinophilic_od * rest
    densities[..., 3] = 0.006 * rest
    return densities


def _somewhere(shape: tuple[int, ...], rng: Generator) -> View:
    """Any place of an endless slide: its textures serve all fields."""
    y_px, x_px = (int(value) for value in rng.integers(10_000, size=2))
    return View(y_px, x_px, shape[0], shape[1], INPUT_MPP_UM, textures_at(INPUT_MPP_UM))


def _scanned(densities: Floats, scanner: Scanner, view: View, mpp_um: float) -> Rgb8:
    """Look at a field through a scanner of some pixel size, and resample it to ``INPUT_MPP_UM``."""
    # Three far places of one texture are the noise of the three channels.
    noise = np.stack([view.read(view.textures.sensor, 331 * channel) for channel in range(3)], axis=-1)
    rgb = expose(densities, scanner=scanner, mpp_um=INPUT_MPP_UM, noise=noise)
    height, width = rgb.shape[:2]
    step = INPUT_MPP_UM / mpp_um
    method = cv2.INTER_AREA if step < 1 else cv2.INTER_LINEAR
    level0 = np.asarray(cv2.resize(rgb, None, fx=step, fy=step, interpolation=method), np.uint8)
    return np.asarray(
        cv2.resize(compressed(level0, scanner), (width, height), interpolation=cv2.INTER_LINEAR)
    )


def _cells(mosaic: Mosaic, stained: Bools, view: View, rng: Generator) -> Ints:
    """Give every pixel near a nucleus to the nearest one: ``(y, x)`` int32 row, -1 between cells."""
    n, inside = len(stained), mosaic.nucleus_at >= 0
    if not inside.any():
        return mosaic.nucleus_at
    reach_um = np.where(stained, rng.uniform(*REACH_UM), REACH_OF_OTHERS_UM) * rng.uniform(0.8, 1.2, n)
    distance, owner = nearest(inside, mosaic.nucleus_at)
    reached = np.where(distance * view.mpp_um <= reach_um[owner], owner, -1).astype(np.float32)
    y, x = np.mgrid[: view.height_px, : view.width_px].astype(np.float32)
    bent = cv2.remap(
        reached,
        x + view.read(view.textures.wave_x) / np.float32(view.mpp_um),
        y + view.read(view.textures.wave_y) / np.float32(view.mpp_um),
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.int32)
    bent[mosaic.glass] = -1
    # No border runs through a nucleus.
    return np.where(inside, mosaic.nucleus_at, bent)


def _plan(cell_at: Ints, stained: Bools, view: View, spec: SlideSpec, rng: Generator) -> CellPlan:
    """Decide how each cell stains; neighbours are alike."""
    n = len(stained)
    y_px, x_px = _middles(cell_at, n)
    pattern = np.zeros(n, np.int8)
    field = smooth_field(rng, cell_at.shape, PATCH_UM[spec.mixing] / view.mpp_um)
    value = field[y_px.astype(int), x_px.astype(int)] + 0.15 * rng.standard_normal(n)
    # Cut at the quantiles of a slow field, so that staining fades from one patch to the next.
    rank = (np.argsort(np.argsort(value[stained])) + 0.5) / max(stained.sum(), 1)
    shares = np.cumsum([spec.patterns.get(name, 0.0) for name in PATTERNS])
    pattern[stained] = np.minimum(np.searchsorted(shares, rank), len(PATTERNS) - 1)
    crest_od = CREST_OD[(pattern + 1) // 2] * np.clip(np.exp(rng.normal(0, 0.10, n)), 0.82, 1.25)
    complete = (pattern > 0) & (pattern % 2 == 0)
    lateral = rng.random(n) < 0.6
    arc_half = np.where(lateral, rng.uniform(0.17, 0.30, n), rng.uniform(0.30, 0.60, n)) * np.pi
    side = np.pi * smooth_field(rng, cell_at.shape, 60 / view.mpp_um)[y_px.astype(int), x_px.astype(int)]
    columns: Mapping[str, NDArray[Any]] = {
        "y_um": view.y_um + (y_px + 0.5) * view.mpp_um,
        "x_um": view.x_um + (x_px + 0.5) * view.mpp_um,
        # A cell of another kind has no membrane to draw.
        "kind": np.where(stained, TUMOUR, -1).astype(np.int8),
        "pattern": pattern,
        "crest_od": crest_od,
        "arc_count": np.where(lateral, 2.0, 1.0),
        "arc_axis": side + rng.normal(0, 0.3, n),
        "arc_half": np.where(complete, rng.uniform(0.95, 1.1, n) * np.pi, arc_half),
    }
    # The rest describes nuclei and cytoplasm, which are those of the photograph.
    every: dict[str, Any] = {f.name: columns.get(f.name, np.zeros(n)) for f in fields(CellPlan)}
    return CellPlan(**every)


def _middles(cell_at: Ints, n: int) -> tuple[Doubles, Doubles]:
    """Row and column of the middle of each cell; 0 where a cell has no pixel."""
    index = np.flatnonzero(cell_at.ravel() >= 0)
    row = cell_at.ravel()[index]
    count = np.maximum(np.bincount(row, minlength=n), 1)
    y_px, x_px = (np.bincount(row, axis, minlength=n) / count for axis in np.divmod(index, cell_at.shape[1]))
    return y_px, x_px


def _unknown(mosaic: Mosaic) -> Mask:
    doubtful = np.append(mosaic.doubtful, False)[mosaic.nucleus_at].astype(np.uint8)
    width = 2 * round(_DOUBT_UM / INPUT_MPP_UM) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return np.asarray(mosaic.unknown | (cv2.dilate(doubtful, kernel) > 0))
