"""What a slide scores: the decision table of each rulebook, at and around its cut-offs."""

import copy
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2path.cells.table import CellTable
from her2path.cells.vocabulary import PATTERNS, UNGRADED
from her2path.errors import NotEvaluableError, UsageError
from her2path.image.geometry import PixelSize
from her2path.scoring.rulebook import Category, Rulebook, Specimen, parse_rulebook
from her2path.scoring.rules import GapPolicy
from her2path.scoring.score import SlideScore, score_cells
from her2path.scoring.settings import Statistics

RULEBOOKS = Path(__file__).parents[2] / "configs" / "rulebooks"
FINE = PixelSize(0.25, 0.25)

# Percent of invasive cells, remainder unstained; category under convention and strict.
VECTORS = [
    ({}, "IHC0_NULL", "IHC0_NULL", None),
    ({"FI": 0.1}, "IHC0_STAINED", "IHC0_STAINED", None),
    ({"FI": 10}, "IHC0_STAINED", "IHC0_STAINED", None),
    ({"FI": 10.1}, "IHC1", "IHC1", None),
    ({"FC": 40}, "IHC1", "IHC1", None),
    ({"WI": 30}, "IHC1", "IHC1", None),
    ({"WC": 10}, "IHC1", "IHC2", "GUIDELINE_GAP"),
    ({"WC": 10.1}, "IHC2", "IHC2", None),
    ({"MC": 6, "WC": 6}, "IHC2", "IHC2", None),
    ({"FI": 6, "WC": 6}, "IHC1", "IHC2", "GUIDELINE_GAP"),
    ({"SC": 0.5}, "IHC2", "IHC2", "U1_STRONG_COMPLETE_LE10"),
    ({"SC": 10}, "IHC2", "IHC2", "U1_STRONG_COMPLETE_LE10"),
    ({"SC": 10.1}, "IHC3", "IHC3", None),
    ({"SC": 6, "MC": 6}, "IHC2", "IHC2", "U1_STRONG_COMPLETE_LE10"),
    ({"SC": 8, "FI": 80}, "IHC2", "IHC2", "U1_STRONG_COMPLETE_LE10"),
    ({"MI": 30}, "IHC2", "IHC2", "U2_INCOMPLETE_MODERATE_STRONG"),
    ({"SI": 11}, "IHC2", "IHC2", "U2_INCOMPLETE_MODERATE_STRONG"),
    ({"MI": 6, "MC": 6}, "IHC2", "IHC2", "U2_INCOMPLETE_MODERATE_STRONG"),
    ({"MI": 8}, "IHC1", "IHC2", "GUIDELINE_GAP"),
]
RULE_FLAGS = {flag for *_, flag in VECTORS if flag}


def _counts(percent: dict[str, float], n: int = 1000) -> dict[str, int]:
    counts = {name: round(n * value / 100) for name, value in percent.items()}
    return {"N": n - sum(counts.values()), **counts}


def _score(
    table: CellTable,
    book: Rulebook,
    statistics: Statistics,
    *,
    pixel_size: PixelSize | None = None,
    specimen: Specimen | None = None,
) -> SlideScore:
    return score_cells(table, rulebook=book, statistics=statistics, pixel_size=pixel_size, specimen=specimen)


def _codes(score: SlideScore) -> set[str]:
    return {flag.code for flag in score.flags}


@pytest.mark.parametrize("policy", ["convention", "strict"])
@pytest.mark.parametrize(("percent", "convention", "strict", "flag"), VECTORS, ids=lambda v: str(v))
def test_breast_vectors(
    table_of_counts: Callable[..., CellTable],
    rulebooks: dict[str, Rulebook],
    quick: Statistics,
    percent: dict[str, float],
    convention: Category,
    strict: Category,
    flag: str | None,
    policy: GapPolicy,
) -> None:
    book = rulebooks["breast-2018"].model_copy(update={"gap_policy": policy})
    score = _score(table_of_counts(_counts(percent)), book, quick)
    assert score.category == (convention if policy == "convention" else strict)
    assert _codes(score) & RULE_FLAGS == ({flag} if flag else set())


@pytest.mark.parametrize("n", [100, 250, 1000, 3330])
@pytest.mark.parametrize(
    ("book", "pattern", "at", "above", "below"),
    [
        ("breast-2018", "SC", "IHC2", "IHC3", "IHC2"),
        ("breast-2018", "WC", "IHC1", "IHC2", "IHC1"),
        ("breast-2018", "MI", "IHC1", "IHC2", "IHC1"),
        ("breast-2018", "FI", "IHC0_STAINED", "IHC1", "IHC0_STAINED"),
        ("gastric-resection", "SI", "IHC3", "IHC3", "IHC0_STAINED"),
        ("gastric-resection", "SC", "IHC3", "IHC3", "IHC0_STAINED"),
        ("gastric-resection", "WI", "IHC2", "IHC2", "IHC0_STAINED"),
        ("gastric-resection", "FC", "IHC1", "IHC1", "IHC0_STAINED"),
    ],
)
def test_one_cell_around_ten_percent(
    table_of_counts: Callable[..., CellTable],
    rulebooks: dict[str, Rulebook],
    quick: Statistics,
    n: int,
    book: str,
    pattern: str,
    at: Category,
    above: Category,
    below: Category,
) -> None:
    for extra, expected in ((-1, below), (0, at), (1, above)):
        table = table_of_counts({"N": n - n // 10 - extra, pattern: n // 10 + extra})
        assert _score(table, rulebooks[book], quick, specimen="resection").category == expected, extra


def test_a_threshold_changed_in_the_file_changes_the_decision(
    table_of_counts: Callable[..., CellTable], quick: Statistics
) -> None:
    text = (RULEBOOKS / "breast-2018.toml").read_text()
    mutated = parse_rulebook(tomllib.loads(text.replace("threshold = 10", "threshold = 11")), "mutated")
    original = parse_rulebook(tomllib.loads(text), "original")
    table = table_of_counts({"N": 895, "SC": 105})
    assert _score(table, original, quick).score == "3+"
    assert _score(table, mutated, quick).score == "2+"


def test_a_rule_may_state_its_own_status(
    table_of_counts: Callable[..., CellTable], quick: Statistics
) -> None:
    book = tomllib.loads((RULEBOOKS / "gastric-resection.toml").read_text())
    limited = copy.deepcopy(book["rules"][1])
    limited |= {"name": "limited", "her2_status": "negative", "threshold": 5}
    book["rules"].insert(2, limited)
    score = _score(
        table_of_counts({"N": 94, "MI": 6}), parse_rulebook(book, "mine"), quick, specimen="resection"
    )
    assert (score.score, score.her2_status, score.rule_fired) == ("2+", "negative", "limited")


@pytest.mark.parametrize(
    ("pattern", "together", "category"),
    [
        ("SI", 5, "IHC3"),
        ("SC", 4, "IHC0_STAINED"),
        ("MI", 5, "IHC2"),
        ("WI", 5, "IHC2"),
        ("FC", 5, "IHC1"),
        ("FI", 4, "IHC0_STAINED"),
    ],
)
def test_biopsy_clusters_of_five(
    table_of_patterns: Callable[..., CellTable],
    rulebooks: dict[str, Rulebook],
    quick: Statistics,
    pattern: str,
    together: int,
    category: Category,
) -> None:
    codes = np.zeros(400, int)
    codes[45 : 45 + together] = PATTERNS.index(pattern)  # side by side, 10 µm apart
    table = table_of_patterns(codes)
    score = _score(table, rulebooks["gastric-biopsy"], quick, pixel_size=FINE, specimen="biopsy")
    assert score.category == category


def test_biopsy_cells_of_a_higher_class_complete_a_cluster(
    table_of_patterns: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    codes = np.zeros(400, int)
    codes[45:50] = [PATTERNS.index(name) for name in ("SC", "MI", "SC", "WC", "SI")]
    score = _score(
        table_of_patterns(codes), rulebooks["gastric-biopsy"], quick, pixel_size=FINE, specimen="biopsy"
    )
    assert score.category == "IHC2"
    assert "ISOLATED_STRONG_CELLS" in _codes(score)


def test_biopsy_cells_far_apart_are_no_cluster(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    table = table_of_counts({"SC": 100}, spacing_px=92)  # 23 µm: more than one and a half cells
    score = _score(table, rulebooks["gastric-biopsy"], quick, pixel_size=FINE, specimen="biopsy")
    assert score.score == "0"
    near = table_of_counts({"SC": 100}, spacing_px=90)
    assert _score(near, rulebooks["gastric-biopsy"], quick, pixel_size=FINE, specimen="biopsy").score == "3+"


def test_biopsy_without_a_pixel_size_asks_for_one(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    with pytest.raises(UsageError, match="--mpp"):
        _score(table_of_counts({"N": 100}), rulebooks["gastric-biopsy"], quick, specimen="biopsy")


def test_only_counted_and_measured_cells_are_the_denominator(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    table = table_of_counts({"N": 850, "SC": 150})
    counted, pattern = table.counted.copy(), table.pattern.copy()
    strong = np.flatnonzero(table.pattern == PATTERNS.index("SC"))
    counted[strong[:40]] = False
    pattern[strong[40:50]] = UNGRADED
    score = _score(replace(table, counted=counted, pattern=pattern), rulebooks["breast-2018"], quick)
    assert score.n_cells == 950
    assert score.fractions["SC"] == pytest.approx(100 / 950)
    assert "UNMEASURED_CELLS" in _codes(score)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 200), min_size=9, max_size=9).filter(lambda counts: sum(counts) >= 20))
def test_fractions_sum_to_one_and_every_table_has_a_score(
    table_of_counts: Callable[..., CellTable],
    rulebooks: dict[str, Rulebook],
    quick: Statistics,
    counts: list[int],
) -> None:
    table = table_of_counts(dict(zip(PATTERNS, counts, strict=True)))
    score = _score(table, rulebooks["breast-2018"], quick, pixel_size=FINE)
    assert sum(score.fractions.values()) == pytest.approx(1)
    assert score.score_ci is not None
    assert sum(score.score_ci.values()) == pytest.approx(1)
    assert score.fractions_ci is not None
    for name, (low, high) in score.fractions_ci.items():
        assert 0 <= low <= score.fractions[name] <= high <= 1
        assert low < high


def test_measurements(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    score = _score(
        table_of_counts({"N": 400, "FI": 300, "MC": 200, "SC": 100}), rulebooks["breast-2018"], quick
    )
    assert score.h_score == pytest.approx(100)  # 40, 30, 20, 10 % of grades 0 to 3
    assert score.complete_intense_fraction == 0.1
    od = np.repeat(np.array([0.12, 0.5, 0.8], np.float32), [300, 200, 100]).astype(float)
    assert score.membrane_od == pytest.approx(
        {"mean": od.mean(), **dict(zip(("p10", "p50", "p90"), np.quantile(od, (0.1, 0.5, 0.9)), strict=True))}
    )


def test_missing_is_none(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    table = table_of_counts({"N": 500})
    grade = table.grade.copy()
    grade[7] = -1
    score = _score(replace(table, grade=grade), rulebooks["breast-2018"], quick)
    assert score.h_score is None
    assert set(score.membrane_od.values()) == {None}
    assert score.fractions_ci is None
    assert score.score_ci is None
    assert score.borderline is None


@pytest.mark.parametrize(("n", "code"), [(0, "NO_TUMOUR"), (1, "TOO_FEW_CELLS"), (19, "TOO_FEW_CELLS")])
def test_too_few_cells_are_not_scored(
    table_of_counts: Callable[..., CellTable],
    rulebooks: dict[str, Rulebook],
    quick: Statistics,
    n: int,
    code: str,
) -> None:
    with pytest.raises(NotEvaluableError) as caught:
        _score(table_of_counts({"SC": n}), rulebooks["breast-2018"], quick)
    assert caught.value.code == code


def test_the_same_table_gives_the_same_score_in_any_order(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook]
) -> None:
    table = table_of_counts({"N": 880, "WC": 100, "SC": 20})
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    first, second = (
        _score(t, rulebooks["breast-2018"], Statistics(), pixel_size=FINE).as_json()
        for t in (table, shuffled)
    )
    assert first.pop("membrane_od") == pytest.approx(second.pop("membrane_od"))
    assert first == second


def test_the_evidence_names_what_each_rule_saw(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook], quick: Statistics
) -> None:
    book = rulebooks["breast-2018"]
    score = _score(table_of_counts({"N": 876, "WC": 124}), book, quick, pixel_size=FINE)
    assert [e.rule for e in score.evidence] == [rule.name for rule in book.rules]
    fired = next(e for e in score.evidence if e.rule == score.rule_fired)
    assert fired.met
    assert (fired.count, fired.op, fired.threshold) == (124, ">", 10)
    assert fired.percent == pytest.approx(12.4)
    assert score.explanation == fired.sentence
    assert "12.40 % of tumour cells (124 of 1,000); the rule asks for more than 10 %" in fired.sentence


def test_how_sure_stands_beside_the_score(
    table_of_counts: Callable[..., CellTable], rulebooks: dict[str, Rulebook]
) -> None:
    table = table_of_counts({"N": 880, "SC": 120})
    score = _score(table, rulebooks["breast-2018"], Statistics(), pixel_size=FINE)
    low, high = score.fractions_wilson["SC"]
    assert (low, high) == pytest.approx((0.1013, 0.1416), abs=1e-3)  # 12 % of 1000 independent cells
    assert score.fractions_ci is not None
    assert score.fractions_ci["SC"][0] <= low + 0.003
    assert score.fractions_ci["SC"][1] >= high - 0.003
    assert score.cells_to_other_score is not None
    assert score.cells_to_other_score.lower is not None
    assert (score.cells_to_other_score.lower.cells, score.cells_to_other_score.lower.score) == (20, "2+")
    assert score.design_effect is not None
    assert 1 <= score.design_effect < 3  # the cells are shuffled
    assert score.tag_ci is not None
    assert score.score_ci is not None
    assert score.tag_ci["her2-positive"] == score.score_ci["3+"]
    assert score.tag_ci["none"] == score.score_ci["2+"]
    assert sum(score.tag_ci.values()) == pytest.approx(1)
