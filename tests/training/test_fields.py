"""Which fields are real and which are drawn is settled by their numbers alone."""

from pathlib import Path

import pytest

from her2path.errors import UsageError
from her2path.training import fields
from her2path.training.config import RealTable
from her2path.training.fields import data_sha256, draw_field

REAL = RealTable.model_validate(
    {
        "share": 0.3,
        "sets": [
            {"doi": f"10.1000/{name}", "title": name, "licence": "CC0", "folder": name, "change": "none"}
            for name in ("one", "two")
        ],
    }
)


def test_the_share_of_real_fields_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bridge = pytest.importorskip("her2path.training.bridge")
    monkeypatch.setattr(bridge, "bridge_sample", lambda *_: "real")
    monkeypatch.setattr(fields, "draw_scene", lambda *_: "drawn")

    def drawn(seed: int, share: float, data: Path | None) -> list[object]:
        return [
            draw_field(index, seed=seed, side_px=256, data=data, real_share=share) for index in range(2000)
        ]

    assert 500 < drawn(1, 0.3, tmp_path).count("real") < 700
    assert drawn(1, 0.3, tmp_path) == drawn(1, 0.3, tmp_path) != drawn(2, 0.3, tmp_path)
    assert set(drawn(1, 0.0, tmp_path)) == set(drawn(1, 1.0, None)) == {"drawn"}


def test_the_digest_changes_with_any_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "image.png").write_bytes(name.encode())
    before = data_sha256(tmp_path, REAL)
    (tmp_path / "elsewhere.txt").write_text("is not of the sets")
    assert data_sha256(tmp_path, REAL) == before
    (tmp_path / "two" / "image.png").write_bytes(b"other")
    changed = data_sha256(tmp_path, REAL)
    (tmp_path / "two" / "image.png").rename(tmp_path / "two" / "renamed.png")
    assert len({before, changed, data_sha256(tmp_path, REAL)}) == 3


def test_every_set_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lacks one, two"):
        data_sha256(tmp_path, REAL)
