"""Names of slides: each is that of one folder, and of none but its own."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from her2path.errors import UsageError
from her2path.store.claims import CLAIMS
from her2path.store.disk import SCORE_FILE, plain_path
from her2path.store.earlier import EARLIER, RUN_FILE, is_ours, read_json

SLIDE_ID = re.compile(r"[^\x00-\x1f/\\:*?\"<>|.][^\x00-\x1f/\\:*?\"<>|]*")
"""Names that are a folder's on every system; a dot in front is for results that are not complete."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Characters that no name should hold."""

UNNAMEABLE = re.compile(rf"{CONTROL.pattern}|[\ud800-\udfff]")
"""These, and what stands for bytes of a file's name that are no text: no result could be written by it."""

RESERVED = frozenset(
    {
        "runs",
        "cohort.csv",
        "cohort.html",
        "cohort.parquet",
        "cohort.parquet.broken",
        CLAIMS,
        EARLIER,
        *(
            f"registry.sqlite{broken}{end}"
            for broken in ("", ".broken")
            for end in ("", "-journal", "-shm", "-wal")
        ),
    }
)
"""What the program itself writes into the output folder: no slide is named so."""

LONGEST_ID_BYTES = 200
"""A folder's name may have 255 bytes on most systems; some are put around it while it is written."""


def slide_ids(paths: Sequence[Path], out: Path, given: Sequence[str | None] = ()) -> tuple[str, ...]:
    """Name every slide's folder: the id given, else the stem of its file.

    A second slide of the same name, in this run or already in ``out``, gets a short hash of its path; so
    does one whose name is too long for a folder, is one of ``RESERVED``, or is that of a folder that holds
    something else, as MRXS slides have one beside them. Names that differ in case alone are the same, as
    they are on Windows and macOS.

    Raises
    ------
    UsageError
        If ids that were given are used twice or cannot name a folder; all of them in one message.
    """
    wished = [one or None for one in given] or [None] * len(paths)
    if problems := _problems([one for one in wished if one], out):
        raise UsageError("\n".join(problems))
    names, taken = [], set(RESERVED).union(one.casefold() for one in wished if one)
    for path, one in zip(paths, wished, strict=True):
        name = one or _stem(path)
        if one is None:
            short = name.encode()[:LONGEST_ID_BYTES].decode(errors="ignore")
            if short != name or name.casefold() in taken or belongs_to_another(out / name, path):
                name = f"{short}-{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:8]}"
            taken.add(name.casefold())
        names.append(name)
    return tuple(names)


def _problems(given: Sequence[str], out: Path) -> list[str]:
    """Say what is wrong with ids that were given, one line each."""
    times = Counter(one.casefold() for one in given)
    problems = [f"slide_id {one!r} cannot name a folder" for one in given if not SLIDE_ID.fullmatch(one)]
    problems += [
        f"slide_id {one!r} is longer than {LONGEST_ID_BYTES} bytes"
        for one in given
        if len(one.encode()) > LONGEST_ID_BYTES
    ]
    problems += [f"slide_id {one!r} is a name of the program's own" for one in sorted(RESERVED & set(times))]
    problems += [f"slide_id {one!r} is used twice" for one in sorted(times) if times[one] > 1]
    return problems or [
        f"slide_id {one!r}: {out / one} is no result of her2path; move it away, or change --out"
        for one in given
        if not is_ours(out / one)
    ]


def _stem(path: Path) -> str:
    """Name a path; one that has no name of its own (``..``) is named as the folder it leads to."""
    name = path.stem.lstrip(".") or path.resolve().name.lstrip(".") or "slide"
    return UNNAMEABLE.sub("_", name)


def belongs_to_another(folder: Path, path: Path) -> bool:
    """Tell whether a folder is not this slide's: another's result, or no result at all.

    A slide that was moved keeps its folder: its old path is gone, and size and time of the file are the same.
    """
    if not is_ours(folder):
        return True
    score = read_json(folder / SCORE_FILE)
    if score is None:
        return False
    before = Path(str(score.get("path")))
    return before.resolve() != Path(plain_path(path)).resolve() and (
        before.exists() or not _made_from(folder, path)
    )


def _made_from(folder: Path, path: Path) -> bool:
    """Whether the result was made from a file of this size and time."""
    run = read_json(folder / RUN_FILE) or {}
    try:
        status = path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (run.get("input_bytes"), run.get("input_modified_ns"))
