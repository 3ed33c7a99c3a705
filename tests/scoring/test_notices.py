"""Flags, borderline and tags: what a reader must know beside the score."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS
from her2path.image.geometry import PixelSize
from her2path.scoring.rulebook import Her2Status, Rulebook, Tag
from her2path.scoring.score import SlideScore, score_cells
from her2path.scoring.settings import Statistics

FINE, COARSE = PixelSize(0.25, 0.25), PixelSize(0.5, 0.5)
STATISTICS = Statistics(bootstrap_replicates=200)


@pytest.fixture
def breast(rulebooks: dict[str, Rulebook]) -> Callable[..., SlideScore]:
    def score(table: CellTable, pixel_size: PixelSize | None = FINE) -> SlideScore:
        book = rulebooks["breast-2018"]
        return score_cells(table, rulebook=book, statistics=STATISTICS, pixel_size=pixel_size, specimen=None)

    return score


def _codes(score: SlideScore) -> set[str]:
    return {flag.code for flag in score.flags}


@pytest.mark.parametrize(
    ("counts", "tag", "status"),
    [
        ({"N": 2000}, "her2-null", "negative"),
        ({"N": 1950, "FI": 50}, "her2-ultralow", "negative"),
        ({"N": 1000, "FI": 1000}, "her2-low", "negative"),
        ({"N": 1000, "WC": 1000}, None, "equivocal"),
        ({"N": 1000, "SC": 1000}, "her2-positive", "positive"),
    ],
)
def test_tags_of_breast(
    table_of_counts: Callable[..., CellTable],
    breast: Callable[..., SlideScore],
    counts: dict[str, int],
    tag: Tag | None,
    status: Her2Status,
) -> None:
    score = breast(table_of_counts(counts))
    assert (score.tag, score.her2_status) == (tag, status)
    assert "TAG_WITHHELD" not in _codes(score)


def test_gastric_gives_no_breast_tags(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook]
) -> None:
    for counts, tag in (({"N": 900, "FI": 100}, None), ({"N": 900, "SC": 100}, "her2-positive")):
        score = score_cells(
            table_of_counts(counts),
            rulebook=rulebooks["gastric-resection"],
            statistics=STATISTICS,
            pixel_size=FINE,
            specimen="resection",
        )
        assert score.tag == tag


@pytest.mark.parametrize(
    ("n", "pixel_size", "code"),
    [(99, FINE, "LOW_CELL_COUNT"), (2000, None, "NO_PIXEL_SIZE"), (2000, COARSE, "COARSE_PIXELS")],
)
def test_evidence_that_cannot_carry_a_tag_gives_none_and_says_so(
    table_of_counts: Callable[..., CellTable],
    breast: Callable[..., SlideScore],
    n: int,
    pixel_size: PixelSize | None,
    code: str,
) -> None:
    for counts in ({"N": n}, {"N": n - 40, "FI": 40}):
        score = breast(table_of_counts(counts), pixel_size)
        assert score.score in {"0", "1+"}
        assert score.tag is None
        assert {code, "TAG_WITHHELD"} <= _codes(score)


def test_a_positive_slide_keeps_its_tag_on_coarse_pixels(
    table_of_counts: Callable[..., CellTable], breast: Callable[..., SlideScore]
) -> None:
    score = breast(table_of_counts({"SC": 2000}), COARSE)
    assert score.tag == "her2-positive"
    assert "COARSE_PIXELS" in _codes(score)


@pytest.mark.parametrize(
    ("counts", "borderline"),
    [
        ({"N": 900, "SC": 100}, True),
        ({"N": 890, "WC": 110}, True),
        ({"N": 895, "FI": 105}, True),
        ({"N": 905, "FI": 95}, True),
        ({"N": 700, "SC": 300}, False),
        ({"N": 960, "FI": 40}, False),
        ({"N": 600, "SC": 300, "FI": 100}, False),  # one percentage at 10 % that decides nothing
    ],
)
def test_borderline(
    table_of_counts: Callable[..., CellTable],
    breast: Callable[..., SlideScore],
    counts: dict[str, int],
    borderline: bool,
) -> None:
    score = breast(table_of_counts(counts))
    assert score.borderline is borderline
    assert ("BORDERLINE" in _codes(score)) is borderline


def test_stained_cells_under_the_presence_gate_are_told(
    table_of_counts: Callable[..., CellTable], breast: Callable[..., SlideScore]
) -> None:
    score = breast(table_of_counts({"N": 1991, "FI": 9}))
    assert (score.category, score.tag) == ("IHC0_NULL", "her2-null")
    assert "PRESENCE_GATE" in _codes(score)


def test_a_few_strong_cells_of_a_small_specimen_are_not_a_null(
    table_of_counts: Callable[..., CellTable], breast: Callable[..., SlideScore]
) -> None:
    score = breast(table_of_counts({"N": 91, "SC": 9}))
    assert (score.category, score.rule_fired) == ("IHC2", "strong-complete-limited")
    assert "PRESENCE_GATE" not in _codes(score)


def test_null_is_not_claimed_where_few_cells_could_hide_a_higher_score(
    table_of_patterns: Callable[..., CellTable], breast: Callable[..., SlideScore]
) -> None:
    codes = np.zeros((18, 18), int)
    codes[:2, :3] = PATTERNS.index("SC")  # in a corner: the next fragment might hold more of them
    score = breast(table_of_patterns(codes.ravel()))
    assert score.category == "IHC0_NULL"  # six cells do not pass the gate of seven
    assert score.tag is None
    assert {"PRESENCE_GATE", "BORDERLINE", "TAG_WITHHELD"} <= _codes(score)
    (told,) = [flag.detail for flag in score.flags if flag.code == "PRESENCE_GATE"]
    assert "6 stained cells of 324 do not pass the presence gate: 7 cells" in told


def test_cytoplasmic_staining_is_told(
    table_of_counts: Callable[..., CellTable], breast: Callable[..., SlideScore]
) -> None:
    table = table_of_counts({"N": 500, "WI": 500})
    assert "CYTOPLASMIC" not in _codes(breast(table))
    blushed = replace(table, cytoplasm_od=np.full(len(table), 0.27, np.float32))
    assert "CYTOPLASMIC" in _codes(breast(blushed))


def test_short_dark_arcs_are_told(
    table_of_counts: Callable[..., CellTable], breast: Callable[..., SlideScore]
) -> None:
    table = table_of_counts({"N": 500, "FI": 20, "WI": 50, "MI": 30})
    assert "SHORT_ARCS" in _codes(breast(table))
    (told,) = [flag.detail for flag in breast(table).flags if flag.code == "SHORT_ARCS"]
    assert "80 of 100 stained cells" in told
    half = replace(table, completeness=np.where(table.pattern > 0, 0.5, 0.0).astype(np.float32))
    assert "SHORT_ARCS" not in _codes(breast(half)), "half of the outline is a basolateral membrane"
    for usual in ({"N": 500, "FI": 100}, {"N": 500, "WI": 39, "WC": 61}, {"N": 500, "SI": 9}):
        assert "SHORT_ARCS" not in _codes(breast(table_of_counts(usual)))


def test_a_three_plus_of_single_cells_is_not_contiguous(
    table_of_patterns: Callable[..., CellTable], breast: Callable[..., SlideScore]
) -> None:
    codes = np.zeros(10_000, int)
    codes[:1500] = PATTERNS.index("SC")
    assert "3PLUS_NOT_CONTIGUOUS" not in _codes(breast(table_of_patterns(codes)))
    scattered = np.zeros((100, 100), int)
    scattered[::3, ::3] = PATTERNS.index("SC")
    score = breast(table_of_patterns(scattered.ravel()))
    assert score.score == "3+"
    assert "3PLUS_NOT_CONTIGUOUS" in _codes(score)


@pytest.mark.parametrize(
    ("counts", "tag"), [({"N": 2000}, "her2-null"), ({"N": 1000, "FI": 1000}, "her2-low")]
)
def test_a_rulebook_may_ask_for_the_clone(
    table_of_counts: Callable[..., CellTable],
    rulebooks: dict[str, Rulebook],
    counts: dict[str, int],
    tag: Tag,
) -> None:
    book = rulebooks["breast-2018"].model_copy(update={"clone_required": True})
    table = table_of_counts(counts)
    found = {
        clone: score_cells(
            table, rulebook=book, statistics=STATISTICS, pixel_size=FINE, specimen=None, clone=clone
        )
        for clone in (None, "4B5")
    }
    assert found["4B5"].tag == tag
    assert found[None].tag is None
    (why,) = (flag.detail for flag in found[None].flags if flag.code == "TAG_WITHHELD")
    assert "clone" in why
    assert found[None].score == found["4B5"].score


def test_staining_between_blank_and_detection_is_told(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook]
) -> None:
    limits = STATISTICS.model_copy(
        update={"presence_limit_of_blank": 0.001, "presence_limit_of_detection": 0.03}
    )

    def codes(n_stained: int) -> set[str]:
        return _codes(
            score_cells(
                table_of_counts({"N": 1000 - n_stained, "FI": n_stained}),
                rulebook=rulebooks["breast-2018"],
                statistics=limits,
                pixel_size=FINE,
                specimen=None,
            )
        )

    assert "BELOW_DETECTION" in codes(29)
    assert "BELOW_DETECTION" not in codes(30)
    assert "BELOW_DETECTION" not in codes(5), "that is below the gate: not present at all"
