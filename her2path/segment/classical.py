"""The classical segmenter: rules on stain planes, integer filters, no per-cell loop."""

from dataclasses import dataclass

import numpy as np

from her2path.arrays import Codes, Doubles, Floats, Rgb8
from her2path.cells.columns import Columns
from her2path.cells.maps import CellMaps, CoarseTile
from her2path.image.geometry import PixelSize, Tile, scales_for
from her2path.image.resample import shrink
from her2path.image.stains import StainMatrix, membrane_plane, stain_planes
from her2path.segment.kinds import KindEvidence, kind_evidence, settle_kinds
from her2path.segment.membranes import cell_contours, near_core, search_between
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
        small = shrink(rgb, scales.nucleus)
        coarse = CoarseTile(small, *stain_planes(small, stains))
        nucleus_mpp = (mpp_yx_um[0] * scales.nucleus, mpp_yx_um[1] * scales.nucleus)
        nuclei = find_nuclei(coarse.haematoxylin, coarse.dab, nucleus_mpp)
        y_px = tile.read.y_px + nuclei.y * scales.nucleus + scales.nucleus // 2
        x_px = tile.read.x_px + nuclei.x * scales.nucleus + scales.nucleus // 2
        owned = tile.owns(y_px, x_px)
        near = near_core(tile, pixel_size)
        dab = membrane_plane(shrink(rgb[near.within(tile.read)], scales.membrane), stains)
        y, x = (y_px - near.y_px) // scales.membrane, (x_px - near.x_px) // scales.membrane
        membrane_mpp = (mpp_yx_um[0] * scales.membrane, mpp_yx_um[1] * scales.membrane)
        search = search_between(y, x, nuclei.radii_um, membrane_mpp, wanted=owned)
        nuclei = nuclei.take(owned)
        unasked = np.full(len(nuclei), np.nan, np.float32)
        return CellMaps(
            y_px=y_px[owned],
            x_px=x_px[owned],
            nucleus_radii_um=nuclei.radii_um,
            cell_radii_um=cell_contours(dab, y[owned], x[owned], search, membrane_mpp),
            membrane_seen=np.full((len(unasked), nuclei.radii_um.shape[1]), np.nan, np.float32),
            network_od=unasked,
            network_completeness=unasked,
            evidence=kind_evidence(coarse.haematoxylin, coarse.dab, nuclei, nucleus_mpp),
            coarse=coarse,
            dab=dab,
            y0_px=near.y_px,
            x0_px=near.x_px,
            scale=scales.membrane,
        )

    def settle(self, at_um: Doubles, evidence: Columns) -> tuple[Codes, Floats]:
        """Settle the kind of every cell of a slide; see ``Segmenter``."""
        assert isinstance(evidence, KindEvidence)
        return settle_kinds(at_um, evidence)
