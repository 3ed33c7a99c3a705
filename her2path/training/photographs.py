"""Real H&E fields with labelled nuclei: which may teach, which are held back, and what each is made of."""

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from her2path.arrays import Bools, Codes, Doubles, Floats, Ints, Mask, Rgb8
from her2path.errors import UsageError
from her2path.image.stains import Vector, density_tables
from her2path.nets.sample import INPUT_MPP_UM
from her2path.phantom.scanner import SHARPENING_UM
from her2path.training.nuclei import MIN_NUCLEI, judge_nuclei, split_touching, unlabelled_nuclei

Source: TypeAlias = Literal["tnbc", "nuinsseg", "dsb"]
"""Naylor et al. 2019, doi 10.5281/zenodo.1175282; Mahbod et al. 2024, doi 10.5281/zenodo.10518968 (both CC BY
4.0); Data Science Bowl 2018, BBBC038, Caicedo et al. 2019 (CC0)."""

SOURCES: tuple[Source, ...] = ("tnbc", "nuinsseg", "dsb")

TRAINING_PATIENTS = ("01", "02", "03", "04", "05", "06")
"""Patients of TNBC that teach, by the first two digits of the file; 07 to 09 are held back."""

NUINSSEG_SHARE = 4 / 5
"""Of the NuInsSeg files in the order of their names, the part that teaches. The files go organ by organ, so
the organs at the end are never learnt from."""

EOSIN_RED_GREEN = (0.07, 0.99)
"""Density of eosin in red and green (Ruifrok & Johnston 2001). Two channels tell two stains apart; blue, the
noisiest, is not needed."""

_GREEN_OF_HAEMATOXYLIN = (1.0, 2.5)
"""Least and most green density, for 1 of red, of what nuclei are stained with: 1.1 is published, and fields
with violet nuclei and hardly any pink have 1.6, smears 2."""

LEVELS = 64
"""Steps that the planes of a photograph have for 1, the usual density; they end at nearly 4."""

_WHITE: dict[Source, Vector] = {"tnbc": (233, 230, 236), "nuinsseg": (152, 147, 150)}
"""Empty glass of the sets that one microscope took each, read off their fields with glass."""

_GLASS_OD = 0.035
"""Density, mean of red and green, below which there is glass."""

_NUCLEUS_UM = 7.5
"""Median diameter that fields of unknown pixel size are brought to."""

_SCALES = (0.7, 1.8)
"""Beyond these factors such a field holds something else than was thought."""

_GRAIN_PX: dict[Source, float] = {"tnbc": 0.0, "nuinsseg": 1.0, "dsb": 0.5}
"""Standard deviation of the smoothing that takes the camera's noise away: the darker a set, the more."""

_CRISPER = 0.6
"""Weight of the unsharp mask that undoes some of the first microscope's blur: the fields will be blurred once
more by the scanner that is drawn."""

_MOST_UNLABELLED = 0.25
"""Share of a field that may be dark without a label; more, and it is thick or out of focus."""


@dataclass(frozen=True, eq=False)
class Photograph:
    """One field at ``INPUT_MPP_UM``, its colours told apart; ``n`` nuclei."""

    haematoxylin: NDArray[np.uint8]
    """``(y, x)`` density in ``LEVELS`` of that of its median nucleus."""

    rest: NDArray[np.uint8]
    """``(y, x)`` everything pink, in ``LEVELS`` of what is usual between nuclei."""

    nucleus_at: NDArray[np.int16]
    """``(y, x)`` row of the nucleus, -1 for none."""

    centre_yx_px: Doubles
    """``(n, 2)`` middle of each nucleus."""

    kind: Codes
    """``(n,)`` as far as size, shape and darkness tell: -1 where they do not."""

    epithelial: Bools
    """``(n,)`` large nuclei all around: membranes may be drawn about it."""

    doubtful: Bools
    """``(n,)`` cut by the edge of the field, or of a shape that more nuclei than one may have."""

    unlabelled: Mask
    """``(y, x)`` dark as a nucleus, but without a label: nobody knows."""

    glass: Mask

    trusted: bool
    """Labels and colours are good enough to teach."""


@cache
def training_photographs(data: Path) -> dict[Source, tuple[Path, ...]]:
    """List the fields that may teach, by set; a set that is not there is left out.

    Parameters
    ----------
    data
        Folder with some of ``tnbc/{images,labels}``, ``nuinsseg/{images,masks}``, ``dsb/{images,labels}``.

    Raises
    ------
    UsageError
        If none of the sets is there.
    """
    return _present(data, {source: _split(source, paths)[0] for source, paths in _all(data).items()})


@cache
def held_back_photographs(data: Path) -> dict[Source, tuple[Path, ...]]:
    """List the fields that never teach, by set, as ``training_photographs`` does the others."""
    return _present(data, {source: _split(source, paths)[1] for source, paths in _all(data).items()})


def _all(data: Path) -> dict[Source, tuple[Path, ...]]:
    return {source: tuple(sorted((data / source / "images").glob("*.*"))) for source in SOURCES}


def _split(source: Source, paths: tuple[Path, ...]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    if source == "dsb":
        return paths, ()
    if source == "nuinsseg":
        taught = int(len(paths) * NUINSSEG_SHARE)
        return paths[:taught], paths[taught:]
    teaches = [path.name[:2] in TRAINING_PATIENTS for path in paths]
    return (
        tuple(path for path, own in zip(paths, teaches, strict=True) if own),
        tuple(path for path, own in zip(paths, teaches, strict=True) if not own),
    )


def _present(data: Path, paths: dict[Source, tuple[Path, ...]]) -> dict[Source, tuple[Path, ...]]:
    if found := {source: files for source, files in paths.items() if files}:
        return found
    raise UsageError(
        f"{data}: holds none of the sets {', '.join(SOURCES)}; give the folder that their folders lie in"
    )


@lru_cache(maxsize=640)
def read_photograph(path: Path) -> Photograph:
    """Read one field and its labels; the process keeps the last few hundred, 0.6 MB or so each.

    Parameters
    ----------
    path
        As listed by ``training_photographs`` or ``held_back_photographs``.

    Raises
    ------
    UsageError
        If the field or its labels cannot be read.
    """
    source: Source = next(name for name in SOURCES if name == path.parents[1].name)
    folder = "masks" if source == "nuinsseg" else "labels"
    rgb = _read(path, cv2.IMREAD_COLOR)[..., ::-1]
    label = _read(path.parents[1] / folder / f"{path.stem}.png", cv2.IMREAD_UNCHANGED)
    if label.shape != rgb.shape[:2]:
        raise UsageError(
            f"{path}: labels are {label.shape}, not a number for each pixel of {rgb.shape[:2]}; fetch both"
        )
    nucleus_at = split_touching(label > 0) if source == "nuinsseg" else label.astype(np.int32) - 1
    white = _WHITE.get(source, white_of(rgb))
    if source == "dsb":
        rgb, nucleus_at, scale = _rescaled(rgb, nucleus_at)
    in_scale = source != "dsb" or _SCALES[0] <= scale <= _SCALES[1]
    return photograph_of(
        rgb, nucleus_at, white, grain_px=_GRAIN_PX[source], glass_shows=source != "dsb", usable=in_scale
    )


def photograph_of(
    rgb: Rgb8,
    nucleus_at: Ints,
    white: Vector,
    *,
    grain_px: float = 0.0,
    glass_shows: bool = True,
    usable: bool = True,
) -> Photograph:
    """Tell apart what a field is made of, and judge its labels.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8 H&E at ``INPUT_MPP_UM``.
    nucleus_at
        ``(y, x)`` int32 number of the nucleus, -1 for none.
    white
        Empty glass.
    grain_px
        Of the smoothing against noise.
    glass_shows
        The palest places are glass, not pale tissue.
    usable
        False keeps the field from being trusted, whatever its labels.
    """
    inside = nucleus_at >= 0
    haematoxylin, rest, glass = separated(rgb, white, inside)
    if not glass_shows:
        glass = np.zeros_like(glass)
    usual = float(np.median(haematoxylin[inside])) if inside.any() else 0.0
    haematoxylin = _crisper(haematoxylin / np.float32(max(usual, 0.05)), grain_px)
    rest = _crisper(in_usual(rest, ~(inside | glass)), grain_px)
    nuclei = judge_nuclei(nucleus_at, haematoxylin)
    unlabelled = unlabelled_nuclei(nuclei.at, haematoxylin)
    labels_hold = nuclei.stand_out and unlabelled.mean() < _MOST_UNLABELLED
    trusted = usable and usual > 0.1 and labels_hold and np.sum(~nuclei.doubtful) >= MIN_NUCLEI
    return Photograph(
        haematoxylin=_levels(haematoxylin),
        rest=_levels(rest),
        nucleus_at=nuclei.at.astype(np.int16),
        centre_yx_px=nuclei.centre_yx_px,
        kind=nuclei.kind,
        epithelial=nuclei.epithelial,
        doubtful=nuclei.doubtful,
        unlabelled=unlabelled,
        glass=glass,
        trusted=bool(trusted),
    )


def separated(rgb: Rgb8, white: Vector, nuclear: Mask) -> tuple[Floats, Floats, Mask]:
    """Tell the stains of an H&E field apart.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8.
    white
        Empty glass.
    nuclear
        ``(y, x)`` inside nuclei: their colour is taken for that of haematoxylin.

    Returns
    -------
    Floats, Floats, Mask
        ``(y, x)`` density of haematoxylin, density of all that is pinker, and where glass is.
    """
    tables = density_tables(white)
    red, green = (tables[c].astype(np.float32)[rgb[..., c]] for c in (0, 1))
    of_red = float(np.median(red[nuclear])) if nuclear.any() else 0.0
    ratio = float(np.median(green[nuclear])) / of_red if of_red > 0 else 0.0
    haematoxylin_red_green = np.array([1.0, np.clip(ratio, *_GREEN_OF_HAEMATOXYLIN)])
    haematoxylin_red_green /= np.linalg.norm([*haematoxylin_red_green, 0.4])
    weights = np.linalg.inv(np.array([haematoxylin_red_green, EOSIN_RED_GREEN])).astype(np.float32)
    haematoxylin, rest = (np.maximum(red * w[0] + green * w[1], 0) for w in weights.T)
    # Over 1 µm: a pale spot within a cell is no glass.
    soft = cv2.GaussianBlur((red + green) / 2, (0, 0), 1.0 / INPUT_MPP_UM)
    return haematoxylin, rest, np.asarray(soft < _GLASS_OD)


def in_usual(rest: Floats, between: Mask) -> Floats:
    """Express what is pink in units of what is usual between nuclei; what is much more is damped, to 2."""
    usual = float(np.quantile(rest[between], 0.75)) if between.any() else 0.0
    return np.asarray(2 * (1 - np.exp(rest / np.float32(-2 * max(usual, 0.03)))), np.float32)


def white_of(rgb: Rgb8) -> Vector:
    """Take the palest half per cent of a field, a little blurred, for its white."""
    soft = cv2.GaussianBlur(rgb, (0, 0), 1.5).reshape(-1, 3)
    red, green, blue = np.clip(np.percentile(soft, 99.5, axis=0), 64, 255)
    return float(red), float(green), float(blue)


def _rescaled(rgb: Rgb8, nucleus_at: Ints) -> tuple[Rgb8, Ints, float]:
    """Bring the median nucleus to ``_NUCLEUS_UM``; the factor is 0 where there is none."""
    area_px = np.bincount(nucleus_at[nucleus_at >= 0])
    if not len(area_px):
        return rgb, nucleus_at, 0.0
    diameter_px = float(2 * np.sqrt(np.median(area_px[area_px > 0]) / np.pi))
    scale = _NUCLEUS_UM / INPUT_MPP_UM / diameter_px
    kept = float(np.clip(scale, *_SCALES))
    method = cv2.INTER_AREA if kept < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(rgb, None, fx=kept, fy=kept, interpolation=method), np.uint8)
    size = (resized.shape[1], resized.shape[0])
    labels = cv2.resize(nucleus_at.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    return resized, labels.astype(np.int32), scale


def _crisper(plane: Floats, grain_px: float) -> Floats:
    calm = cv2.GaussianBlur(plane, (0, 0), grain_px) if grain_px else plane
    return np.asarray(calm + _CRISPER * (calm - cv2.GaussianBlur(calm, (0, 0), SHARPENING_UM / INPUT_MPP_UM)))


def _levels(plane: Floats) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(plane * LEVELS), 0, 255), np.uint8)


def _read(path: Path, mode: int) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), mode)
    if image is None:
        raise UsageError(f"{path}: is missing or no picture; fetch the set again")
    return np.asarray(image)
