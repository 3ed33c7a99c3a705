"""Which field a number stands for: drawn from nothing, or real nuclei with drawn membranes."""

import hashlib
from pathlib import Path

import numpy as np

from her2path.errors import UsageError
from her2path.nets.sample import Sample
from her2path.training.config import RealTable
from her2path.training.scenes import draw_scene

_WHICH = 7
"""Keeps the choice apart from the randomness inside the field."""


def draw_field(
    index: int, *, seed: int, side_px: int, data: Path | None, real_share: float, dense_share: float = 0.0
) -> Sample:
    """Draw the field of an index: the same for the same arguments, whatever was drawn before.

    Parameters
    ----------
    index, seed
        Which.
    side_px
        Edge of the field.
    data
        Folder of the real sets; without it every field is a phantom.
    real_share
        Of the fields, with real nuclei.
    dense_share
        Of the drawn ones, densely stained.
    """
    if data is not None and np.random.default_rng((seed, index, _WHICH)).random() < real_share:
        from her2path.training.bridge import bridge_sample  # needed where there are real sets

        return bridge_sample(index, seed, side_px, data)
    return draw_scene(index, seed, side_px, dense_share)


def data_sha256(data: Path, real: RealTable) -> str:
    """Digest of every file of the real sets, names and contents.

    Raises
    ------
    UsageError
        If a set that the configuration names is not there; all that are missing at once.
    """
    if missing := [one.folder for one in real.sets if not (data / one.folder).is_dir()]:
        raise UsageError(
            f"{data} lacks {', '.join(missing)}; get the sets by the DOI in the configuration, or leave out "
            "--data"
        )
    digest = hashlib.sha256()
    for folder in sorted(one.folder for one in real.sets):
        for path in sorted(path for path in (data / folder).rglob("*") if path.is_file()):
            digest.update(path.relative_to(data).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
