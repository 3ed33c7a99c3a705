"""Tumour, stroma or lymphocyte: what a nucleus says for itself, and what its neighbours add.

To the classical segmenter a tumour nucleus is large and lies in solid cytoplasm; a stromal one lies among
gaps. A network gives the probability of every kind. Of both, the neighbours settle most of what is left.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from her2path.arrays import OD_STEP, Bools, Codes, Doubles, Floats, Ints, Plane16
from her2path.cells.columns import Columns
from her2path.cells.contours import ray_directions
from her2path.cells.rays import median_sample, ranked_samples
from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, STROMA, TUMOUR
from her2path.compiled import compiled
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

AT_A_TIME = 1 << 16
"""Cells whose neighbours are looked up at a time: of a million at once they would take half a gigabyte."""

PIXEL_WEIGHT = 1.5
"""Of what the pixels say of a cell that a network has seen. Set, with the two below, on boxes drawn on three
real cores and on phantoms: pale tumour is found, and stroma stays out (docs/decisions/0015-both-grade.md)."""

NETWORK_NEIGHBOUR_WEIGHT = 2.5
"""As ``NEIGHBOUR_WEIGHT``, where a network has seen the cells: fewer of them are wrong."""

SURE = 0.02
"""A network is never believed to be surer than this: it was taught on drawn slides."""


@dataclass(frozen=True, eq=False)
class KindEvidence(Columns):
    """What the classical segmenter sees of each nucleus, before the rest of the slide is heard; ``(n,)``."""

    shape_logit: Floats
    """Log odds of tumour from size and shape."""

    nucleus_od: Floats
    """Mean haematoxylin density within the contour."""

    contrast_od: Floats
    """That, less the median haematoxylin density just around the nucleus."""

    gap_od: Floats
    """Density of the palest part of the surroundings: near glass among gaps, cytoplasm in a nest."""

    otherwise: Codes
    """What the cell is if it is not tumour."""


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
    n_rays = nuclei.radii_um.shape[1]
    within, around_h, around = _read(
        np.ascontiguousarray(haematoxylin),
        np.ascontiguousarray(dab),
        np.stack([nuclei.y, nuclei.x]),
        np.ascontiguousarray(nuclei.radii_um),
        np.array([*((share, 0.0) for share in INNER), *((1.0, beyond_um) for beyond_um in AROUND_UM)]),
        len(INNER),
        np.ascontiguousarray((ray_directions(n_rays) / np.asarray(mpp_yx_um, float)).T),
    )
    nucleus_od, nucleus_dab_od = within / (len(INNER) * n_rays) * OD_STEP
    gap_od = ranked_samples(around[None], (int(GAP_QUANTILE * len(around)),))[0] * OD_STEP

    size = _capped((polygon_area_um2(nuclei.radii_um) - AREA_UM2) / AREA_SPREAD_UM2)
    slender = np.clip(SLENDER_WEIGHT * (elongation(nuclei.radii_um) - SLENDER), 0.0, PENALTY_CAP)
    # Red cells and pigment are as brown as they are blue, and lie in gaps.
    foreign = (nucleus_dab_od > nucleus_od) & (gap_od < SOLID_OD)
    spindle = (slender > 0) | (size > 1)
    return KindEvidence(
        shape_logit=(size - slender).astype(np.float32),
        nucleus_od=nucleus_od.astype(np.float32),
        contrast_od=(nucleus_od - median_sample(around_h[None]) * OD_STEP).astype(np.float32),
        gap_od=gap_od.astype(np.float32),
        otherwise=np.select([foreign, spindle], [OTHER, STROMA], LYMPHOCYTE).astype(np.int8),
    )


@compiled
def _read(
    haematoxylin: Plane16,
    dab: Plane16,
    at: Ints,
    radii_um: Floats,
    reached: Doubles,
    n_inner: int,
    per_um: Doubles,
) -> tuple[Ints, Plane16, Ints]:
    """Read both stains in and around each of ``n`` nuclei, from the pixels that ``sample_rays`` would take.

    ``at`` ``(2, n)`` is y and x, ``reached`` ``(steps, 2)`` how many times its radius and how many µm more
    a ray goes, ``per_um`` ``(2, rays)`` how many pixels of y and of x make 1 µm of it. Gives the sum of each
    stain over the first ``n_inner`` steps, ``(2, n)``, and at the places of the others, ``(places, n)``,
    haematoxylin and both together.
    """
    of_h, of_dab = haematoxylin.ravel(), dab.ravel()
    last_y, last_x, width = dab.shape[0] - 1.0, dab.shape[1] - 1.0, dab.shape[1]
    n, n_rays = radii_um.shape
    n_places, n_within = len(reached) * n_rays, n_inner * n_rays
    within = np.empty((2, n), np.int32)
    around_h = np.empty((n_places - n_within, n), np.uint16)
    around = np.empty(around_h.shape, np.int32)
    pixel = np.empty(n_places, np.float64)
    for cell in range(n):
        at_y, at_x, radius_um = float(at[0, cell]), float(at[1, cell]), radii_um[cell]
        for step in range(len(reached)):
            times, more_um = reached[step]
            on_rays = pixel[step * n_rays : (step + 1) * n_rays]
            for ray in range(n_rays):
                away_um = radius_um[ray] * times + more_um
                row = np.rint(away_um * per_um[0, ray]) + at_y
                column = np.rint(away_um * per_um[1, ray]) + at_x
                # In this order what is no number becomes 0 and is never looked up beyond the plane.
                on_rays[ray] = min(max(0.0, row), last_y) * width + min(max(0.0, column), last_x)
        sum_h, sum_dab = 0, 0
        for place in range(n_within):
            here = np.uint64(np.int64(pixel[place]))
            sum_h += of_h[here]
            sum_dab += of_dab[here]
        within[0, cell], within[1, cell] = sum_h, sum_dab
        for place in range(len(around)):
            here = np.uint64(np.int64(pixel[n_within + place]))
            around_h[place, cell] = of_h[here]
            around[place, cell] = np.int32(of_h[here]) + of_dab[here]
    return within, around_h, around


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
    own, no_nucleus = _own(evidence)
    logit = own + NEIGHBOUR_WEIGHT * _heard(at_um, np.clip(own, -NEIGHBOUR_CAP, NEIGHBOUR_CAP), ~no_nucleus)
    never = no_nucleus | (evidence.otherwise == OTHER)
    probability = np.where(never, 0.0, 1.0 / (1.0 + np.exp(-logit)))
    kind = np.select([no_nucleus, probability > 0.5], [OTHER, TUMOUR], evidence.otherwise).astype(np.int8)
    return kind, probability.astype(np.float32)


def _own(evidence: KindEvidence) -> tuple[Doubles, Bools]:
    """Log odds of tumour that each cell's own pixels give, and which of them are no nucleus: ``(n,)``."""
    strength = min(1.0, max(float(np.median(evidence.nucleus_od)), OD_STEP) / USUAL_NUCLEUS_OD)
    solid = _capped((evidence.gap_od.astype(np.float64) / strength - SOLID_OD) / SOLID_SPREAD_OD)
    dark = np.clip((evidence.nucleus_od / strength - DARK_OD) / DARK_SPREAD_OD, 0.0, PENALTY_CAP)
    contrast = evidence.contrast_od / max(float(np.median(evidence.contrast_od)), OD_STEP)
    doubt = np.clip((SPOT_RATIO - contrast) / SPOT_SPREAD, 0.0, PENALTY_CAP)
    return evidence.shape_logit + solid - dark - doubt, contrast < NO_SPOT_RATIO


@dataclass(frozen=True, eq=False)
class NetworkEvidence(KindEvidence):
    """What a network says of each nucleus, beside what its pixels say."""

    probabilities: Floats
    """``(n, kinds)`` in the order of ``cells.vocabulary.KINDS``; each row sums to 1."""


def settle_with_network(at_um: Doubles, evidence: NetworkEvidence) -> tuple[Codes, Floats]:
    """Kind of every cell of a slide that a network has seen, its neighbours heard; see ``settle_kinds``.

    The network knows shapes and textures, the pixels know whether a cell lies in solid tissue or among gaps
    and are judged by the slide's own measure: their log odds are added.
    """
    if not len(evidence):
        return np.zeros(0, np.int8), np.zeros(0, np.float32)
    says = evidence.probabilities.astype(np.float64)
    sure = np.clip(says[:, TUMOUR], SURE, 1 - SURE)
    network = np.log(sure / (1 - sure))
    otherwise = 1 + np.argmax(says[:, 1:], axis=1)
    pixels, no_nucleus = _own(evidence)
    own = network + PIXEL_WEIGHT * pixels
    is_cell = ((network > 0) | (otherwise != OTHER)) & ~no_nucleus
    heard = _heard(at_um, np.clip(own, -NEIGHBOUR_CAP, NEIGHBOUR_CAP), is_cell)
    probability = 1.0 / (1.0 + np.exp(-(own + NETWORK_NEIGHBOUR_WEIGHT * heard)))
    kind = np.where(probability > 0.5, TUMOUR, otherwise).astype(np.int8)
    return kind, probability.astype(np.float32)


def _heard(at_um: Doubles, says: Doubles, counts: Bools) -> Doubles:
    """Mean of what the nearest neighbours say, of those that count; 0 where there is none."""
    if len(says) < 2:
        return np.zeros(len(says))
    k = min(NEIGHBOURS, len(says) - 1) + 1
    tree = cKDTree(at_um)
    mean = np.empty(len(says))
    for first in range(0, len(says), AT_A_TIME):
        some = slice(first, first + AT_A_TIME)
        # On all cores: nothing else of the slide can go on meanwhile.
        found = tree.query(at_um[some], k=k, distance_upper_bound=NEIGHBOUR_REACH_UM, workers=-1)
        apart_um, index = np.asarray(found[0])[:, 1:], np.minimum(np.asarray(found[1])[:, 1:], len(says) - 1)
        near = np.isfinite(apart_um) & counts[index]
        mean[some] = np.sum(np.where(near, says[index], 0.0), axis=1) / np.maximum(np.sum(near, axis=1), 1)
    return mean
