from pathlib import Path

import cv2
import numpy as np
import pytest

from her2path.errors import UsageError
from her2path.training.mosaic import PIECE_PX, lay_mosaic

SIDE_PX = 300


def test_pieces_cover_the_field_and_seams_are_unknown(he_folder: Path) -> None:
    mosaic = lay_mosaic(he_folder, np.random.default_rng(1), SIDE_PX)
    for plane in (mosaic.haematoxylin, mosaic.rest, mosaic.nucleus_at, mosaic.unknown, mosaic.glass):
        assert plane.shape == (SIDE_PX, SIDE_PX)
    assert PIECE_PX < SIDE_PX  # two by two pieces
    assert mosaic.unknown[SIDE_PX // 2].all()
    assert mosaic.unknown[:, SIDE_PX // 2].all()
    assert not mosaic.unknown[:100, :100].any()
    # Every photograph has 25 nuclei; none is shared by two pieces.
    assert len(mosaic.kind) == len(mosaic.epithelial) == len(mosaic.doubtful) == 100
    assert mosaic.nucleus_at[:150, :150].max() < 25
    seen = mosaic.nucleus_at[150:, 150:]
    assert seen[seen >= 0].min() >= 75


@pytest.mark.parametrize("seed", range(12))
def test_nuclei_stay_under_their_labels_however_turned(he_folder: Path, seed: int) -> None:
    mosaic = lay_mosaic(he_folder, np.random.default_rng(seed), PIECE_PX)
    inside = mosaic.nucleus_at >= 0
    assert 0.1 < inside.mean() < 0.5
    assert mosaic.haematoxylin[inside].mean() > 0.85
    assert np.mean(mosaic.haematoxylin[inside] > 0.5) > 0.9
    assert np.mean(mosaic.haematoxylin[~inside] < 0.5) > 0.95


def test_nuclei_that_the_piece_cuts_are_doubtful(he_folder: Path) -> None:
    mosaic = lay_mosaic(he_folder, np.random.default_rng(3), PIECE_PX)
    rim = np.concatenate([mosaic.nucleus_at[0], mosaic.nucleus_at[-1], mosaic.nucleus_at[:, 0]])
    cut = np.unique(rim[rim >= 0])
    assert len(cut)
    assert mosaic.doubtful[cut].all()
    whole = np.setdiff1d(np.unique(mosaic.nucleus_at[20:-20, 20:-20]), [-1, *cut])
    assert not mosaic.doubtful[whole].all()


def test_labels_that_nothing_is_dark_under_are_refused(he_folder: Path, tmp_path: Path) -> None:
    for part in ("images", "labels"):
        (tmp_path / "tnbc" / part).mkdir(parents=True)
    picture = (he_folder / "tnbc" / "images" / "01_1.png").read_bytes()
    (tmp_path / "tnbc" / "images" / "01_1.png").write_bytes(picture)
    labels = np.asarray(
        cv2.imread(str(he_folder / "tnbc" / "labels" / "01_1.png"), cv2.IMREAD_UNCHANGED), np.uint16
    )
    cv2.imwrite(str(tmp_path / "tnbc" / "labels" / "01_1.png"), np.roll(labels, 32, axis=1))
    with pytest.raises(UsageError, match="none of 200 photographs has labels to be trusted"):
        lay_mosaic(tmp_path, np.random.default_rng(0), PIECE_PX)
