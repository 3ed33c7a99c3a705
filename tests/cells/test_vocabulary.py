"""The words of the outside and the codes of the inside are one order."""

import itertools

from her2path.cells.vocabulary import KINDS, LYMPHOCYTE, OTHER, PATTERNS, STROMA, TUMOUR, UNGRADED


def test_kinds_in_order_of_their_code() -> None:
    assert KINDS == ("tumour", "stroma", "lymphocyte", "other")
    assert [KINDS[code] for code in (TUMOUR, STROMA, LYMPHOCYTE, OTHER)] == list(KINDS)


def test_pattern_codes_follow_intensity_and_completeness() -> None:
    assert PATTERNS[0] == "N"
    for (intensity, level), (complete, word) in itertools.product(enumerate("FWMS", 1), enumerate("IC")):
        assert PATTERNS[2 * intensity - 1 + complete] == level + word


def test_ungraded_is_no_pattern() -> None:
    assert UNGRADED not in range(len(PATTERNS))
