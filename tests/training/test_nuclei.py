import cv2
import numpy as np

from her2path.arrays import Floats, Ints
from her2path.cells.vocabulary import LYMPHOCYTE, STROMA, TUMOUR
from her2path.training.nuclei import judge_nuclei, split_touching, touches_edge, unlabelled_nuclei

SIDE_PX = 240


def ellipses(*shapes: tuple[tuple[int, int], tuple[int, int]]) -> Ints:
    """Labels of filled ellipses, each given by its centre and semi-axes in pixels as (y, x)."""
    at = np.full((SIDE_PX, SIDE_PX), -1, np.int32)
    for number, ((y, x), (half_y, half_x)) in enumerate(shapes):
        cv2.ellipse(at, (x, y), (half_x, half_y), 0, 0, 360, number, thickness=-1)
    return at


def dark_where(at: Ints, *, row: int = -1, times: float = 1.0) -> Floats:
    plane = np.where(at >= 0, 1.0, 0.1)
    plane[at == row] *= times
    return np.asarray(plane, np.float32)


NEST = (((80, 60), (17, 17)), ((80, 120), (17, 17)), ((130, 90), (17, 17)))
"""Three nuclei 8.5 µm across within 16 µm of each other."""


def test_large_round_nuclei_in_company_are_tumour() -> None:
    at = ellipses(*NEST)
    nuclei = judge_nuclei(at, dark_where(at))
    assert nuclei.kind.tolist() == [TUMOUR] * 3
    assert nuclei.epithelial.all()
    assert not nuclei.doubtful.any()
    assert nuclei.stand_out


def test_a_large_nucleus_alone_may_be_anything() -> None:
    at = ellipses(NEST[0])
    nuclei = judge_nuclei(at, dark_where(at))
    assert nuclei.kind.tolist() == [-1]
    assert not nuclei.epithelial.any()


def test_a_thin_nucleus_is_a_spindle_cell_but_a_thick_long_one_is_not() -> None:
    at = ellipses(((60, 120), (6, 24)), ((160, 120), (14, 34)))
    assert judge_nuclei(at, dark_where(at)).kind.tolist() == [STROMA, -1]


def test_a_small_round_nucleus_is_a_lymphocyte_only_if_dark() -> None:
    at = ellipses(((60, 60), (11, 11)), ((180, 180), (11, 11)))
    assert judge_nuclei(at, dark_where(at, row=0, times=1.4)).kind.tolist() == [LYMPHOCYTE, -1]


def test_cut_dented_and_tiny_nuclei_are_doubtful() -> None:
    at = ellipses(((4, 120), (17, 17)), ((100, 60), (17, 17)), ((100, 94), (17, 17)), ((180, 180), (4, 4)))
    at[at == 2] = 1  # two that touch, labelled as one
    nuclei = judge_nuclei(at, dark_where(at))
    assert nuclei.doubtful.tolist() == [True, True, True]
    assert nuclei.kind.tolist() == [-1, -1, -1]


def test_numbers_need_not_be_without_gaps() -> None:
    at = ellipses(*NEST)
    gaps = np.where(at >= 0, 10 * at + 3, -1).astype(np.int32)
    np.testing.assert_array_equal(judge_nuclei(gaps, dark_where(at)).at, at)


def test_a_field_without_nuclei_holds_none() -> None:
    at = ellipses()
    nuclei = judge_nuclei(at, dark_where(at))
    assert len(nuclei.kind) == 0
    assert not nuclei.stand_out


def test_blurred_labels_and_labels_beside_the_nuclei_do_not_hold() -> None:
    at = ellipses(*NEST)
    blurred = np.asarray(cv2.GaussianBlur(dark_where(at), (0, 0), 6.0), np.float32)
    assert not judge_nuclei(at, blurred).stand_out
    assert not judge_nuclei(at, np.roll(dark_where(at), 30, axis=0)).stand_out


def test_two_that_touch_are_split_where_they_touch() -> None:
    at = ellipses(((100, 60), (17, 17)), ((100, 90), (17, 17)), ((180, 180), (17, 17)))
    split = split_touching(at >= 0)
    assert split.max() == 2
    np.testing.assert_array_equal(split >= 0, at >= 0)
    assert (split[:, :72][at[:, :72] >= 0] == split[100, 60]).all()
    assert (split[:, 78:120][at[:, 78:120] >= 0] == split[100, 90]).all()


def test_a_dark_blob_without_a_label_is_found() -> None:
    at = ellipses(*NEST)
    plane = dark_where(at)
    labels = np.where(at == 2, -1, at).astype(np.int32)
    found = unlabelled_nuclei(labels, plane)
    assert found[at == 2].all()
    assert not found[(at == 0) | (at == 1)].any()
    assert not unlabelled_nuclei(at, plane).any()


def test_touching_the_edge() -> None:
    at = ellipses(((10, 120), (17, 17)), ((100, 100), (17, 17)))
    assert touches_edge(at, 2).tolist() == [True, False]
