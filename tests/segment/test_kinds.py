"""Large nuclei in solid cytoplasm are tumour, small dark ones are not, and neighbours are heard."""

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pytest

from her2path.arrays import Floats
from her2path.cells.vocabulary import LYMPHOCYTE, OTHER, STROMA, TUMOUR
from her2path.segment.kinds import KindEvidence, kind_evidence, settle_kinds
from her2path.segment.nuclei import find_nuclei

if TYPE_CHECKING:
    from tests.segment.conftest import Canvas

MPP = (0.5, 0.5)


def evidence(canvas: "Canvas") -> KindEvidence:
    planes = canvas.planes
    nuclei = find_nuclei(*planes, MPP)
    found = kind_evidence(*planes, nuclei, MPP)
    clearest = [int(np.argmax(found.contrast_od))]
    return KindEvidence(**{field.name: getattr(found, field.name)[clearest] for field in fields(found)})


def clear(n: int) -> Floats:
    """Contrast of nuclei that are plain to see."""
    return np.full(n, 0.1, np.float32)


def test_a_large_nucleus_in_cytoplasm_is_tumour_a_small_dark_one_among_gaps_is_not(coarse: "Canvas") -> None:
    coarse.nucleus(40, 40, 2.4, 0.5)
    lymphocyte = evidence(coarse)
    coarse.haematoxylin[:] = 0.06
    coarse.nucleus(40, 40, 4.0, 0.22)
    tumour = evidence(coarse)
    assert tumour.tumour_logit[0] > 0 > lymphocyte.tumour_logit[0]
    assert lymphocyte.nucleus_od[0] > tumour.nucleus_od[0]
    assert lymphocyte.otherwise[0] == LYMPHOCYTE


def test_brown_stain_round_a_nucleus_does_not_make_it_stroma(coarse: "Canvas") -> None:
    """The denominator must not depend on DAB: stained or not, a tumour cell is a tumour cell."""
    coarse.haematoxylin[:] = 0.06
    coarse.nucleus(40, 40, 4.0, 0.22)
    unstained = evidence(coarse)
    coarse.ring(40, 40, 7.0, 0.6)
    stained = evidence(coarse)
    assert min(unstained.tumour_logit[0], stained.tumour_logit[0]) > 0


def test_neighbours_are_heard_within_reach_only() -> None:
    at_um = np.array([[0.0, 10.0 * i] for i in range(9)] + [[0.0, 5000.0]])
    logit = np.full(10, 2.0, np.float32)
    logit[4] = logit[9] = -0.5
    kind, probability = settle_kinds(at_um, logit, clear(10), np.full(10, STROMA, np.int8))
    assert kind[4] == TUMOUR
    assert kind[9] == STROMA
    assert probability[4] > 0.5 > probability[9]


def test_what_is_foreign_is_never_tumour() -> None:
    foreign = np.array([OTHER], np.int8)
    kind, probability = settle_kinds(np.zeros((1, 2)), np.array([5.0], np.float32), clear(1), foreign)
    assert kind.tolist() == [OTHER]
    assert probability[0] < 0.5


def test_a_patch_without_contrast_is_no_nucleus_and_is_not_heard() -> None:
    at_um = np.array([[0.0, 10.0 * i] for i in range(9)])
    contrast_od = clear(9)
    contrast_od[4] = 0.0
    kind, _ = settle_kinds(at_um, np.full(9, 2.0, np.float32), contrast_od, np.full(9, STROMA, np.int8))
    assert kind.tolist() == [TUMOUR] * 4 + [OTHER] + [TUMOUR] * 4


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_cells_are_no_special_case(n: int) -> None:
    kind, probability = settle_kinds(
        np.arange(2.0 * n).reshape(n, 2), np.ones(n, np.float32), clear(n), np.full(n, STROMA, np.int8)
    )
    assert kind.tolist() == [TUMOUR] * n
    assert ((probability > 0.5) & (probability < 1)).all()
