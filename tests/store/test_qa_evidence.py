from pathlib import Path
from typing import Any

import orjson
import pytest

from her2path.errors import UsageError
from her2path.store.qa_evidence import read_evidence

SCORE: dict[str, Any] = {
    "slide_id": "one",
    "path": "slides/one.svs",
    "score": "1+",
    "fractions": {"N": 0.7, "FI": 0.3},
    "rule_fired": "faint-incomplete",
    "borderline": True,
    "explanation": "Faint staining in 30 % of tumour cells.",
    "evidence": [
        {
            "rule": "strong-complete",
            "metric": "percent",
            "percent": 0.0,
            "percent_ci": [0, 1],
            "threshold": 10.0,
        },
        {
            "rule": "faint-incomplete",
            "metric": "percent",
            "percent": 30.0,
            "percent_ci": [8.0, 52.0],
            "threshold": 10.0,
        },
    ],
}


def write(folder: Path, score: dict[str, Any]) -> None:
    (folder / score["slide_id"]).mkdir()
    (folder / score["slide_id"] / "score.json").write_bytes(orjson.dumps(score))


def test_the_rule_that_fired_gives_the_deciding_fraction(tmp_path: Path) -> None:
    write(tmp_path, SCORE)
    found = read_evidence(tmp_path, ["one", "not there"])
    assert list(found) == ["one"]
    one = found["one"]
    assert (one.deciding_fraction, one.deciding_interval, one.cut_fraction) == (0.3, (0.08, 0.52), 0.1)
    assert (one.score, one.rule, one.borderline) == ("1+", "faint-incomplete", True)
    assert one.fractions == SCORE["fractions"]
    assert one.folder == str(tmp_path / "one")
    assert one.slide_path == "slides/one.svs"


def test_what_a_slide_without_a_score_does_not_tell_is_none(tmp_path: Path) -> None:
    write(tmp_path, {"slide_id": "two", "status": "failed", "score": None, "rule_fired": None})
    one = read_evidence(tmp_path, ["two"])["two"]
    assert (one.score, one.deciding_fraction, one.deciding_interval, one.borderline) == (
        None,
        None,
        None,
        None,
    )


def test_a_folder_or_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        read_evidence(tmp_path / "nowhere", [])
    (tmp_path / "bad").mkdir()
    for text, said in (("{", "not JSON"), ("[]", "no object")):
        (tmp_path / "bad" / "score.json").write_text(text)
        with pytest.raises(UsageError, match=said):
            read_evidence(tmp_path, ["bad"])
