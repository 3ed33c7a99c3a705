from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from her2path.arrays import Ints, Rgb8
from her2path.errors import UsageError
from her2path.training.photographs import (
    LEVELS,
    NUINSSEG_SHARE,
    TRAINING_PATIENTS,
    held_back_photographs,
    photograph_of,
    read_photograph,
    separated,
    training_photographs,
    white_of,
)

WHITE = (233.0, 230.0, 236.0)


def test_patients_are_not_shared_between_training_and_evaluation(he_folder: Path) -> None:
    taught = {path.name for path in training_photographs(he_folder)["tnbc"]}
    held = {path.name for path in held_back_photographs(he_folder)["tnbc"]}
    assert taught == {"01_1.png", "01_2.png"}
    assert held == {"07_1.png", "07_2.png", "09_1.png", "09_2.png"}


def test_nuinsseg_is_split_by_the_order_of_its_files(tmp_path: Path) -> None:
    images = tmp_path / "nuinsseg" / "images"
    images.mkdir(parents=True)
    for number in range(1, 11):
        (images / f"{number:03d}.jpg").touch()
    taught = [path.stem for path in training_photographs(tmp_path)["nuinsseg"]]
    held = [path.stem for path in held_back_photographs(tmp_path)["nuinsseg"]]
    assert taught == [f"{number:03d}" for number in range(1, 9)]
    assert held == ["009", "010"]


def test_a_folder_without_any_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds none of the sets tnbc, nuinsseg, dsb"):
        training_photographs(tmp_path)


def test_missing_labels_are_named(tmp_path: Path, he_folder: Path) -> None:
    images = tmp_path / "tnbc" / "images"
    images.mkdir(parents=True)
    (images / "01_1.png").write_bytes((he_folder / "tnbc" / "images" / "01_1.png").read_bytes())
    with pytest.raises(UsageError, match=r"labels.01_1\.png: is missing or no picture"):
        read_photograph(images / "01_1.png")


def test_a_picture_in_place_of_labels_is_refused(tmp_path: Path, he_folder: Path) -> None:
    picture = (he_folder / "tnbc" / "images" / "01_1.png").read_bytes()
    for part in ("images", "labels"):
        (tmp_path / "tnbc" / part).mkdir(parents=True)
        (tmp_path / "tnbc" / part / "01_1.png").write_bytes(picture)
    with pytest.raises(UsageError, match="not a number for each pixel"):
        read_photograph(tmp_path / "tnbc" / "images" / "01_1.png")


def test_the_median_nucleus_is_the_unit(he_folder: Path) -> None:
    photograph = read_photograph(training_photographs(he_folder)["tnbc"][0])
    inside = photograph.nucleus_at >= 0
    assert np.median(photograph.haematoxylin[inside]) == pytest.approx(LEVELS, rel=0.1)
    assert np.median(photograph.haematoxylin[~inside]) < 0.15 * LEVELS
    assert np.median(photograph.rest[~inside]) > 0.6 * LEVELS
    assert photograph.trusted
    assert not photograph.glass.any()
    assert len(photograph.kind) == len(photograph.centre_yx_px) == 25
    y, x = photograph.centre_yx_px[7].round().astype(int)
    assert photograph.nucleus_at[y, x] == 7


def test_labels_beside_the_nuclei_are_not_trusted(he_field: tuple[Rgb8, Ints]) -> None:
    rgb, nucleus_at = he_field
    assert photograph_of(rgb, nucleus_at, WHITE).trusted
    assert not photograph_of(rgb, np.roll(nucleus_at, 32, axis=1), WHITE).trusted
    assert not photograph_of(rgb, nucleus_at, WHITE, usable=False).trusted


def test_stains_are_told_apart_and_glass_is_seen(stained_field: Callable[[Ints], Rgb8]) -> None:
    nucleus_at = np.full((120, 120), -1, np.int32)
    nucleus_at[20:60, 20:60] = 0
    rgb = stained_field(nucleus_at)
    rgb[:, 90:] = np.asarray(WHITE, np.uint8)
    haematoxylin, rest, glass = separated(rgb, WHITE, nucleus_at >= 0)
    assert haematoxylin[25:55, 25:55].mean() > 0.5
    assert rest[25:55, 25:55].mean() < 0.05
    assert haematoxylin[70:110, 10:70].mean() < 0.03
    assert rest[70:110, 10:70].mean() == pytest.approx(0.2, abs=0.03)
    assert glass[:, 96:].all()
    assert not glass[:, :84].any()


def test_white_is_the_palest_of_the_field(he_field: tuple[Rgb8, Ints]) -> None:
    rgb = he_field[0].copy()
    rgb[:20, :60] = (200, 190, 210)
    np.testing.assert_allclose(
        white_of(np.minimum(rgb, (200, 190, 210)).astype(np.uint8)), (200, 190, 210), atol=1
    )


def test_the_real_sets_teach_and_are_held_back(realdata: Path) -> None:
    taught, held = training_photographs(realdata / "nuclei"), held_back_photographs(realdata / "nuclei")
    assert {path.name[:2] for path in taught["tnbc"]} == set(TRAINING_PATIENTS)
    assert len(taught["nuinsseg"]) == int(NUINSSEG_SHARE * 599)
    assert len(held["tnbc"]) == 13
    assert "dsb" not in held
    for source, paths in taught.items():
        assert any(read_photograph(path).trusted for path in paths[5::25]), source
