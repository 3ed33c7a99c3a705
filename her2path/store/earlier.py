"""A result takes its place: beside an older one of another kind, never over it, whenever the program dies.

A new result is written into ``.ID.new``. What stands in ``ID`` makes way to ``earlier/ID/…``, where it is
finished and of another recipe, version or slide file; else to ``.ID.old``, which is removed.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from her2path.errors import OutputError
from her2path.store.disk import SCORE_FILE, flush_folder, remove

RUN_FILE = "run.json"

EARLIER = "earlier"
"""Folder of the results that made way, one folder a slide in it."""

FINISHED = {"scored", "not_evaluable", "partial"}
"""A slide that failed is tried again."""


def new_of(folder: Path) -> Path:
    """Where a result is written before it takes the place ``folder``."""
    return folder.with_name(f".{folder.name}.new")


def settle(folder: Path) -> None:
    """Put a new result that is complete in its place, and finish what a killed program began.

    Wherever this is cut short, calling it again goes on from there.

    Raises
    ------
    OutputError
        If something stands there that is no result.
    OSError
        If something cannot be renamed or removed.
    """
    new, old = new_of(folder), folder.with_name(f".{folder.name}.old")
    if (new / SCORE_FILE).exists():
        if folder.exists():
            _make_way(folder, old, coming=identity(new))
        new.rename(folder)
        flush_folder(folder.parent)
    elif (old / SCORE_FILE).exists() and not folder.exists():
        old.rename(folder)
    with suppress(OSError):  # open files on a network drive; the result stands, and the next run tries again
        remove(old)
        if (standing := identity(folder)) is not None:
            _discard(_kept(folder, standing), old)  # the same result, from before
            remove(old)


def take_place(kept: Path, folder: Path) -> None:
    """Put an earlier result back in its place, as if it had been scored now.

    Raises
    ------
    OutputError, OSError
        See ``settle``.
    """
    settle(folder)
    if kept.exists():  # else the same result has just been put in its place
        check_ours(folder)
        remove(new_of(folder))
        kept.rename(new_of(folder))
        settle(folder)


def _make_way(folder: Path, old: Path, *, coming: str | None) -> None:
    check_ours(folder)
    standing = identity(folder)
    # A failure takes the place of nothing that was finished.
    if standing is None or standing == coming:
        _discard(folder, old)
        return
    kept = _kept(folder, standing)
    kept.parent.mkdir(parents=True, exist_ok=True)
    _discard(kept, old)
    folder.rename(kept)
    flush_folder(kept.parent)


def _discard(result: Path, old: Path) -> None:
    """Give a result the name of what is to be removed: nobody finds half of it under its own."""
    if result.exists():
        remove(old)
        result.rename(old)


def identity(folder: Path) -> str | None:
    """Name what determined a finished result: recipe, version and slide; None where it is not finished."""
    score, run = read_json(folder / SCORE_FILE) or {}, read_json(folder / RUN_FILE) or {}
    if score.get("status") not in FINISHED:
        return None
    other = f"{score.get('software')}\n{run.get('input_sha256')}"
    digest = "".join(sign for sign in str(score.get("recipe_digest")) if sign.isalnum())
    return f"{digest}-{hashlib.sha256(other.encode()).hexdigest()[:8]}"


def earlier_results(folder: Path, digest: str) -> tuple[Path, ...]:
    """Give the results of a slide with a recipe that made way."""
    return tuple(sorted((folder.parent / EARLIER / folder.name).glob(f"{digest}-*")))


def is_ours(folder: Path) -> bool:
    """Whether a folder may be replaced: it is a result, or nothing is there, or nothing in it.

    A slide may have its own folder beside it, as MRXS has, and ``--out`` may be where the slides are.
    """
    if not folder.exists() or any((folder / name).exists() for name in (SCORE_FILE, RUN_FILE)):
        return True
    return folder.is_dir() and not any(folder.iterdir())


def check_ours(folder: Path) -> None:
    """Raise where ``folder`` holds what is not of this program.

    Raises
    ------
    OutputError
        If it does.
    """
    if not is_ours(folder):
        raise OutputError(f"{folder} is no result of her2path; move it away, or give another --out")


def read_json(path: Path) -> Mapping[str, Any] | None:
    """Read a JSON object; None where there is none, or none that can be read."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return content if isinstance(content, dict) else None


def _kept(folder: Path, name: str) -> Path:
    return folder.parent / EARLIER / folder.name / name
