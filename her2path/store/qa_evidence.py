"""What a folder of results says of its slides, for the slides on which raters differ."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from her2path.errors import UsageError
from her2path.qa.discordance import Evidence
from her2path.store.disk import SCORE_FILE


def read_evidence(results: Path, slide_ids: Iterable[str]) -> dict[str, Evidence]:
    """Read the scores of some slides.

    Parameters
    ----------
    results
        Folder that ``her2path score`` wrote.
    slide_ids
        Slides to look for; those without a finished result are left out.

    Raises
    ------
    UsageError
        If the folder is not there, or a score in it cannot be read.
    """
    if not results.is_dir():
        raise UsageError(f"{results}: no such folder; give one that her2path score wrote.")
    files = {slide_id: results / slide_id / SCORE_FILE for slide_id in slide_ids}
    return {slide_id: _evidence(file) for slide_id, file in files.items() if file.is_file()}


def _evidence(file: Path) -> Evidence:
    try:
        score: Any = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{file}: not JSON ({error}); score the slide again.") from error
    if not isinstance(score, dict):
        raise UsageError(f"{file}: holds no object of fields; score the slide again.")
    rule = score.get("rule_fired")
    entries: list[dict[str, Any]] = score.get("evidence") or []
    decided = next((one for one in entries if one.get("rule") == rule), {})
    percent = decided if decided.get("metric") == "percent" else {}
    interval = percent.get("percent_ci")
    return Evidence(
        score=score.get("score"),
        fractions=score.get("fractions"),
        rule=rule,
        deciding_fraction=_part(percent.get("percent")),
        deciding_interval=None if interval is None else (interval[0] / 100, interval[1] / 100),
        cut_fraction=_part(percent.get("threshold")),
        borderline=score.get("borderline"),
        explanation=score.get("explanation"),
        folder=str(file.parent),
        slide_path=score.get("path"),
    )


def _part(percent: float | None) -> float | None:
    return None if percent is None else percent / 100
