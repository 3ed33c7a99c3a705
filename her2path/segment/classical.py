"""The classical segmenter: rules on stain planes, integer filters, no per-cell loop."""

from dataclasses import dataclass

import cv2
import numpy as np

from her2path.arrays import Bools, Ints, Rgb8
from her2path.cells.maps import CellMaps
from her2path.image.geometry import PixelSize, Tile, scales_for
from her2path.image.stains import StainMatrix, dab_plane, stain_planes
from her2path.segment.kinds import kind_evidence
from her2path.segment.membranes import cell_contours
from her2path.segment.nuclei import find_nuclei

HALO_UM = 56.0
"""A cell's contour depends on the nuclei within 26 µm (two largest cells), each of those on seeds within 8 µm
(the largest nucleus), each seed on a contour of 8 µm and on filters that reach 11 µm (three sigma of the
surround, closing, smoothing)."""


@dataclass(frozen=True, slots=True)
class ClassicalSegmenter:
    """Nuclei as haematoxylin spots, membranes as the best closed line of DAB round each."""

    name: str = "classical"
    halo_um: float = HALO_UM

    def __call__(self, rgb: Rgb8, tile: Tile, pixel_size: PixelSize, stains: StainMatrix) -> CellMaps:
        """Find the cells of one tile; see ``Segmenter``."""
        scales = scales_for(pixel_size)
        mpp_yx_um = (pixel_size.y_um, pixel_size.x_um)
        haematoxylin, dab_coarse = stain_planes(_shrink(rgb, scales.nucleus), stains)
        nucleus_mpp = (mpp_yx_um[0] * scales.nucleus, mpp_yx_um[1] * scales.nucleus)
        nuclei = find_nuclei(haematoxylin, dab_coarse, nucleus_mpp)
        # Smoothing the colours costs a third of smoothing the density, and is as independent of the tiling.
        smooth = cv2.GaussianBlur(_shrink(rgb, scales.membrane), (3, 3), 0)
        dab = dab_plane(np.asarray(smooth, np.uint8), stains)
        membrane_mpp = (mpp_yx_um[0] * scales.membrane, mpp_yx_um[1] * scales.membrane)
        ratio = scales.nucleus // scales.membrane
        y, x = (axis * ratio + ratio // 2 for axis in (nuclei.y, nuclei.x))
        cell_radii_um = cell_contours(dab, y, x, nuclei.radii_um, membrane_mpp)
        evidence = kind_evidence(haematoxylin, dab_coarse, nuclei, nucleus_mpp)
        y_px = tile.read.y_px + y * scales.membrane + scales.membrane // 2
        x_px = tile.read.x_px + x * scales.membrane + scales.membrane // 2
        owned = _in_core(y_px, x_px, tile)
        return CellMaps(
            y_px=y_px[owned],
            x_px=x_px[owned],
            nucleus_radii_um=nuclei.radii_um[owned],
            cell_radii_um=cell_radii_um[owned],
            evidence=evidence.take(owned),
            dab=dab,
            y0_px=tile.read.y_px,
            x0_px=tile.read.x_px,
            scale=scales.membrane,
        )


def _shrink(rgb: Rgb8, factor: int) -> Rgb8:
    """Average whole blocks of ``factor`` × ``factor`` pixels; the tile plan makes the edge a multiple."""
    if factor == 1:
        return rgb
    height, width = rgb.shape[0] // factor, rgb.shape[1] // factor
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _in_core(y_px: Ints, x_px: Ints, tile: Tile) -> Bools:
    core = tile.core
    owned: Bools = (
        (y_px >= core.y_px) & (y_px < core.bottom_px) & (x_px >= core.x_px) & (x_px < core.right_px)
    )
    return owned
