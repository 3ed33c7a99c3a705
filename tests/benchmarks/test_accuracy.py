"""What the accuracy table rests on: pairs of cells, sums of errors, and the peer's optical density."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmarks_{Path(path).stem}", BENCHMARKS / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def compare() -> ModuleType:
    return load("accuracy/compare.py")


def test_the_most_cells_find_a_partner_even_if_one_has_a_nearer_one(compare: ModuleType) -> None:
    drawn, found = np.array([[0.0, 0.0], [0.0, 4.0]]), np.array([[0.0, 3.0], [0.0, 8.5]])
    left, right = compare.match(drawn, found, 5.0)
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 0), (1, 1)]


def test_no_pair_is_farther_apart_than_the_limit(compare: ModuleType) -> None:
    drawn, found = np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([[-5.1, 0.0], [10.0, 4.9]])
    left, right = compare.match(drawn, found, 5.0)
    assert (left.tolist(), right.tolist()) == ([1], [1])


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 40), m=st.integers(0, 40))
def test_matching_is_one_to_one_and_near(seed: int, n: int, m: int) -> None:
    module = sys.modules.get("benchmarks_compare") or load("accuracy/compare.py")
    rng = np.random.default_rng(seed)
    drawn, found = rng.uniform(0, 30, (n, 2)), rng.uniform(0, 30, (m, 2))
    left, right = module.match(drawn, found, 5.0)
    assert len(set(left.tolist())) == len(set(right.tolist())) == len(left) == len(right)
    assert (np.hypot(*(drawn[left] - found[right]).T) <= 5.0).all()


def test_errors_of_two_slides_add_up_to_those_of_both(compare: ModuleType) -> None:
    found, drawn = np.array([0.3, np.nan, 0.1]), np.array([0.2, 0.4, 0.3])
    whole = compare.Errors.of(found, drawn)
    parts = compare.Errors.of(found[:2], drawn[:2]) + compare.Errors.of(found[2:], drawn[2:])
    assert parts == whole
    assert (whole.n, whole.bias, whole.mae) == (2, pytest.approx(-0.05), pytest.approx(0.15))


def test_kappa_is_one_for_agreement_and_undefined_for_one_grade(compare: ModuleType) -> None:
    nothing = compare.Errors(0, 0.0, 0.0)
    assert compare.Reading(np.diag([5, 3, 0, 2]), nothing, nothing).kappa == pytest.approx(1)
    assert np.isnan(compare.Reading(np.diag([5, 0, 0, 0]), nothing, nothing).kappa)


def test_the_peer_measures_optical_density_to_base_ten() -> None:
    plain = load("peers/plain.py")
    dab = np.array([0.268, 0.570, 0.776])
    rgb = (10.0 ** (-0.5 * dab / np.linalg.norm(dab))).reshape(1, 1, 3)
    haematoxylin, found = plain.stain_densities(rgb)
    assert found.item() == pytest.approx(0.5, abs=0.005)
    assert haematoxylin.item() == pytest.approx(0, abs=0.005)
