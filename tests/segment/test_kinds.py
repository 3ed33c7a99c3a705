"""Large nuclei in solid cytoplasm are tumour, small dark ones are not, and neighbours are heard."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.arrays import OD_STEP, Doubles, Plane16
from her2path.cells.rays import Samples, sample_rays
from her2path.cells.table import N_RAYS
from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, STROMA, TUMOUR
from her2path.segment import kinds
from her2path.segment.kinds import (
    SOLID_OD,
    USUAL_NUCLEUS_OD,
    KindEvidence,
    NetworkEvidence,
    kind_evidence,
    settle_kinds,
    settle_with_network,
)
from her2path.segment.nuclei import Nuclei, find_nuclei

if TYPE_CHECKING:
    from tests.segment.conftest import Canvas

MPP = (0.5, 0.5)


def evidence(canvas: "Canvas") -> KindEvidence:
    planes = canvas.planes
    nuclei = find_nuclei(*planes, MPP)
    found = kind_evidence(*planes, nuclei, MPP)
    return found.take(np.array([np.argmax(found.contrast_od)]))


def alone(found: KindEvidence) -> float:
    """Probability of tumour of a cell that has no neighbours."""
    return float(settle_kinds(np.zeros((1, 2)), found)[1][0])


def plain(shape_logit: list[float], otherwise: int = STROMA) -> KindEvidence:
    """Nuclei that are plain to see, in surroundings that speak neither for nor against tumour."""
    n = len(shape_logit)
    return KindEvidence(
        shape_logit=np.array(shape_logit, np.float32),
        nucleus_od=np.full(n, 0.15, np.float32),
        contrast_od=np.full(n, 0.1, np.float32),
        gap_od=np.full(n, SOLID_OD, np.float32),
        otherwise=np.full(n, otherwise, np.int8),
    )


def test_a_large_nucleus_in_cytoplasm_is_tumour_a_small_dark_one_among_gaps_is_not(coarse: "Canvas") -> None:
    coarse.nucleus(40, 40, 2.4, 0.5)
    lymphocyte = evidence(coarse)
    coarse.haematoxylin[:] = 0.06
    coarse.nucleus(40, 40, 4.0, 0.22)
    tumour = evidence(coarse)
    assert alone(tumour) > 0.5 > alone(lymphocyte)
    assert lymphocyte.nucleus_od[0] > tumour.nucleus_od[0]
    assert lymphocyte.otherwise[0] == LYMPHOCYTE


def test_brown_stain_round_a_nucleus_does_not_make_it_stroma(coarse: "Canvas") -> None:
    """The denominator must not depend on DAB: stained or not, a tumour cell is a tumour cell."""
    coarse.haematoxylin[:] = 0.06
    coarse.nucleus(40, 40, 4.0, 0.22)
    unstained = evidence(coarse)
    coarse.ring(40, 40, 7.0, 0.6)
    stained = evidence(coarse)
    assert min(alone(unstained), alone(stained)) > 0.5


@pytest.mark.parametrize("mpp", [(0.5, 0.5), (0.46, 0.51)])
@pytest.mark.parametrize("darkest", [(900, 65536), (60, 60)])
@pytest.mark.parametrize("n", [0, 1, 150])
def test_what_is_read_of_a_nucleus_is_that_of_the_plain_form(
    n: int, darkest: tuple[int, int], mpp: tuple[float, float]
) -> None:
    rng = np.random.default_rng(n)
    haematoxylin, dab = (rng.integers(0, top, (60, 50)).astype(np.uint16) for top in darkest)
    y, x = (rng.integers(0, size, n).astype(np.int32) for size in dab.shape)
    radii_um = (rng.integers(2, 16, (n, N_RAYS)) * 0.5).astype(np.float32)
    unread = np.zeros(n, np.float32)
    found = kind_evidence(haematoxylin, dab, Nuclei(y, x, radii_um, unread, unread), mpp)

    def read(plane: Plane16, reached_um: Doubles) -> Samples:
        samples = sample_rays(plane, y, x, reached_um, mpp)
        return samples.reshape(N_RAYS * samples.shape[1], n)

    within_um = radii_um[:, :, None] * np.array(kinds.INNER)
    around_um = radii_um[:, :, None] + np.array(kinds.AROUND_UM)
    nucleus_od, nucleus_dab_od = (
        np.mean(read(plane, within_um), axis=0, dtype=np.float64) * OD_STEP for plane in (haematoxylin, dab)
    )
    around_h = read(haematoxylin, around_um)
    around = np.sort(around_h.astype(int) + read(dab, around_um), axis=0)
    gap_od = around[int(kinds.GAP_QUANTILE * len(around))] * OD_STEP
    contrast_od = nucleus_od - np.median(around_h, axis=0) * OD_STEP
    assert np.array_equal(found.nucleus_od, nucleus_od.astype(np.float32))
    assert np.array_equal(found.contrast_od, contrast_od.astype(np.float32))
    assert np.array_equal(found.gap_od, gap_od.astype(np.float32))
    assert np.array_equal(found.otherwise == OTHER, (nucleus_dab_od > nucleus_od) & (gap_od < SOLID_OD))


def test_neighbours_are_heard_within_reach_only() -> None:
    at_um = np.array([[0.0, 10.0 * i] for i in range(9)] + [[0.0, 5000.0]])
    logit = [2.0] * 4 + [-0.5] + [2.0] * 4 + [-0.5]
    kind, probability = settle_kinds(at_um, plain(logit))
    assert kind[4] == TUMOUR
    assert kind[9] == STROMA
    assert probability[4] > 0.5 > probability[9]


def test_what_is_foreign_is_never_tumour() -> None:
    kind, probability = settle_kinds(np.zeros((1, 2)), plain([5.0], OTHER))
    assert kind.tolist() == [OTHER]
    assert probability[0] < 0.5


def test_a_patch_without_contrast_is_no_nucleus_and_is_not_heard() -> None:
    at_um = np.array([[0.0, 10.0 * i] for i in range(9)])
    cells = plain([2.0] * 9)
    cells.contrast_od[4] = 0.0
    kind, _ = settle_kinds(at_um, cells)
    assert kind.tolist() == [TUMOUR] * 4 + [OTHER] + [TUMOUR] * 4


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_cells_are_no_special_case(n: int) -> None:
    kind, probability = settle_kinds(np.arange(2.0 * n).reshape(n, 2), plain([1.0] * n))
    assert kind.tolist() == [TUMOUR] * n
    assert ((probability > 0.5) & (probability < 1)).all()


def test_a_pale_slide_is_judged_by_its_own_measure() -> None:
    """Half the stain in nuclei and surroundings alike: the same cells are tumour."""
    at_um = np.array([[0.0, 10.0 * i] for i in range(9)])
    usual = replace(plain([0.5] * 9), gap_od=np.full(9, 1.5 * SOLID_OD, np.float32))
    usual = replace(usual, nucleus_od=np.full(9, USUAL_NUCLEUS_OD, np.float32))
    half = np.float32(0.5)
    pale = replace(usual, nucleus_od=usual.nucleus_od * half, gap_od=usual.gap_od * half)
    assert settle_kinds(at_um, pale)[1] == pytest.approx(settle_kinds(at_um, usual)[1], abs=1e-6)


def said(*rows: tuple[float, float, float, float]) -> NetworkEvidence:
    """A network's words on cells whose pixels speak neither for nor against tumour."""
    n = len(rows)
    return NetworkEvidence(
        shape_logit=np.zeros(n, np.float32),
        nucleus_od=np.full(n, USUAL_NUCLEUS_OD, np.float32),
        contrast_od=np.full(n, 0.05, np.float32),
        gap_od=np.full(n, SOLID_OD, np.float32),
        otherwise=np.full(n, STROMA, np.int8),
        probabilities=np.array(rows, np.float32),
    )


def test_what_a_network_and_the_pixels_are_sure_of_stands_against_its_neighbours() -> None:
    at_um = np.array([[0.0, 8.0 * i] for i in range(9)])
    tumour, lymphocyte = (0.97, 0.01, 0.01, 0.01), (0.01, 0.01, 0.97, 0.01)
    words = said(*[tumour] * 4, lymphocyte, *[tumour] * 4)
    small = np.where(np.arange(9) == 4, -1.0, 0.0).astype(np.float32)
    kind, _ = settle_with_network(at_um, replace(words, shape_logit=small))
    assert kind.tolist() == [TUMOUR] * 4 + [LYMPHOCYTE] + [TUMOUR] * 4


def test_the_pixels_overrule_a_network_in_doubt() -> None:
    large = replace(said((0.3, 0.6, 0.05, 0.05)), shape_logit=np.array([2.0], np.float32))
    assert settle_with_network(np.zeros((1, 2)), large)[0].tolist() == [TUMOUR]


def test_what_a_network_doubts_its_neighbours_settle() -> None:
    at_um = np.array([[0.0, 8.0 * i] for i in range(9)])
    doubt = (0.45, 0.5, 0.03, 0.02)
    for sure, expected in (((0.97, 0.01, 0.01, 0.01), TUMOUR), ((0.02, 0.96, 0.01, 0.01), STROMA)):
        kind, probability = settle_with_network(at_um, said(*[sure] * 4, doubt, *[sure] * 4))
        assert kind[4] == expected
        assert (probability[4] > 0.5) == (expected == TUMOUR)


def test_what_is_no_cell_is_not_heard() -> None:
    at_um = np.array([[0.0, 0.0], [0.0, 5.0]])
    alone = settle_with_network(at_um[:1], said((0.45, 0.5, 0.03, 0.02)))
    beside = settle_with_network(at_um, said((0.45, 0.5, 0.03, 0.02), (0.01, 0.04, 0.05, 0.9)))
    assert beside[0].tolist() == [STROMA, OTHER]
    assert beside[1][0] == alone[1][0]


def test_certainty_is_no_infinity() -> None:
    at_um = np.array([[0.0, 0.0], [0.0, 100.0]])
    kind, probability = settle_with_network(at_um, said((1, 0, 0, 0), (0, 0, 1, 0)))
    assert kind.tolist() == [TUMOUR, LYMPHOCYTE]
    assert np.isfinite(probability).all()
    assert probability[0] > 0.95


def test_neighbours_looked_up_a_few_at_a_time_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    n, at_um = 300, rng.uniform(0, 200, (300, 2))
    shape, nucleus, contrast, gap = rng.random((4, n), dtype=np.float32)
    found = KindEvidence(4 * shape, 0.3 * nucleus, 0.2 * contrast, 0.05 * gap, np.full(n, STROMA, np.int8))
    together = settle_kinds(at_um, found)
    monkeypatch.setattr(kinds, "AT_A_TIME", 7)
    few = settle_kinds(at_um, found)
    assert (together[0] == few[0]).all()
    assert (together[1] == few[1]).all()
