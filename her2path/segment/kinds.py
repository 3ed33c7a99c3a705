"""Tumour, stroma or lymphocyte: what a nucleus says for itself, and what its neighbours add.

A tumour nucleus is large and lies in solid cytoplasm; a stromal one lies among gaps. The neighbours settle
most of what is left.
"""

import numpy as np
from scipy.spatial import cKDTree

from her2path.arrays import OD_STEP, Bools, Codes, Doubles, Floats, Plane16
from her2path.cells.maps import KindEvidence
from her2path.cells.rays import sample_rays
from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, STROMA, TUMOUR
from her2path.segment.nuclei import Nuclei
from her2path.segment.rays import elongation, polygon_area_um2

INNER = (0.2, 0.4, 0.6, 0.8)
"""Where between centre and contour a nucleus is read."""

AROUND_UM = (1.0, 2.2, 3.4)
"""Where beyond its contour the cytoplasm is read."""

GAP_QUANTILE = 0.15
"""The palest sixth of the surroundings: near glass where there are gaps, cytoplasm where there are none."""

AREA_UM2, AREA_SPREAD_UM2 = 24.0, 10.0
SOLID_OD, SOLID_SPREAD_OD = 0.016, 0.012
"""Where tumour and stroma part on three real cores, and the change that makes one unit of log odds. Medians:
nuclei 27–36 against 17–21 µm², palest sixth of the surroundings 0.034–0.091 against 0.001–0.005 OD."""

USUAL_NUCLEUS_OD = 0.12
"""Median nucleus of the palest of the three cores. A paler slide is scaled up to it: one breast field reads
0.066."""

EVIDENCE_CAP = 2.5
"""Size and surroundings count up to this each: no single feature decides."""

SLENDER, SLENDER_WEIGHT = 1.9, 7.0
"""Axis ratio from which a nucleus looks like a fibroblast's; real tumour nuclei's 90th percentile."""

DARK_OD, DARK_SPREAD_OD = 0.22, 0.03
"""Lymphocytes are darker than this; real tumour nuclei's 90th percentile is 0.15 to 0.22."""

PENALTY_CAP = 4.0
SPOT_RATIO, SPOT_SPREAD, NO_SPOT_RATIO = 0.5, 0.1, 0.3
"""Contrast of a nucleus against its surroundings over the slide's median: doubtful below the first, and below
the last no nucleus at all but a patch of cytoplasm between membranes."""

NEIGHBOURS = 8
NEIGHBOUR_REACH_UM = 25.0
NEIGHBOUR_WEIGHT, NEIGHBOUR_CAP = 1.5, 2.0


def kind_evidence(
    haematoxylin: Plane16, dab: Plane16, nuclei: Nuclei, mpp_yx_um: tuple[float, float]
) -> KindEvidence:
    """Hear what each nucleus says for itself: size, shape, darkness, and what it lies in.

    Parameters
    ----------
    haematoxylin, dab
        ``(y, x)`` uint16 on the nucleus grid.
    nuclei
        ``n`` nuclei on that grid.
    mpp_yx_um
        Pixel size of the grid.
    """

    def read(plane: Plane16, radii_um: Doubles) -> Doubles:
        samples = sample_rays(plane, nuclei.y, nuclei.x, radii_um, mpp_yx_um)
        density = samples.reshape(len(samples), radii_um.shape[1] * radii_um.shape[2]) * OD_STEP
        return np.asarray(density, np.float64)

    within_um = nuclei.radii_um[:, :, None] * np.asarray(INNER)
    around_um = nuclei.radii_um[:, :, None] + np.asarray(AROUND_UM)
    nucleus_od = np.mean(read(haematoxylin, within_um), axis=1)
    nucleus_dab_od = np.mean(read(dab, within_um), axis=1)
    around_h = read(haematoxylin, around_um)
    surroundings_od = around_h + read(dab, around_um)
    rank = int(GAP_QUANTILE * surroundings_od.shape[1])
    gap_od = np.partition(surroundings_od, rank, axis=1)[:, rank]

    size = _capped((polygon_area_um2(nuclei.radii_um) - AREA_UM2) / AREA_SPREAD_UM2)
    slender = np.clip(SLENDER_WEIGHT * (elongation(nuclei.radii_um) - SLENDER), 0.0, PENALTY_CAP)
    # Red cells and pigment are as brown as they are blue, and lie in gaps.
    foreign = (nucleus_dab_od > nucleus_od) & (gap_od < SOLID_OD)
    spindle = (slender > 0) | (size > 1)
    return KindEvidence(
        shape_logit=(size - slender).astype(np.float32),
        nucleus_od=nucleus_od.astype(np.float32),
        contrast_od=(nucleus_od - np.median(around_h, axis=1)).astype(np.float32),
        gap_od=gap_od.astype(np.float32),
        otherwise=np.select([foreign, spindle], [OTHER, STROMA], LYMPHOCYTE).astype(np.int8),
    )


def _capped(log_odds: Doubles) -> Doubles:
    capped: Doubles = np.clip(log_odds, -EVIDENCE_CAP, EVIDENCE_CAP)
    return capped


def settle_kinds(at_um: Doubles, evidence: KindEvidence) -> tuple[Codes, Floats]:
    """Kind of every cell of a slide, its neighbours heard.

    A pale slide is judged by its own measure: densities are scaled to those of a usual slide, never down.
    Tumour grows in nests: the mean log odds of the nearest cells count ``NEIGHBOUR_WEIGHT`` times as much as
    the cell's own. Slide-wide, so that no tile border cuts a neighbourhood.

    Parameters
    ----------
    at_um
        ``(n, 2)`` positions, in the order of the table.
    evidence
        ``n`` rows.

    Returns
    -------
    tuple of (Codes, Floats)
        ``(n,)`` kind, and ``(n,)`` probability of tumour.
    """
    if not len(evidence):
        return np.zeros(0, np.int8), np.zeros(0, np.float32)
    strength = min(1.0, max(float(np.median(evidence.nucleus_od)), OD_STEP) / USUAL_NUCLEUS_OD)
    solid = _capped((evidence.gap_od.astype(np.float64) / strength - SOLID_OD) / SOLID_SPREAD_OD)
    dark = np.clip((evidence.nucleus_od / strength - DARK_OD) / DARK_SPREAD_OD, 0.0, PENALTY_CAP)
    contrast = evidence.contrast_od / max(float(np.median(evidence.contrast_od)), OD_STEP)
    no_nucleus = contrast < NO_SPOT_RATIO
    doubt = np.clip((SPOT_RATIO - contrast) / SPOT_SPREAD, 0.0, PENALTY_CAP)
    own = evidence.shape_logit + solid - dark - doubt
    logit = own + NEIGHBOUR_WEIGHT * _heard(at_um, np.clip(own, -NEIGHBOUR_CAP, NEIGHBOUR_CAP), ~no_nucleus)
    never = no_nucleus | (evidence.otherwise == OTHER)
    probability = np.where(never, 0.0, 1.0 / (1.0 + np.exp(-logit)))
    kind = np.select([no_nucleus, probability > 0.5], [OTHER, TUMOUR], evidence.otherwise).astype(np.int8)
    return kind, probability.astype(np.float32)


def _heard(at_um: Doubles, says: Doubles, counts: Bools) -> Doubles:
    """Mean of what the nearest neighbours say, of those that count; 0 where there is none."""
    if len(says) < 2:
        return np.zeros(len(says))
    k = min(NEIGHBOURS, len(says) - 1) + 1
    found = cKDTree(at_um).query(at_um, k=k, distance_upper_bound=NEIGHBOUR_REACH_UM)
    apart_um, index = np.asarray(found[0])[:, 1:], np.minimum(np.asarray(found[1])[:, 1:], len(says) - 1)
    near = np.isfinite(apart_um) & counts[index]
    mean: Doubles = np.sum(np.where(near, says[index], 0.0), axis=1) / np.maximum(np.sum(near, axis=1), 1)
    return mean
