"""The doctor says what it checked, and its exit code says whether all is well."""

import pytest

from her2path.cli import doctor
from her2path.errors import Her2pathError


def broken() -> str:
    raise Her2pathError("something is wrong; install it again")


def test_a_line_a_check_and_the_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = {name: check for name, check in doctor.CHECKS.items() if name != "golden slide"}
    monkeypatch.setattr(doctor, "CHECKS", quick)
    assert doctor.run_doctor() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(quick)
    assert all(line.startswith("ok") for line in lines)
    assert "breast-2018" in "".join(lines)


def test_one_check_that_fails_fails_the_doctor_and_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {"bad": broken, "good": lambda: "fine"})
    assert doctor.run_doctor() == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("FAIL bad")
    assert "install it again" in first
    assert second.startswith("ok")


def test_a_full_disk_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "FREE_GB", 1e9)
    monkeypatch.setattr(doctor, "CHECKS", {"disk": doctor.CHECKS["disk"]})
    assert doctor.run_doctor() == 1
    assert "needed" in capsys.readouterr().out


def test_a_drawn_slide_is_scored_as_it_was_drawn() -> None:
    assert "3+" in doctor.CHECKS["golden slide"]()


def test_a_wrong_score_of_the_drawn_slide_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "GOLDEN_SCORE", "0")
    with pytest.raises(Her2pathError, match="reinstall"):
        doctor.CHECKS["golden slide"]()
