import numpy as np
import pytest

from her2path.phantom.gradient import stain_left

Y, X = np.ogrid[:120, :160]
TISSUE = (150 - 3 * np.hypot(Y - 60, X - 80)).astype(np.float32)


def test_one_side_keeps_its_stain_and_the_other_loses_it() -> None:
    left = stain_left("one-sided", 0.7, TISSUE)
    assert left[60, 31] == pytest.approx(1, abs=0.01)
    assert left[60, 129] == pytest.approx(0.3, abs=0.01)
    assert (np.diff(left, axis=1) <= 0).all()


def test_the_middle_loses_most_where_fixative_did_not_reach() -> None:
    left = stain_left("zonal", 0.7, TISSUE)
    assert left[60, 80] == pytest.approx(0.3, abs=0.02)
    assert left[TISSUE < 0].min() == 1
    full = stain_left("zonal", 0.7, np.full((120, 160), 1000.0, np.float32))
    assert full[0].min() == 1
    assert full[60, 80] < 0.35


@pytest.mark.parametrize("kind", ["one-sided", "zonal"])
def test_a_slide_without_tissue_loses_nothing_it_has(kind: str) -> None:
    left = stain_left(kind, 0.5, np.full((20, 30), -5.0, np.float32))  # type: ignore[arg-type]
    assert np.isfinite(left).all()
    assert left.min() >= 0.5
