"""The quick look counts what is found, missed and invented, one truth for one finding."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from her2path.cells.vocabulary import LYMPHOCYTE, STROMA, TUMOUR
from her2path.nets.figures import figures
from her2path.nets.network import CellNet, CellValues, Features
from her2path.nets.sample import Sample

CPU = torch.device("cpu")


class Told(CellNet):
    """Sees centres where it is told to, and says of every place the same."""

    def __init__(self, centres: list[tuple[int, int]], kind: int = TUMOUR) -> None:
        super().__init__()
        self.centres, self.kind = centres, kind

    def features(self, light: torch.Tensor) -> Features:
        return Features(light, light, light)

    def maps(self, features: Features) -> torch.Tensor:
        logits = torch.full((1, 2, 32, 32), -9.0)
        for y, x in self.centres:
            logits[0, 0, y, x] = 2.0
        return logits

    def cells(self, features: Features, image: torch.Tensor, y: torch.Tensor, x: torch.Tensor) -> CellValues:
        n = len(y)
        kind = torch.nn.functional.one_hot(torch.full((n,), self.kind), 4).float()
        radii = torch.full((n, 32), 4.0)
        return CellValues(kind, torch.full((n,), 0.5), torch.zeros(n), radii, radii)


@pytest.fixture
def field(toy: Callable[[int], Sample]) -> Sample:
    """Tumour at (10, 8), lymphocyte at (20, 24)."""
    sample = toy(0)
    centre = np.zeros_like(sample.centre)
    centre[10, 8] = centre[20, 24] = 1
    return replace(sample, centre=centre, y=np.array([10, 20], np.int32), x=np.array([8, 24], np.int32))


@pytest.mark.parametrize(
    ("said", "recall", "precision"),
    [
        ([(10, 8), (20, 24)], 1.0, 1.0),
        ([(13, 12), (20, 24)], 1.0, 1.0),  # 5 µm away
        ([(14, 12), (20, 24)], 0.5, 0.5),  # a little more
        ([(7, 8), (13, 8)], 0.5, 0.5),  # two for one cell
        ([(10, 8), (20, 24), (30, 2)], 1.0, 2 / 3),
        ([], 0.0, np.nan),
    ],
)
def test_centres_found_missed_and_invented(
    field: Sample, said: list[tuple[int, int]], recall: float, precision: float
) -> None:
    seen = figures(Told(said), [field], CPU)
    assert (seen.centre_recall, seen.centre_precision) == pytest.approx((recall, precision), nan_ok=True)


def test_nobody_is_judged_by_what_is_not_known(field: Sample) -> None:
    known = field.centre_known.copy()
    known[15:] = 0
    seen = figures(Told([(10, 8), (30, 2)]), [replace(field, centre_known=known)], CPU)
    assert (seen.centre_recall, seen.centre_precision) == (1.0, 1.0)


def test_errors_keep_their_sign_and_skip_what_is_not_known(field: Sample) -> None:
    seen = figures(Told([]), [field], CPU)
    assert seen.membrane_od_bias == seen.membrane_od_mae == pytest.approx(0.1)
    assert seen.completeness_mae == pytest.approx(0.5)
    assert seen.nucleus_radius_mae_um == pytest.approx(1.0)
    assert seen.cell_radius_mae_um == pytest.approx(2.0)


def test_kinds_are_told_apart(field: Sample) -> None:
    """All is called tumour: tumour is right, every lymphocyte is wrong, and what is absent says nothing."""
    unstained = replace(
        field,
        kind=np.array([TUMOUR, TUMOUR], np.int8),
        membrane_od=np.full(2, np.nan, np.float32),
    )
    seen = figures(Told([], TUMOUR), [field, unstained], CPU)
    assert seen.tumour_recall == seen.unstained_tumour_recall == seen.lymphocytes_as_tumour == 1.0
    assert seen.kind_accuracy == 0.5
    assert figures(Told([], STROMA), [unstained], CPU).unstained_tumour_recall == 0.0
    assert figures(Told([], LYMPHOCYTE), [field], CPU).kind_accuracy == 0.5
    assert np.isnan(figures(Told([]), [field], CPU).unstained_tumour_recall)
