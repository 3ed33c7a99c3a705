"""One slide of a batch: claimed, scored, written; what may pass is told apart from what does not."""

import pickle
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from her2path.batch.job import Job
from her2path.cli import batch_work
from her2path.cli.batch_work import Work, segmenter_of
from her2path.errors import OutputError, SchedulerError
from her2path.store.claims import CLAIMS, claim
from her2path.store.manifest import ManifestRow
from her2path.store.recipes import load_recipe

RECIPE = load_recipe(engine="classical")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    (tmp_path / CLAIMS).mkdir()
    return Work(tmp_path, device="cpu", threads=1, overwrite=False, geojson=False)


def job(path: Path, **more: Any) -> Job:
    return Job("strong", ManifestRow(path), RECIPE.model_copy(update=more), None)


def test_a_slide_is_scored_once_and_stands_then(work: Work, strong_svs: Path) -> None:
    first = work(job(strong_svs))
    assert first.score is not None
    assert (first.score["score"], first.stood, first.holder, first.trouble) == ("3+", False, None, None)
    assert first.host == socket.gethostname()
    again = pickle.loads(pickle.dumps(work))(pickle.loads(pickle.dumps(job(strong_svs))))
    assert again.stood
    assert again.score == orjson.loads(orjson.dumps(first.score, option=orjson.OPT_SERIALIZE_NUMPY))


def test_a_slide_that_another_holds_is_left_to_it(work: Work, strong_svs: Path, tmp_path: Path) -> None:
    with claim(tmp_path, "strong"):
        left = work(job(strong_svs))
    assert left.holder is not None
    assert left.score is None
    assert not (tmp_path / "strong").exists()


def test_a_failure_of_the_slides_own_is_no_trouble(work: Work, tmp_path: Path) -> None:
    (tmp_path / "text.svs").write_text("no slide\n")
    failed = work(job(tmp_path / "text.svs"))
    assert failed.score is not None
    assert (failed.score["status"], failed.trouble) == ("failed", None)


def test_storage_that_is_away_is_trouble_that_may_pass(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_work, "trouble_that_may_pass", lambda path: f"{path.name} cannot be read now")
    away = work(job(tmp_path / "gone.svs"))
    assert away.trouble == "gone.svs cannot be read now"
    assert not away.output_trouble


def test_a_full_disk_may_pass_and_a_folder_of_somebody_elses_does_not(
    work: Work, strong_svs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutputError("cannot be written") from OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(batch_work, "publisher", lambda **_: full)
        outcome = work(job(strong_svs))
    assert (outcome.score, outcome.trouble, outcome.output_trouble) == (None, "cannot be written", True)
    (tmp_path / "strong").mkdir()
    (tmp_path / "strong" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="move it away"):
        work(job(strong_svs))


def test_a_machine_that_has_another_folder_of_that_name_refuses(
    work: Work, strong_svs: Path, tmp_path: Path
) -> None:
    for elsewhere in (tmp_path / "not-mounted", tmp_path / "own-disk"):
        with pytest.raises(SchedulerError, match="does not see the output folder"):
            replace(work, out=elsewhere)(job(strong_svs))
        assert not elsewhere.exists()


def test_a_name_that_another_slide_has_just_taken_is_not_taken_from_it(
    work: Work, strong_svs: Path, tmp_path: Path
) -> None:
    work(job(strong_svs))
    other = tmp_path / "other" / "strong.svs"
    other.parent.mkdir()
    other.write_bytes(strong_svs.read_bytes()[:-1])
    with pytest.raises(OutputError, match="taken for another slide"):
        work(job(other))
    asked = job(other)
    assert not work(
        replace(asked, row=replace(asked.row, slide_id="strong"))
    ).stood  # whoever names it means it


def test_a_worker_with_other_weights_refuses() -> None:
    with pytest.raises(SchedulerError, match="other weights"):
        segmenter_of(RECIPE.model_copy(update={"weights_sha256": "0" * 64}), "cpu")
    with pytest.raises(SchedulerError, match="cannot score"):
        segmenter_of(RECIPE, "cuda")
    assert segmenter_of(RECIPE, "cpu") is segmenter_of(RECIPE, "cpu")


def test_overwriting_scores_again(work: Work, strong_svs: Path) -> None:
    work(job(strong_svs))
    assert not replace(work, overwrite=True)(job(strong_svs)).stood
