"""The picture of patients over time."""

from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from her2path.errors import OutputError
from her2path.report.timeline import MAX_CASES, drawn_cases, write_timeline
from her2path.scoring.cases import Case, Sample, bring_together


def patients(n: int, *, several: bool = True, dated: bool = True) -> tuple[Case, ...]:
    taken = date(2020, 1, 1) if dated else None
    later = date(2022, 1, 1) if dated else None
    samples = [Sample(f"p{k}", f"case {k:03d}", "IHC1", taken=taken, site="primary") for k in range(n)]
    if several:
        samples += [Sample(f"m{k}", f"case {k:03d}", "IHC3", taken=later, site="<bone> $5") for k in range(n)]
    return bring_together(samples)


def test_both_pictures_are_written_with_names_scores_and_sites(tmp_path: Path) -> None:
    write_timeline(tmp_path, patients(3))
    with Image.open(tmp_path / "cases.png") as picture:
        assert min(picture.size) > 200
    svg = (tmp_path / "cases.svg").read_text(encoding="utf-8")
    for text in ("case 002", "1+", "3+", "primary", "&lt;bone&gt; $5", "years since the first specimen"):
        assert text in svg


def test_the_same_patients_give_the_same_picture(tmp_path: Path) -> None:
    pictures = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_timeline(tmp_path / name, patients(2))
        pictures.append((tmp_path / name / "cases.svg").read_bytes())
    assert pictures[0] == pictures[1]


def test_without_dates_the_order_is_drawn(tmp_path: Path) -> None:
    write_timeline(tmp_path, patients(2, dated=False))
    svg = (tmp_path / "cases.svg").read_text(encoding="utf-8")
    assert "not every date is known" in svg
    assert "years since" not in svg


def test_patients_with_several_specimens_are_drawn_discordant_ones_first() -> None:
    single = bring_together([Sample("only", "single", "IHC1")])
    calm = bring_together(
        [
            Sample(f"c{k}{i}", f"calm {k:03d}", "IHC1", taken=date(2020, 1, 1))
            for k in range(80)
            for i in range(2)
        ]
    )
    drawn = drawn_cases((*single, *calm, *patients(5)))
    assert len(drawn) == MAX_CASES
    assert {case.case_id for case in patients(5)} <= {case.case_id for case in drawn}
    assert "single" not in {case.case_id for case in drawn}
    assert drawn_cases(single) == single


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_timeline(tmp_path / "nowhere", patients(1))
