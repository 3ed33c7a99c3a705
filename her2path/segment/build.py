"""From the recipe's engine to a segmenter."""

from typing import Literal, get_args

from her2path.errors import UsageError
from her2path.recipe import Engine
from her2path.segment.classical import ClassicalSegmenter
from her2path.segment.protocol import Segmenter

Device = Literal["auto", "cpu", "cuda"]


def build_segmenter(engine: Engine, device: str) -> Segmenter:
    """Give the segmenter of an engine.

    Parameters
    ----------
    engine
        ``auto`` is the classical one while no network comes with the program.
    device
        ``auto``, ``cpu`` or ``cuda``; the classical segmenter runs on the CPU alone.

    Raises
    ------
    UsageError
        If the engine or the device is not to be had.
    """
    if device not in get_args(Device):
        raise UsageError(f"device must be one of {', '.join(get_args(Device))}, got {device!r}")
    if engine == "cnn":
        raise UsageError("no network comes with this version; use --engine classical, or leave it out")
    if device == "cuda":
        raise UsageError("the classical engine runs on the CPU; leave --device out")
    return ClassicalSegmenter()
