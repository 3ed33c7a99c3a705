"""The plain recipe: what a few calls of scikit-image make of a HER2 slide.

    python benchmarks/peers/plain.py SLIDE... --out DIR [--mpp X]

Colour deconvolution with scikit-image's own H-DAB vectors, Otsu's threshold on haematoxylin, a watershed on
the distance to the background, 5 µm of expansion for the cell, the mean DAB density of the cell's rim graded
at 0.2, 0.4 and 0.6, and the 10 % rule. It knows no tumour, no membrane and no glass: every nucleus counts.
Leaves ``DIR/NAME/cells.parquet`` and ``score.json`` with those names of the contract that it can fill.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import ndimage
from skimage.color import hdx_from_rgb, separate_stains
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import regionprops_table
from skimage.morphology import remove_small_objects
from skimage.segmentation import expand_labels, find_boundaries, watershed
from skimage.transform import downscale_local_mean

from her2path.errors import Her2pathError
from her2path.image.geometry import Region
from her2path.slides.open import open_slide
from her2path.slides.protocol import Slide

OD_PER_UNIT = 6.0
"""``separate_stains`` divides natural logarithms by ln(1e-6), that is by -6 ln(10): its unit is six optical
densities, base 10, measured from a white of 255."""

WORKING_UM = 0.5
"""The requested pixel size of QuPath's cell detection; whole pixels are averaged to about this."""

SMOOTH_UM = 0.75
MIN_NUCLEUS_UM2 = 20.0
APART_UM = 3.0
"""Smoothing of the haematoxylin, smallest nucleus, closest two nuclei: half of, less than and half of a small
lymphocyte."""

EXPANSION_UM = 5.0
"""QuPath's default cell expansion."""

CUT_OFFS_OD = (0.2, 0.4, 0.6)
"""QuPath's cut-offs of 1+, 2+ and 3+."""

SHARE = 0.10
"""A grade reached by more than this share of the cells is the score."""


def read_cells(slide: Slide) -> pa.Table:
    """Find and grade every nucleus; places in level-0 pixels."""
    full = slide.levels[0]
    rgb = slide.read(Region(0, 0, full.height_px, full.width_px))
    factor = max(1, round(WORKING_UM / slide.pixel_size.mean_um))
    mpp_um = slide.pixel_size.mean_um * factor
    small = downscale_local_mean(rgb, (factor, factor, 1)).astype(np.float32) / 255
    haematoxylin, dab = stain_densities(small)

    smooth = gaussian(haematoxylin, SMOOTH_UM / mpp_um)
    dark = smooth > threshold_otsu(smooth)
    nuclei_mask = remove_small_objects(dark, max_size=int(MIN_NUCLEUS_UM2 / mpp_um**2))
    depth = gaussian(ndimage.distance_transform_edt(nuclei_mask), 1.0)
    peaks = peak_local_max(
        depth, min_distance=max(1, round(APART_UM / mpp_um)), labels=nuclei_mask.astype(int)
    )
    seeds = np.zeros(nuclei_mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    nuclei = watershed(-depth, seeds, mask=nuclei_mask)
    cells = expand_labels(nuclei, EXPANSION_UM / mpp_um)
    rim = cells * find_boundaries(cells, mode="thick")  # one pixel of each cell, along its border

    found = regionprops_table(nuclei, properties=("label", "centroid", "area"))
    rim_od = np.zeros(0) if not len(peaks) else ndimage.mean(dab, rim, found["label"])
    y_px, x_px = (np.floor((found[f"centroid-{axis}"] + 0.5) * factor).astype(np.int32) for axis in (0, 1))
    n = len(y_px)
    return pa.table(
        {
            "cell_id": y_px.astype(np.int64) * full.width_px + x_px,
            "y_px": y_px,
            "x_px": x_px,
            "kind": pa.array(["tumour"] * n, pa.string()),
            "counted": np.ones(n, bool),
            "membrane_od": rim_od.astype(np.float32),
            "grade": np.searchsorted(CUT_OFFS_OD, rim_od, side="right").astype(np.int8),
            "nucleus_area_um2": (found["area"] * mpp_um**2).astype(np.float32),
        }
    )


def stain_densities(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Haematoxylin and DAB, base-10 optical density, of ``(y, x, 3)`` colours from 0 to 1."""
    haematoxylin, dab, _ = np.moveaxis(separate_stains(rgb, hdx_from_rgb) * OD_PER_UNIT, -1, 0)
    return haematoxylin, dab


def score_of(grade: np.ndarray) -> str | None:
    """Apply the 10 % rule; None without cells."""
    if not len(grade):
        return None
    reached = [level for level in (3, 2, 1) if np.mean(grade >= level) > SHARE]
    return f"{reached[0]}+" if reached else "0"


def write(path: Path, out: Path, mpp_um: tuple[float, float] | None) -> None:
    """Read one slide and leave its folder."""
    started = time.perf_counter()
    cells = read_cells(open_slide(path, mpp_um=mpp_um))
    folder = out / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(cells, folder / "cells.parquet", compression="zstd")
    grade = cells["grade"].to_numpy()
    shares = {f"grade {level}": float(np.mean(grade == level)) for level in range(4)} if len(grade) else None
    score = {
        "slide_id": path.stem,
        "status": "scored" if len(grade) else "not_evaluable",
        "score": score_of(grade),
        "category": None,
        "n_cells": len(grade),
        "fractions": shares,
        "flags": [],
        "engine": "plain",
        "seconds": round(time.perf_counter() - started, 3),
    }
    (folder / "score.json").write_text(json.dumps(score, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slides", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mpp", type=float, help="µm per pixel, for images that do not tell it")
    options = parser.parse_args()
    failed = 0
    for path in options.slides:
        try:
            write(path, options.out, None if options.mpp is None else (options.mpp, options.mpp))
        except Her2pathError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
