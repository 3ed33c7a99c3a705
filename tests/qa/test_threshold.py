import numpy as np
import pytest
from sklearn.metrics import recall_score, roc_curve

from her2path.errors import UsageError
from her2path.qa.threshold import MOST_CUTS, at_boundary, threshold_sweep
from her2path.qa.values import Estimate, Statistic, Undefined


def number(statistic: Statistic) -> Estimate:
    assert isinstance(statistic, Estimate), statistic
    return statistic


@pytest.mark.parametrize("seed", range(5))
def test_agreement_at_every_cut_is_recall_of_either_side(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = np.concatenate([[0, 2], rng.integers(0, 4, 30)]).astype(np.int8)
    values = np.round(codes / 4 + rng.normal(0, 0.3, 32), 1)
    for one in threshold_sweep(values, codes, cut=2).cuts:
        called = values >= one.cut
        assert number(one.ppa).value == pytest.approx(recall_score(codes >= 2, called))
        assert number(one.npa).value == pytest.approx(recall_score(codes < 2, ~called))
        assert number(one.opa).value == pytest.approx(np.mean((codes >= 2) == called))


def test_the_points_are_those_of_the_roc_curve() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 2, 80).astype(np.int8)
    values = codes + rng.normal(0, 1, 80)
    false, true, at = roc_curve(codes, values, drop_intermediate=False)
    found = threshold_sweep(values, codes, cut=1).cuts
    assert [one.cut for one in found] == pytest.approx(at[:0:-1])
    assert [number(one.ppa).value for one in found] == pytest.approx(true[:0:-1])
    assert [1 - number(one.npa).value for one in found] == pytest.approx(false[:0:-1])


def test_a_higher_cut_gives_away_positives_for_negatives() -> None:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 4, 1000).astype(np.int8)
    found = threshold_sweep(codes + rng.normal(0, 1, 1000), codes, cut=1).cuts
    assert len(found) <= MOST_CUTS
    assert (np.diff([one.cut for one in found]) > 0).all()
    assert (np.diff([number(one.ppa).value for one in found]) <= 0).all()
    assert (np.diff([number(one.npa).value for one in found]) >= 0).all()


def test_cuts_may_be_given_and_gaps_are_left_out() -> None:
    found = threshold_sweep(
        [0.0, 0.2, np.nan, 0.4, 0.9], np.array([0, 0, 1, 1, -1], np.int8), cut=1, at=[0.3, 0.1]
    )
    assert [one.cut for one in found.cuts] == [0.1, 0.3]
    assert (found.n_positive, found.n_negative) == (1, 2)
    assert [number(one.npa).value for one in found.cuts] == [0.5, 1.0]
    assert found.balanced is found.cuts[1]


def test_without_positives_there_is_no_positive_agreement() -> None:
    found = threshold_sweep([0.1, 0.2], np.zeros(2, np.int8), cut=1)
    assert isinstance(found.cuts[0].ppa, Undefined)
    assert number(found.cuts[0].npa).n == 2
    assert found.balanced is None
    assert threshold_sweep([], np.zeros(0, np.int8), cut=1).cuts == ()


def test_as_many_values_as_classes_are_wanted() -> None:
    with pytest.raises(UsageError, match="one of each"):
        threshold_sweep([0.1], np.zeros(2, np.int8), cut=1)


def test_the_boundary_leaves_the_easy_slides_out() -> None:
    golden = np.array([[18, 5, 0, 0], [4, 22, 6, 0], [0, 5, 17, 1], [0, 0, 1, 21]])
    found = at_boundary(golden, ("0", "1+", "2+", "3+"), cut=1)
    assert (found.below, found.above) == ("0", "1+")
    assert (number(found.ppa).value, number(found.ppa).n) == (28 / 32, 32)
    assert (number(found.npa).value, number(found.npa).n) == (18 / 23, 23)
    assert isinstance(at_boundary(np.diag([3, 0]), ("0", "1+"), cut=1).ppa, Undefined)
