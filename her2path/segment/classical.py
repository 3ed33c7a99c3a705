"""The classical segmenter: rules on stain planes, integer filters, no per-cell loop."""

from dataclasses import dataclass

import numpy as np

from her2path.arrays import Codes, Doubles, Floats, Rgb8
from her2path.cells.columns import Columns
from her2path.cells.maps import CellMaps
from her2path.image.geometry import PixelSize, Tile, scales_for
from her2path.image.resample import shrink
from her2path.image.stains import StainMatrix, stain_planes
from her2path.segment.kinds import KindEvidence, kind_evidence, settle_kinds
from her2path.segment.membranes import cell_contours, membrane_plane, search_between
from her2path.segment.nuclei import find_nuclei
from her2path.segment.protocol import Weights

HALO_UM = 56.0
"""A cell's contour depends on the nuclei within 26 µm (two largest cells), each of those on seeds within 8 µm
(the largest nucleus), each seed on a contour of 8 µm and on filters that reach 11 µm (three sigma of the
surround, closing, smoothing)."""


@dataclass(frozen=True, slots=True)
class ClassicalSegmenter:
    """Nuclei as haematoxylin spots, membranes as the best closed line of DAB round each."""

    name: str = "classical"
    halo_um: float = HALO_UM
    device: str = "cpu"
    weights: Weights | None = None

    def __call__(self, rgb: Rgb8, tile: Tile, pixel_size: PixelSize, stains: StainMatrix) -> CellMaps:
        """Find the cells of one tile; see ``Segmenter``."""
        scales = scales_for(pixel_size)
        mpp_yx_um = (pixel_size.y_um, pixel_size.x_um)
        haematoxylin, dab_coarse = stain_planes(shrink(rgb, scales.nucleus), stains)
        nucleus_mpp = (mpp_yx_um[0] * scales.nucleus, mpp_yx_um[1] * scales.nucleus)
        nuclei = find_nuclei(haematoxylin, dab_coarse, nucleus_mpp)
        dab = membrane_plane(shrink(rgb, scales.membrane), stains)
        membrane_mpp = (mpp_yx_um[0] * scales.membrane, mpp_yx_um[1] * scales.membrane)
        ratio = scales.nucleus // scales.membrane
        y, x = (axis * ratio + ratio // 2 for axis in (nuclei.y, nuclei.x))
        search = search_between(y, x, nuclei.radii_um, membrane_mpp)
        cell_radii_um = cell_contours(dab, y, x, search, membrane_mpp)
        evidence = kind_evidence(haematoxylin, dab_coarse, nuclei, nucleus_mpp)
        y_px = tile.read.y_px + y * scales.membrane + scales.membrane // 2
        x_px = tile.read.x_px + x * scales.membrane + scales.membrane // 2
        owned = tile.owns(y_px, x_px)
        unasked = np.full(np.count_nonzero(owned), np.nan, np.float32)
        return CellMaps(
            y_px=y_px[owned],
            x_px=x_px[owned],
            nucleus_radii_um=nuclei.radii_um[owned],
            cell_radii_um=cell_radii_um[owned],
            membrane_seen=np.full((len(unasked), nuclei.radii_um.shape[1]), np.nan, np.float32),
            network_od=unasked,
            network_completeness=unasked,
            evidence=evidence.take(owned),
            dab=dab,
            y0_px=tile.read.y_px,
            x0_px=tile.read.x_px,
            scale=scales.membrane,
        )

    def settle(self, at_um: Doubles, evidence: Columns) -> tuple[Codes, Floats]:
        """Settle the kind of every cell of a slide; see ``Segmenter``."""
        assert isinstance(evidence, KindEvidence)
        return settle_kinds(at_um, evidence)
