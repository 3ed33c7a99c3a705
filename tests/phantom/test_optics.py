import numpy as np
import pytest

from her2path.phantom.optics import (
    SEAM_REACH_UM,
    STRIP_UM,
    displaced,
    restained,
    scan_strips,
    scanner_of,
    seen_at_um,
    spoilt,
)
from her2path.phantom.scanner import SCANNERS, expose
from her2path.phantom.spec import SlideSpec


def spec_of(**keys: object) -> SlideSpec:
    return SlideSpec.model_validate({"name": "t", "size_px": (3072, 1024), "patterns": {"SC": 1.0}, **keys})


def seen(spec: SlideSpec, stain: int, od: float) -> list[int]:
    """The colour of an even layer of one stain."""
    densities = np.zeros((24, 24, 5), np.float32)
    densities[..., stain] = od
    still = np.zeros((24, 24, 3), np.float32)
    rgb = expose(densities, scanner=scanner_of(spec), mpp_um=0.25, noise=still)
    return [int(value) for value in rgb[12, 12]]


def test_a_plain_slide_is_scanned_by_its_scanner_as_it_is() -> None:
    assert scanner_of(spec_of()) == SCANNERS["bluish"]
    assert restained(spec_of()) == spec_of()
    strips = scan_strips(spec_of())
    assert not strips.is_smeared
    assert not strips.shift_px.any()


def test_settings_replace_those_of_the_scanner() -> None:
    scanner = scanner_of(spec_of(jpeg_quality=20, gamma=0.6, white=(130, 128, 126), cast=(1.1, 1, 0.8)))
    assert (scanner.quality, scanner.gamma, scanner.cast) == (20, 0.6, (1.1, 1, 0.8))
    assert scanner.stains.white == (130, 128, 126)
    assert seen(spec_of(white=(130, 128, 126)), 0, 0.0) == [130, 128, 126]
    red, green, blue = seen(spec_of(white=(200, 200, 200), cast=(1.5, 1, 0.5)), 0, 0.0)
    assert (red, green, blue) == (255, 200, 100)


def test_a_low_gamma_lifts_the_shadows() -> None:
    assert min(seen(spec_of(gamma=0.6), 1, 1.0)) > min(seen(spec_of(), 1, 1.0)) + 20


@pytest.mark.parametrize(("colour", "brightest"), [("green", 1), ("red", 0), ("blue", 2)])
def test_a_pen_lets_its_own_colour_pass(colour: str, brightest: int) -> None:
    rgb = seen(spec_of(confounders={"pen": True, "pen_colour": colour}), 4, 0.55)
    assert int(np.argmax(rgb)) == brightest
    assert max(rgb) > min(rgb) + 40


def test_a_black_pen_is_dark_and_has_no_colour() -> None:
    rgb = seen(spec_of(confounders={"pen": True, "pen_colour": "black"}, scanner="neutral"), 4, 0.55)
    assert max(rgb) < 40
    assert max(rgb) - min(rgb) < 6


def test_other_chromogens_are_red_where_dab_is_brown() -> None:
    dab, aec, red = (seen(spec_of(stain=stain), 1, 0.6) for stain in ("h-dab", "h-aec", "h-red"))
    assert dab[1] > dab[2]
    assert aec[0] > aec[2]
    assert red[2] > red[1]
    assert red[0] > dab[0]


def test_a_grey_scan_has_no_colour_and_fluorescence_shines_in_the_dark() -> None:
    assert len(set(seen(spec_of(stain="grey"), 1, 0.6))) == 1
    assert max(seen(spec_of(stain="fluorescence"), 0, 0.0)) < 12
    assert int(np.argmax(seen(spec_of(stain="fluorescence"), 1, 0.6))) == 1


def test_only_another_stain_changes_what_is_drawn() -> None:
    eosin, nuclear = restained(spec_of(stain="h-e")), restained(spec_of(stain="nuclear-dab"))
    assert eosin.patterns == nuclear.patterns == {"N": 1.0}
    assert eosin.confounders.eosinophilic_od > 0.2
    assert nuclear.confounders.brown_nuclei > 0.5
    assert restained(spec_of(stain="h-red")).patterns == {"SC": 1.0}


def test_every_other_strip_is_displaced_and_its_cells_with_it() -> None:
    spec = spec_of(confounders={"seam_um": 4})
    strips = scan_strips(spec)
    assert strips.shift_px.tolist() == [0, 16, 0, 16]
    y_um = np.array([0.5, 1.5]) * STRIP_UM
    np.testing.assert_allclose(seen_at_um(spec, y_um, np.array([50.0, 50.0])), [50, 46])
    rgb = np.broadcast_to(np.arange(40, dtype=np.uint8)[None, :, None], (30, 40, 3))
    moved = displaced(rgb, np.repeat([0, 3], 15), 8)
    assert moved.shape == (14, 24, 3)
    assert (moved[:7, 0, 0] == 8).all()
    assert (moved[7:, 0, 0] == 11).all()


def test_cells_at_a_seam_are_spoilt_and_no_others() -> None:
    spec = spec_of(confounders={"seam_um": 4})
    y_um = np.arange(0.0, 768.0)
    at_seam = np.min([np.abs(y_um - k * STRIP_UM) for k in (1, 2, 3)], axis=0) < SEAM_REACH_UM
    np.testing.assert_array_equal(spoilt(spec, y_um), at_seam)


def test_a_slide_of_one_strip_has_no_seam() -> None:
    assert not spoilt(
        spec_of(size_px=(512, 512), confounders={"seam_um": 4}), np.arange(128, dtype=float)
    ).any()


@pytest.mark.parametrize(("motion_um", "hidden"), [(0.5, False), (3, True)])
def test_smeared_strips_hide_their_cells_once_membranes_are_gone(motion_um: float, hidden: bool) -> None:
    spec = spec_of(confounders={"motion_um": motion_um})
    strips = scan_strips(spec)
    assert set(strips.smear_px.tolist()) == {1, round(motion_um / 0.25)}
    middles = np.array([0.5, 1.5, 2.5, 3.5]) * STRIP_UM
    np.testing.assert_array_equal(spoilt(spec, middles[:3]), hidden & (strips.smear_px[:3] > 1))


def test_a_smear_runs_along_x() -> None:
    densities = np.zeros((60, 60, 5), np.float32)
    densities[30, :, 1] = densities[:, 30, 1] = 0.8
    still = np.zeros((60, 60, 3), np.float32)
    rows = np.full(60, 13)
    scanner = SCANNERS["neutral"]
    rgb = expose(densities, scanner=scanner, mpp_um=0.25, noise=still, smear_px=rows)[..., 2].astype(int)
    assert np.ptp(rgb[10:50, 10]) > 2 * np.ptp(rgb[10, 10:50])
