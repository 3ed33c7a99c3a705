from collections.abc import Callable

import numpy as np
import pytest

from her2path.arrays import Doubles
from her2path.scoring.diversity import rao, shannon, simpson

P = np.array([0.4, 0.3, 0.2, 0.1])


def test_published_values() -> None:
    assert shannon(P) == pytest.approx(1.2799, abs=5e-5)
    assert simpson(P) == pytest.approx(0.70)
    assert rao(P) == pytest.approx(1.08)


@pytest.mark.parametrize("index", [shannon, simpson, rao])
def test_one_grade_alone_is_not_mixed(index: Callable[[Doubles], float]) -> None:
    assert index(np.array([0.0, 1.0, 0.0, 0.0])) == 0


def test_only_rao_sees_how_far_the_grades_lie_apart() -> None:
    near, far = np.array([0.5, 0.5, 0, 0]), np.array([0.5, 0, 0, 0.5])
    assert shannon(near) == shannon(far)
    assert simpson(near) == simpson(far)
    assert (rao(near), rao(far)) == (0.5, 1.5)
