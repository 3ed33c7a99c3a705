"""``qa`` is asked for one thing at a time; ``qa-plan`` answers in the terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Ran

Call = Callable[..., "Ran"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("t.csv", "--monitor", "--controls", "c.csv"), "--monitor does not go with --controls"),
        (
            ("t.csv", "--monitor", "--reference", "a", "--manual", "m.csv"),
            "--monitor does not go with --reference, --manual",
        ),
        (("t.csv", "--monitor", "--results", "r"), "--monitor does not go with --results"),
        (("t.csv", "--monitor", "--same-unit", "a:b"), "--monitor does not go with --same-unit"),
        (("--controls", "c.csv", "--monitor"), "without a table of scores does not go with --monitor"),
        (("--before", "x", "--after", "y", "--program", "a"), "--after does not go with --program"),
    ],
)
def test_an_option_that_is_not_read_is_refused(
    call: Call, arguments: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    ran = call("qa", *arguments, "--out", tmp_path / "out")
    assert ran.code == 2
    assert f"{named}; run her2path qa once for each" in ran.error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [(), ("--gate",), ("--before", "x"), ("c.csv", "--controls", "c.csv", "--gate"), ("t.csv", "--gate")],
)
def test_what_is_wanted_must_be_clear(call: Call, arguments: tuple[str, ...], tmp_path: Path) -> None:
    ran = call("qa", *arguments, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "--before and --after" in ran.error
    assert not (tmp_path / "out").exists()


def test_a_study_is_planned(call: Call) -> None:
    ran = call("qa-plan", "--agreement", "0.97", "--rate", "0=0.5")
    assert ran.code == 0
    assert "at least 90% is shown by 35 slides with 0" in ran.out
    assert "at least 95% is shown by 73 slides with 0" in ran.out
    assert "unselected slides" in ran.out


def test_an_impossible_plan_is_refused(call: Call) -> None:
    ran = call("qa-plan", "--agreement", "1.7")
    assert ran.code == 2
    assert "agreement is 1.7" in ran.error
