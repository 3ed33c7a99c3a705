from typing import Any

from her2path.batch.look import GROUPS, Look
from her2path.report.cohort_rows import FOLDED, GROUP_WORDS, cohort_rows, folded_columns
from her2path.store.cohort import COHORT_COLUMNS

EMPTY: dict[str, Any] = dict.fromkeys(COHORT_COLUMNS)


def _row(slide_id: str, **known: object) -> dict[str, Any]:
    return EMPTY | {"slide_id": slide_id, "status": "scored"} | known


def test_what_needs_a_look_stands_first_worst_group_first() -> None:
    rows = [_row(slide_id) for slide_id in ("a", "b", "c", "d", "e")]
    looks = {
        "e": Look("e", "failed", ("corrupt",)),
        "c": Look("c", "borderline", ("near",)),
        "d": Look("d", "failed", ("missing",)),
    }
    assert [row.slide_id for row in cohort_rows(rows, looks)] == ["d", "e", "c", "a", "b"]


def test_every_group_has_words() -> None:
    assert tuple(GROUP_WORDS) == GROUPS


def test_the_name_of_a_folder_is_an_address_within_the_page_own_folder() -> None:
    names = ["50 % #1?", "javascript:alert(1)", "ä/ö"]
    folders = {row.slide_id: row.folder for row in cohort_rows([_row(name) for name in names], {})}
    assert folders == {
        "50 % #1?": "50%20%25%20%231%3F",
        "javascript:alert(1)": "javascript%3Aalert%281%29",
        "ä/ö": "%C3%A4%2F%C3%B6",
    }


def test_a_slide_that_is_not_finished_has_no_page_to_open() -> None:
    (row,) = cohort_rows([_row("a", status="queued")], {"a": Look("a", "not_finished", ("not begun",))})
    assert not row.folder
    assert not row.has_picture


def test_missing_is_none_and_never_zero() -> None:
    (row,) = cohort_rows([_row("a", h_score=float("nan"), n_cells=None)], {})
    assert (row.h_score, row.n_cells, row.grade, row.rank) == (None, None, None, None)


def test_own_columns_follow_and_directories_are_not_shown() -> None:
    rows = [_row("a", path="/secret/patient/a.svs", bank="north"), _row("b", block="")]
    assert folded_columns(rows) == (*FOLDED, "bank", "block")
    first, second = cohort_rows(rows, {})
    named = dict(zip(folded_columns(rows), first.folded, strict=True))
    assert named["path"] == "a.svs"
    assert named["bank"] == "north"
    assert second.folded[-2:] == (None, None)
