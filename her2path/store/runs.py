"""The output folder: whole results or none, and what is already done."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from her2path.errors import OutputError
from her2path.store.claims import claim
from her2path.store.disk import SCORE_FILE, flush_file, flush_folder, remove, write_whole
from her2path.store.earlier import (
    FINISHED,
    RUN_FILE,
    check_ours,
    earlier_results,
    new_of,
    read_json,
    settle,
    take_place,
)

SCORE_KEYS = (
    "schema",
    "slide_id",
    "path",
    "status",
    "reason",
    "score",
    "category",
    "her2_status",
    "tag",
    "rulebook",
    "rule_fired",
    "n_cells",
    "fractions",
    "fractions_ci",
    "score_ci",
    "borderline",
    "h_score",
    "complete_intense_fraction",
    "membrane_od",
    "heterogeneity",
    "area_mm2",
    "mpp",
    "mpp_source",
    "objective",
    "stains",
    "flags",
    "engine",
    "device",
    "recipe_digest",
    "software",
    "seconds",
    "disclaimer",
)
"""Keys of score.json in the order in which a person reads them; others follow."""

CLOSE = "free space, close open files, or change --out"

WRITERS = 2
"""Files that are written at a time: the table of cells takes as long as all the others together."""

LEFT = {".new", ".old"}
"""Endings of the hidden folders that a killed run may leave."""


def check_writable(out: Path) -> None:
    """Make the output folder and write to it, before any work.

    A result that a killed run left halfway through its renaming is put in place.

    Raises
    ------
    OutputError
        If that cannot be done.
    """
    trial = out / f".trial-{uuid.uuid4().hex[:8]}"
    with _told(out, "free space there, or give another folder with --out"):
        out.mkdir(parents=True, exist_ok=True)
        try:
            trial.write_bytes(b"her2path")
        finally:
            trial.unlink(missing_ok=True)  # a full disk makes the file, and writes nothing into it
        for slide_id in sorted({left.name[1:-4] for left in out.glob(".*.???") if left.suffix in LEFT}):
            with claim(out, slide_id, needed=False) as holder:
                if holder is None:
                    settle(out / slide_id)


def already_scored(
    folder: Path, slide: Path, *, digest: str, software: str, files: Sequence[str] = ()
) -> Mapping[str, Any] | None:
    """Give the finished result in a folder, if it was made from this slide with this recipe by this version.

    Parameters
    ----------
    folder
        ``out/slide_id``.
    slide
        The slide's file. A file that was copied again, because it was damaged, is to be scored again.
    digest, software
        Of the recipe, and name and version of the program.
    files
        Names of files that the result must hold beside those that every result holds.

    Returns
    -------
    Mapping or None
        The content of score.json; None where the slide is to be scored: there is no result, it has another
        recipe or version, the file has changed, a file is missing, or the slide failed.
    """
    score = read_score(folder)
    if score is None or score.get("status") not in FINISHED:
        return None
    if (score.get("recipe_digest"), score.get("software")) != (digest, software):
        return None
    whole = all((folder / name).is_file() for name in files)
    return score if whole and _is_unchanged(folder, slide) else None


def bring_back(
    folder: Path, slide: Path, *, digest: str, software: str, files: Sequence[str] = ()
) -> Mapping[str, Any] | None:
    """Put an earlier result back in its place, where one is what is wanted; the present one makes way.

    Parameters
    ----------
    folder, slide, digest, software, files
        See ``already_scored``.

    Returns
    -------
    Mapping or None
        The content of score.json; None where the slide is to be scored.

    Raises
    ------
    OutputError
        If a folder cannot be renamed. No result is lost.
    """
    wanted = partial(already_scored, slide=slide, digest=digest, software=software, files=files)
    for kept in earlier_results(folder, digest):
        if wanted(kept) is not None:
            with _told(folder, CLOSE):
                take_place(kept, folder)
            return wanted(folder)
    return None


def read_score(folder: Path) -> Mapping[str, Any] | None:
    """Read score.json; None where there is none, or none that can be read."""
    return read_json(folder / SCORE_FILE)


NOT_READ = dict.fromkeys(("input_sha256", "input_bytes", "input_modified_ns"))
"""What is told of a file that cannot be read, or is not to be."""


def describe_file(path: Path) -> dict[str, Any]:
    """Tell one state of a file from another: digest, size, time of change; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            digest, status = hashlib.file_digest(file, "sha256").hexdigest(), path.stat()
    except OSError:
        return dict(NOT_READ)
    return {
        "input_sha256": digest,
        "input_bytes": status.st_size,
        "input_modified_ns": status.st_mtime_ns,
    }


def publish_files(
    folder: Path, score: Mapping[str, Any], files: Mapping[str, Callable[[Path], object]]
) -> None:
    """Make a slide's result appear, whole.

    Everything is written into a hidden folder beside ``folder``, which then takes its name in one rename.
    An older result stays until then, and a finished one of another recipe, version or slide file moves to
    ``earlier``. Whoever finds score.json finds all the files of one result, whenever the program was killed
    or the power failed.

    Parameters
    ----------
    folder
        ``out/slide_id``.
    score
        Content of score.json; NaN becomes null.
    files
        Name -> function that writes the file at the path it is given; each is called once, on some thread.

    Raises
    ------
    OutputError
        If a file cannot be written or the folder cannot be renamed. The older result is kept.
    """
    with _told(folder, CLOSE):
        settle(folder)
        check_ours(folder)
        with _made(new_of(folder)) as new:
            with ThreadPoolExecutor(WRITERS, thread_name_prefix="file") as pool:
                for done in [pool.submit(_write, new / name, write) for name, write in files.items()]:
                    done.result()
            flush_folder(new)  # score.json must not be on the disk before what it stands for
            write_whole(new / SCORE_FILE, lambda path: path.write_bytes(score_json(score)))
        settle(folder)


def _write(path: Path, write: Callable[[Path], object]) -> None:
    write(path)
    flush_file(path)


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """Make a folder anew, and remove it where it is not filled: others may need the space."""
    remove(folder)
    folder.mkdir(parents=True)
    is_filled = False
    try:
        yield folder
        is_filled = True
    finally:
        if not is_filled:
            with suppress(OSError):
                remove(folder)


def score_json(score: Mapping[str, Any]) -> bytes:
    """Content of score.json as bytes: keys in the order of ``SCORE_KEYS``, NaN and infinity as null.

    Raises
    ------
    ValueError
        If a key is missing.
    """
    missing = [key for key in SCORE_KEYS if key not in score]
    if missing:
        raise ValueError(f"score.json lacks {', '.join(missing)}")
    return json_bytes(
        {key: score[key] for key in (*SCORE_KEYS, *(key for key in score if key not in SCORE_KEYS))}
    )


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Indented JSON; NumPy numbers as numbers, NaN and infinity as null."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(content, default=str, option=options)


def write_run(out: Path, content: Mapping[str, Any], *, now: datetime) -> Path:
    """Write ``runs/<time>.json``: what was asked for in one call of the program and what came of it."""
    path = out / "runs" / f"{now:%Y%m%dT%H%M%S.%f}.json"
    with _told(path, CLOSE):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda to: to.write_bytes(json_bytes(content)))
    return path


@contextmanager
def _told(path: Path, remedy: str) -> Iterator[None]:
    """Tell what the system says as an error of the output folder."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror or error}); {remedy}") from error


def _is_unchanged(folder: Path, slide: Path) -> bool:
    """Whether the slide is the file that the result was made from; the digest is taken in doubt alone."""
    made_from = read_json(folder / RUN_FILE) or {}
    try:
        status = slide.stat()
    except OSError:
        return True  # a drive that is away does not undo what was scored
    if status.st_size != made_from.get("input_bytes"):
        return False
    if status.st_mtime_ns == made_from.get("input_modified_ns"):
        return True
    return bool(describe_file(slide)["input_sha256"] == made_from.get("input_sha256"))
