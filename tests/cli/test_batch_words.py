"""The words of a batch: spans, one line of progress, and every slide that needs a look with its reasons."""

from pathlib import Path
from typing import Any

import pytest

from her2path.batch.look import LookRow
from her2path.batch.progress import Progress, Rates, begun, ended, put_back, started
from her2path.cli.batch_words import (
    Summary,
    area,
    legible,
    look_lines,
    next_lines,
    opening_lines,
    progress_line,
    span,
    summary_of,
)

ROWS = (
    LookRow("S1", "scored", score="1+"),
    LookRow("S2", "failed", "S2.svs is empty; copy it again"),
    LookRow("S10", "failed", "S10.svs does not exist; check the path"),
    LookRow("S3", "not_evaluable", "no tissue found"),
    LookRow("S4", "partial", "0.2 mm² cannot be read", score="2+", warnings=(("PEN", "Ink on it."),)),
    LookRow("S5", "scored", score="0", warnings=(("LOW_CELL_COUNT", "Scored on 20 tumour cells."),)),
    LookRow("S6", "scored", score="3+", borderline=True, score_ci={"2+": 0.2, "3+": 0.8}),
)
STOPPED = (*ROWS, LookRow("S7", "running"), LookRow("S8", "queued"), LookRow("S9", "queued"))


def grown() -> Progress:
    progress = begun(300, 11, 289e9, at_s=0.0)
    progress = started(progress, "S12", n_bytes=1e9, at_s=0.0)
    score: dict[str, Any] = {"slide_id": "S12", "status": "failed", "area_mm2": {"analysed": 143.2}}
    progress = ended(progress, score, stood=False, at_s=60.0)
    return started(started(progress, "S13", at_s=60.0), "S14", at_s=61.0)


def summary(rows: tuple[LookRow, ...] = ROWS) -> Summary:
    return summary_of(rows, grown(), 3600.0)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599.6, "1 h 0 min"),
        (11_760, "3 h 16 min"),
        (86_399, "1 d 0 h"),
        (187_200, "2 d 4 h"),
    ],
)
def test_a_span_of_time(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_small_areas_have_a_decimal() -> None:
    assert (area(0.34), area(1234.5)) == ("0.3 mm²", "1,234 mm²")


def test_a_progress_line_says_all_there_is() -> None:
    line = progress_line(grown(), Rates(88.2, 900.0, 11_760.0), ())
    assert line == (
        "progress: 12 of 300 slides, 143 mm², 88 slides/h, 3 h 16 min left, 1 failed; now: S13, S14"
    )


def test_what_is_not_known_is_not_said() -> None:
    assert progress_line(begun(3, 0, 3e9, at_s=0.0), Rates(), ()) == "progress: 0 of 3 slides, 0.0 mm²"


def test_the_last_minute_is_not_told_in_seconds() -> None:
    assert "less than a minute left" in progress_line(grown(), Rates(left_s=9.0), ())


def test_retries_and_slides_of_another_batch_are_told() -> None:
    progress = put_back(grown(), "S13", failed=True, at_s=70.0)
    line = progress_line(progress, Rates(), {"S20"})
    assert "1 tried again" in line
    assert line.endswith("; now: S14; 1 held by another batch")


def test_a_cluster_does_not_make_a_line_of_names() -> None:
    progress = grown()
    for i in range(100):
        progress = started(progress, f"X{i}", at_s=62.0)
    assert progress_line(progress, Rates(), ()).endswith("S13, S14, X0, X1, X2, X3 and 96 more")


def test_the_opening_counts_every_slide_once() -> None:
    lines = list(opening_lines(summary(STOPPED)))
    assert lines[0] == (
        "10 slides in 1 h 0 min: 3 scored, 1 partial, 1 not evaluable, 2 failed, 3 not finished"
    )
    assert "11 of them" in lines[1]
    assert lines[2] == "scores: 0 in 1, 1+ in 1, 2+ in 1, 3+ in 1"
    assert lines[3] == "1 slides/h, 143 mm²/h"


def test_every_slide_that_needs_a_look_is_named_once_worst_first() -> None:
    assert list(look_lines(summary().looks, None)) == [
        "6 slides to look at:",
        "failed (2)",
        "  S2   S2.svs is empty; copy it again",
        "  S10  S10.svs does not exist; check the path",
        "not evaluable (1)",
        "  S3  no tissue found",
        "partial: some of the tissue could not be scored (1)",
        "  S4  2+  0.2 mm² cannot be read",
        "          PEN: Ink on it",
        "scored, with a warning (1)",
        "  S5  0   LOW_CELL_COUNT: Scored on 20 tumour cells",
        "scored, close to another score (1)",
        "  S6  3+  borderline between 2+ (20 %) and 3+ (80 %)",
    ]


def test_slides_that_were_not_begun_are_counted_and_not_listed() -> None:
    lines = list(look_lines(summary(STOPPED).looks, None))
    at = lines.index("not finished (3)")
    assert lines[at + 1 : at + 3] == ["  S7  stopped while it was scored", "  2 slides not begun"]


def test_a_terminal_gets_lines_that_fit_it() -> None:
    long = LookRow("S1", "failed", "why " * 60)
    lines = list(look_lines(summary((long,)).looks, 60))
    assert max(map(len, lines)) <= 60
    assert all(line.startswith("      why") for line in lines[3:])


def test_nothing_to_look_at_is_said() -> None:
    assert list(look_lines(summary(ROWS[:1]).looks, None)) == ["no slide needs a look"]


def test_what_to_do_next(tmp_path: Path) -> None:
    assert list(next_lines(summary(ROWS[:1]), tmp_path)) == []
    (tmp_path / "cohort.html").touch()
    where, what = next_lines(summary(), tmp_path)
    assert where == f"cohort: {tmp_path / 'cohort.html'}"
    assert what == "run the same command again to try the 2 that failed"


def test_a_batch_that_was_stopped_goes_on_with_the_same_command(tmp_path: Path) -> None:
    (line,) = next_lines(summary(STOPPED), tmp_path)
    assert "finished slides are kept" in line
    assert line.endswith("go on with the other 3, and to try the 2 that failed")


def test_foreign_text_cannot_command_a_terminal() -> None:
    assert legible("a\nb\t c\x1b[31m\udcff\u202e") == "a b c�[31m��"
