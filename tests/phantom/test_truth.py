import numpy as np
import pyarrow as pa
import pytest

from her2path.cells.vocabulary import PATTERNS
from her2path.phantom.truth import Tally, category_of, fractions_of


@pytest.mark.parametrize(
    ("shares", "category"),
    [
        ({}, "IHC0_NULL"),
        ({"FI": 0.009}, "IHC0_NULL"),
        ({"FI": 0.10}, "IHC0_STAINED"),
        ({"FI": 0.101}, "IHC1"),
        ({"WC": 0.10, "FI": 0.05}, "IHC1"),
        ({"WC": 0.06, "MC": 0.05}, "IHC2"),
        ({"MI": 0.30}, "IHC2"),
        ({"SC": 0.01}, "IHC2"),
        ({"SC": 0.10}, "IHC2"),
        ({"SC": 0.101}, "IHC3"),
    ],
)
def test_categories_of_known_mixtures(shares: dict[str, float], category: str) -> None:
    fractions = dict.fromkeys(PATTERNS, 0.0) | shares
    fractions["N"] = 1 - sum(shares.values())
    assert category_of(fractions, 1000, present_from=10) == category


def test_a_tally_adds_up_in_any_order() -> None:
    cell, crest = np.array([0, 0, 1, 1, 1]), np.array([0.5, 0.0, 0.1, 0.2, 0.04], np.float32)
    whole, parts = Tally(3), Tally(3)
    whole.add_contour(cell, crest, 0.08)
    for piece in (slice(3, 5), slice(0, 3)):
        parts.add_contour(cell[piece], crest[piece], 0.08)
    np.testing.assert_array_equal(whole.stained_px, [1, 2, 0])
    np.testing.assert_allclose(whole.stained_od, [0.5, 0.3, 0], rtol=1e-6)
    np.testing.assert_allclose(parts.stained_od, whole.stained_od)


def test_fractions_sum_to_one_and_are_zero_without_cells() -> None:
    table = pa.table({"pattern": ["N", "N", "SC", "FI"]})
    assert fractions_of(table) == dict.fromkeys(PATTERNS, 0.0) | {"N": 0.5, "SC": 0.25, "FI": 0.25}
    assert sum(fractions_of(table.slice(0, 0)).values()) == 0
