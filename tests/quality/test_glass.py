"""What lies on a slide together: on clean slides nothing, and flags that name colours and areas."""

from pathlib import Path

import numpy as np
import pytest

from her2path.arrays import Doubles, Mask, Rgb8
from her2path.image.stains import RUIFROK_DAB, RUIFROK_HAEMATOXYLIN, StainMatrix, density_image, mix
from her2path.image.tissue import find_tissue
from her2path.pipeline.survey import survey_slide
from her2path.quality.glass import find_on_glass, glass_flags
from her2path.slides.open import open_slide

STAINS = StainMatrix(RUIFROK_HAEMATOXYLIN, RUIFROK_DAB, (240, 240, 240), "recipe")


def found_on(rgb: Rgb8) -> dict[str, Mask]:
    od = density_image(rgb, STAINS.white)
    return find_on_glass(rgb, od, STAINS, 4.0, find_tissue(od, 4.0)[0])


def test_a_clean_section_loses_nothing(section: Doubles) -> None:
    found = found_on(mix(section, STAINS))
    assert list(found) == ["pen", "bubble", "coverslip", "dust", "fold"]
    assert not np.any(list(found.values()))


def test_what_something_covers_is_no_fold(section: Doubles) -> None:
    double = section.copy()
    double[:, 120:132, 60:200] += section[:, 60:72, 60:200]
    rgb = mix(double, STAINS)
    rgb[110:142] = (20, 120, 60)
    found = found_on(rgb)
    assert found["pen"][120:132, 60:200].all()
    assert not found["fold"].any()


@pytest.mark.parametrize("core", ["0_a6d0", "1_154a", "2_a559"])
def test_real_cores_that_lie_flat_and_clean_lose_nothing(realdata: Path, core: str) -> None:
    slide = open_slide(realdata / "her2_cores" / f"{core}.jpg", mpp_um=(0.23, 0.23))
    survey = survey_slide(slide, None)
    lost = np.any(list(survey.on_glass.values()), axis=0) & survey.tissue.tissue
    assert np.count_nonzero(lost) < 0.003 * np.count_nonzero(survey.tissue.tissue)


def test_flags_name_reason_area_and_colours() -> None:
    flags = glass_flags({"pen": 0.5, "fold": 0.0, "crush": 3.0}, {"pen_green": 0.4, "pen_blue": 0.1}, 20.0)
    assert [(flag.code, flag.severity) for flag in flags] == [("PEN", "info")]
    assert flags[0].detail == (
        "0.50 mm² of tissue lie beside ink (blue 0.10 mm², green 0.40 mm²) and were left out"
    )


@pytest.mark.parametrize("reason", ["pen", "bubble", "coverslip", "dust", "fold"])
def test_a_tenth_of_the_tissue_is_a_warning(reason: str) -> None:
    (much,), (little,) = (glass_flags({reason: mm2}, {}, 10.0) for mm2 in (1.0, 0.99))
    assert (much.code, much.severity, little.severity) == (reason.upper(), "warning", "info")
    assert "1.00 mm²" in much.detail


def test_nothing_left_out_is_no_flag() -> None:
    assert glass_flags({}, {}, 10.0) == ()
