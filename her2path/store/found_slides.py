"""Slides by file, folder or glob pattern."""

import glob
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from her2path.errors import UsageError
from her2path.store.disk import SCORE_FILE

OPENSLIDE = frozenset({".bif", ".czi", ".dcm", ".mrxs", ".ndpi", ".scn", ".svs", ".svslide", ".vms", ".vmu"})
PICTURES = frozenset({".jpeg", ".jpg", ".png", ".tif", ".tiff"})
SLIDE_SUFFIXES = OPENSLIDE | PICTURES
"""What ``slides/open.py`` opens: the formats of OpenSlide 4 (openslide.org/formats), TIFF, PNG and JPEG.
A file that is named itself may be called anything."""

HAMAMATSU = frozenset({".vms", ".vmu"})
"""Formats whose pixels lie in pictures beside them: of ``a.vms`` in ``a.jpg``, ``a(1,0).jpg`` and others."""

DICOM = ".dcm"

DICOM_HEAD_BYTES = 2**16
SERIES_TAG = b"\x20\x00\x0e\x00UI"
"""Series Instance UID (0020,000E) in explicit little endian, which every whole-slide image is written in
(DICOM PS3.5 §7.1.2): four bytes of tag, two of type, two of length, the text."""


def find_files(patterns: Sequence[Path]) -> tuple[Path, ...]:
    """Find slides.

    Parameters
    ----------
    patterns
        Files, folders and glob patterns (``**`` for any depth). Of folders, and of what a pattern matches,
        the files with one of ``SLIDE_SUFFIXES`` are taken, at any depth; hidden ones, companions of a slide
        (folders of MRXS, pictures of VMS, further instances of a DICOM series) and results of this program
        are not.

    Returns
    -------
    tuple of Path
        Absolute, as named; each file once, in the order of ``patterns`` and sorted within each.

    Raises
    ------
    UsageError
        If a folder or pattern holds no slide, or a folder cannot be read; all of them in one message.
    """
    found: dict[str, Path] = {}
    problems = []
    for pattern in patterns:
        try:
            paths = sorted(_matching(pattern))
        except OSError as error:
            problems.append(
                f"{error.filename} cannot be read ({error.strerror}); check the path and the drive"
            )
            continue
        if not paths:
            problems.append(
                f"there is no slide in {pattern}; check the path (known: {', '.join(sorted(SLIDE_SUFFIXES))})"
            )
        for path in paths:
            found.setdefault(os.path.realpath(path), path)
    if problems:
        raise UsageError("\n".join(problems))
    return tuple(found.values())


def _matching(pattern: Path) -> Iterator[Path]:
    """Yield the slides that one argument stands for, some of them more than once."""
    named = Path(os.path.abspath(pattern))  # noqa: PTH100 - links are kept, as named
    if os.path.isdir(named):  # noqa: PTH112 - Path's raises on a name that is too long
        yield from _in_folder(named, set())
    elif os.path.lexists(named) or not glob.has_magic(str(pattern)):
        yield named  # one that is missing fails with its reason, as any slide does
    else:
        walked: set[str] = set()
        by_folder: dict[Path, list[str]] = defaultdict(list)
        for one in map(Path, glob.iglob(str(named), recursive=True)):  # noqa: PTH207 - passes hidden files over
            if one.is_dir():
                yield from _in_folder(one, walked)
            else:
                by_folder[one.parent].append(one.name)
        for folder, names in by_folder.items():
            if not _is_apart(folder):
                yield from _slides_of(folder, names)


def _in_folder(folder: Path, walked: set[str]) -> Iterator[Path]:
    """Yield the slides in a folder and below, linked folders too; each folder once."""

    def refuse(error: OSError) -> None:
        raise error  # a folder that cannot be read may hold slides

    for here, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(here)
        if real in walked or _is_apart(Path(here)):
            folders.clear()
            continue
        walked.add(real)
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from _slides_of(Path(here), names)


def _is_apart(folder: Path) -> bool:
    """Whether a folder is part of a slide, or a result of this program."""
    return (folder / SCORE_FILE).exists() or (folder.parent / f"{folder.name}.mrxs").exists()


def _slides_of(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Choose the slides among the files of one folder."""
    paths = [folder / name for name in sorted(names) if not name.startswith(".")]
    paths = [path for path in paths if path.suffix.lower() in SLIDE_SUFFIXES]
    hamamatsu = [path.stem for path in paths if path.suffix.lower() in HAMAMATSU]
    parts = tuple(f"{stem}{mark}" for stem in hamamatsu for mark in "(_.")
    series: set[bytes] = set()
    for path in paths:
        suffix = path.suffix.lower()
        if suffix in {".jpg", ".jpeg"} and path.name.startswith(parts):
            continue
        if suffix == DICOM:
            one = _series(path)
            if one in series:
                continue
            series.add(one)
        yield path


def _series(path: Path) -> bytes:
    """Tell the series of a DICOM file; where it says none, the file is one of its own."""
    try:
        with path.open("rb") as file:
            head = file.read(DICOM_HEAD_BYTES)
    except OSError:
        return os.fsencode(path)
    at = head.find(SERIES_TAG)
    if at < 0:
        return os.fsencode(path)
    start = at + len(SERIES_TAG) + 2
    return head[start : start + int.from_bytes(head[start - 2 : start], "little")]
