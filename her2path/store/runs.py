"""The output folder: names, whole results or none, what is already done."""

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from her2path.errors import OutputError, UsageError

SCORE_FILE = "score.json"

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

SLIDE_ID = re.compile(r"[^\x00-\x1f/\\:*?\"<>|.][^\x00-\x1f/\\:*?\"<>|]*")
"""Names that are a folder's on every system; a dot in front is for results that are not complete."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Characters that no name of a folder should hold."""

RESERVED = frozenset({"runs", "cohort.csv", "cohort.parquet"})
"""What the program itself writes into the output folder: no slide is named so."""

LONGEST_ID_BYTES = 200
"""A folder's name may have 255 bytes on most systems; some are put around it while it is written."""

FINISHED = {"scored", "not_evaluable", "partial"}
"""A slide that failed is tried again."""


def check_writable(out: Path) -> None:
    """Make the output folder and write to it, before any work.

    A result that a killed run left halfway through its renaming is put in place.

    Raises
    ------
    OutputError
        If that cannot be done.
    """
    trial = out / f".trial-{uuid.uuid4().hex[:8]}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        trial.write_bytes(b"her2path")
        trial.unlink()
        for old in out.glob(".*.old"):
            _finish_renaming(old.with_name(old.name[1 : -len(".old")]))
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error.strerror}); give another folder with --out"
        ) from error


def slide_ids(paths: Sequence[Path], out: Path, given: Sequence[str | None] = ()) -> tuple[str, ...]:
    """Name every slide's folder: the id given, else the stem of its file.

    A second slide of the same name, in this run or already in ``out``, gets a short hash of its path; so
    does one whose name is too long for a folder, or is one of ``RESERVED``. Names that differ in case alone
    are the same, as they are on Windows and macOS.

    Raises
    ------
    UsageError
        If ids that were given are used twice or cannot name a folder; all of them in one message.
    """
    wished = [one or None for one in given] or [None] * len(paths)
    problems = [
        f"slide_id {one!r} cannot name a folder" for one in wished if one and not SLIDE_ID.fullmatch(one)
    ]
    ours = [one.casefold() for one in wished if one]
    problems += [f"slide_id {one!r} is a name of the program's own" for one in sorted(RESERVED & set(ours))]
    problems += [
        f"slide_id {one!r} is used twice" for one in sorted({one for one in ours if ours.count(one) > 1})
    ]
    if problems:
        raise UsageError("\n".join(problems))
    taken = RESERVED | set(ours)
    names = []
    for path, one in zip(paths, wished, strict=True):
        name = one or _stem(path)
        if one is None:
            short = name.encode()[:LONGEST_ID_BYTES].decode(errors="ignore")
            if short != name or name.casefold() in taken or _belongs_to_another(out / name, path):
                name = f"{short}-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
            taken |= {name.casefold()}
        names.append(name)
    return tuple(names)


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


def read_score(folder: Path) -> Mapping[str, Any] | None:
    """Read score.json; None where there is none, or none that can be read."""
    return _read_json(folder / SCORE_FILE)


def describe_file(path: Path) -> dict[str, Any]:
    """Tell one state of a file from another: digest, size, time of change; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            digest, status = hashlib.file_digest(file, "sha256").hexdigest(), path.stat()
    except OSError:
        return {"input_sha256": None, "input_bytes": None, "input_modified_ns": None}
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
    An older result stays until then. Whoever finds score.json finds all the files of one result,
    whenever the program was killed.

    Parameters
    ----------
    folder
        ``out/slide_id``.
    score
        Content of score.json; NaN becomes null.
    files
        Name -> function that writes the file at the path it is given.

    Raises
    ------
    OutputError
        If a file cannot be written or the folder cannot be renamed. The older result is kept.
    """
    new, old = _new_and_old(folder)
    try:
        _finish_renaming(folder)
        _remove(new)
        new.mkdir(parents=True)
        for name, write in files.items():
            write(new / name)
        write_whole(new / SCORE_FILE, lambda path: path.write_bytes(score_json(score)))
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        _remove(old)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror or error}); "
            "free space, close open files, or change --out"
        ) from error


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda to: to.write_bytes(json_bytes(content)))
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})") from error
    return path


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and rename it: nobody ever reads half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    write(beside)
    beside.replace(path)


def _new_and_old(folder: Path) -> tuple[Path, Path]:
    return folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")


def _finish_renaming(folder: Path) -> None:
    """Finish what a killed run began: the old result had made way, the new one is complete or never was."""
    new, old = _new_and_old(folder)
    if old.exists() and not folder.exists():
        (new if (new / SCORE_FILE).exists() else old).rename(folder)
    _remove(old)


def _read_json(path: Path) -> Mapping[str, Any] | None:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return content if isinstance(content, dict) else None


def _stem(path: Path) -> str:
    """Name a path; one that has no name of its own (``..``) is named as the folder it leads to."""
    name = path.stem.lstrip(".") or path.resolve().name.lstrip(".") or "slide"
    return CONTROL.sub("_", name)


def _is_unchanged(folder: Path, slide: Path) -> bool:
    """Whether the slide is the file that the result was made from; the digest is taken in doubt alone."""
    made_from = _read_json(folder / "run.json") or {}
    try:
        status = slide.stat()
    except OSError:
        return True  # a drive that is away does not undo what was scored
    if status.st_size != made_from.get("input_bytes"):
        return False
    if status.st_mtime_ns == made_from.get("input_modified_ns"):
        return True
    return bool(describe_file(slide)["input_sha256"] == made_from.get("input_sha256"))


def _belongs_to_another(folder: Path, path: Path) -> bool:
    score = read_score(folder)
    return score is not None and Path(str(score.get("path"))).resolve() != path.resolve()


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
