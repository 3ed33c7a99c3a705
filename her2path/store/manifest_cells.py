"""The cells of a manifest: from text to value, or what is wrong with it."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Any, get_args

from her2path.errors import PixelSizeError, UsageError
from her2path.image.geometry import PixelSize
from her2path.qa.spelling import MISSING, SCORES, Unread, read_score
from her2path.scoring.terms import Specimen
from her2path.store.names import CONTROL, LONGEST_ID_BYTES, RESERVED, SLIDE_ID
from her2path.store.recipes import load_rulebook
from her2path.store.regions import read_regions
from her2path.store.tumours import OWN_FILE, load_tumours

NUMBER = re.compile(r"\d+([.,]\d+)?")
"""Half the world writes a comma for the decimal point."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A cell that holds no value: what is wrong with it."""

    what: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A region file that can be read."""

    path: Path
    passed_over: str
    """What it holds that is no region, in one line; empty where there is none."""


def cell_reader(folder: Path) -> Callable[[str, str], Any]:
    """Give the function that reads the cells of a manifest.

    Parameters
    ----------
    folder
        The manifest's: relative paths start from it, and where nothing is there, from the working directory.

    Returns
    -------
    Callable
        (name of the column, text) -> its value, None where the text is empty, or ``Wrong``. A text that
        stands in many rows is read once: some name files.
    """
    tumours = load_tumours()
    readers: Mapping[str, Callable[[str], Any]] = {
        "path": partial(_slide_file, folder),
        "slide_id": _slide_id,
        "specimen": _specimen,
        "tumour": lambda text: tumours.named(text).name,
        "rulebook": partial(_rulebook, folder),
        "mpp": _mpp_um,
        "manual_score": _manual_score,
        **dict.fromkeys(("include", "exclude", "control_roi"), partial(_region_file, folder)),
    }

    @cache
    def read(name: str, text: str) -> Any:  # noqa: ANN401 - of the column's type
        if not text:
            return None
        try:
            return readers[name](text) if name in readers else text
        except UsageError as error:
            return Wrong("; ".join(str(error).splitlines()))

    return read


def _slide_file(folder: Path, text: str) -> Path:
    if CONTROL.search(text):
        raise UsageError(f"{text!r} holds a control character; type the path again")
    return _placed(folder, text)


def _slide_id(text: str) -> str:
    if not SLIDE_ID.fullmatch(text):
        raise UsageError(f'{text!r} cannot name a folder; leave out a dot in front and / \\ : * ? " < > |')
    if text.casefold() in RESERVED:
        raise UsageError(f"{text!r} is a name of the program's own; choose another")
    if len(text.encode()) > LONGEST_ID_BYTES:
        raise UsageError(f"{text!r} is longer than {LONGEST_ID_BYTES} bytes; choose a shorter one")
    return text


def _specimen(text: str) -> str:
    kinds = get_args(Specimen)
    plain = "-".join(text.casefold().replace("_", " ").replace("-", " ").split())
    if plain in kinds:
        return plain
    near = get_close_matches(plain, kinds, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(f"{text!r} is no specimen{hint} ({', '.join(kinds)})")


def _rulebook(folder: Path, text: str) -> str:
    named = str(_placed(folder, text)) if text.endswith(OWN_FILE) else text
    load_rulebook(named)
    return named


def _mpp_um(text: str) -> float:
    if not NUMBER.fullmatch(text):
        raise UsageError(f"{text!r} is no number; write micrometres per pixel (0.25)")
    mpp_um = float(text.replace(",", "."))
    try:
        PixelSize(mpp_um, mpp_um)
    except PixelSizeError as error:
        raise UsageError(str(error)) from error
    return mpp_um


def _manual_score(text: str) -> str:
    if text in SCORES:
        return text
    likely = read_score(text)
    hint = (
        "" if isinstance(likely, Unread) or likely == MISSING else f"; did you mean {SCORES[likely.score]}?"
    )
    raise UsageError(f"{text!r} is no score{hint} ({', '.join(SCORES)}, or empty)")


def _region_file(folder: Path, text: str) -> Drawn:
    path = _placed(folder, text)
    words = read_regions(path).passed_over_words
    return Drawn(path, f"{path.name}: {words}: no regions; passed over" if words else "")


def _placed(folder: Path, text: str) -> Path:
    """Give the path that a cell names: from the manifest's folder, else from the working directory."""
    beside = folder / text
    elsewhere = not os.path.exists(beside) and os.path.exists(text)  # noqa: PTH110 - Path's raises on a long name
    return Path(os.path.abspath(text if elsewhere else beside))  # noqa: PTH100 - links are kept, as named
