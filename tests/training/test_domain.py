from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest

from her2path.cells.vocabulary import PATTERNS
from her2path.phantom.scanner import SCANNERS, Scanner
from her2path.phantom.spec import SlideSpec
from her2path.training.domain import (
    HELD_OUT,
    HELD_OUT_DEGREES,
    TRAINING_MPP_UM,
    UNSTAINED_SHARE,
    degrees_between,
    random_domain,
)


@pytest.fixture(scope="module")
def domains() -> list[tuple[SlideSpec, Scanner]]:
    return [random_domain(np.random.default_rng(seed), 256) for seed in range(600)]


def test_one_seed_gives_one_domain() -> None:
    (spec, scanner), (again, same) = (random_domain(np.random.default_rng(3), 320) for _ in range(2))
    assert spec == again
    assert asdict(scanner) == asdict(same)
    assert spec.size_px == (320, 320)


def test_what_is_held_out_is_never_learnt_from(domains: list[tuple[SlideSpec, Scanner]]) -> None:
    assert {spec.mpp for spec, _ in domains} == set(TRAINING_MPP_UM)
    assert not {0.2208, 0.27, 0.46} & set(TRAINING_MPP_UM)
    assert {spec.tumour.architecture for spec, _ in domains} == {"nests", "glands", "sheets", "files"}
    for _, scanner in domains:
        for held in (SCANNERS[name].stains for name in HELD_OUT):
            apart = (
                degrees_between(scanner.stains.haematoxylin, held.haematoxylin),
                degrees_between(scanner.stains.dab, held.dab),
            )
            assert max(apart) >= HELD_OUT_DEGREES


def test_every_pattern_is_common_and_a_third_has_none(domains: list[tuple[SlideSpec, Scanner]]) -> None:
    unstained = np.mean([set(spec.patterns) == {"N"} for spec, _ in domains])
    assert UNSTAINED_SHARE - 0.06 < unstained < UNSTAINED_SHARE + 0.1
    seen = Counter(name for spec, _ in domains for name in spec.patterns)
    assert min(seen[name] for name in PATTERNS) > 0.12 * len(domains)


def test_every_oddity_comes_now_and_then(domains: list[tuple[SlideSpec, Scanner]]) -> None:
    keys = {
        "tumour": ["signet", "overlap", "necrosis", "granular", "irregular"],
        "stroma": ["lacy", "pale_cells", "fat", "retraction"],
        "confounders": [
            "golgi",
            "brown_nuclei",
            "secretion_od",
            "edge_od",
            "folds",
            "pigment",
            "pen",
            "blurred",
        ],
    }
    for table, names in keys.items():
        for name in names:
            share = np.mean([bool(getattr(getattr(spec, table), name)) for spec, _ in domains])
            assert share > 0.003, name


def test_optics_and_light_keep_to_what_scanners_do(domains: list[tuple[SlideSpec, Scanner]]) -> None:
    scanners = [scanner for _, scanner in domains]
    white = np.array([scanner.stains.white for scanner in scanners])
    assert white.min() >= 155
    assert white.max() <= 254
    assert all(60 <= scanner.quality <= 95 and 0 <= scanner.sharpening <= 1.8 for scanner in scanners)
    dab = np.array([scanner.stains.dab for scanner in scanners])
    np.testing.assert_allclose(np.linalg.norm(dab, axis=1), 1)
    assert dab.min() > 0
    assert np.rad2deg(dab.std(axis=0)).max() > 1
