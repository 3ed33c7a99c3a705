"""The curves are drawn from the first row on, and the same history gives the same file."""

from pathlib import Path

import cv2
import numpy as np

from her2path.nets.losses import PARTS
from her2path.training.curves import CHECK, Row, write_curves

ROWS: list[Row] = [
    {"step": step, "rate": 0.01, **dict.fromkeys(PARTS, 1.0 / step)} for step in (50, 100, 150)
]


def test_a_picture_of_the_history(tmp_path: Path) -> None:
    looked = [*ROWS[:2], {**ROWS[2], CHECK + "centre_recall": 0.5, CHECK + "membrane_od_mae": float("nan")}]
    for name, rows in (("some", looked), ("again", looked), ("one", ROWS[:1]), ("none", [])):
        write_curves(rows, tmp_path / f"{name}.png")
    some, one = (np.asarray(cv2.imread(str(tmp_path / f"{name}.png"))) for name in ("some", "one"))
    assert some.shape == one.shape
    assert not np.array_equal(some, one)
    assert (tmp_path / "some.png").read_bytes() == (tmp_path / "again.png").read_bytes()
