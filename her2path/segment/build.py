"""From the recipe's engine to a segmenter."""

from importlib.util import find_spec
from typing import Literal, get_args

from her2path.errors import UsageError
from her2path.recipe import Engine
from her2path.segment.classical import ClassicalSegmenter
from her2path.segment.protocol import Segmenter

Device = Literal["auto", "cpu", "cuda"]

NEEDED = ("torch", "safetensors")


def build_segmenter(engine: Engine, device: str) -> Segmenter:
    """Give the segmenter of an engine.

    Parameters
    ----------
    engine
        ``auto`` is the network where it can run, else the classical one; the result names which.
    device
        ``auto``, ``cpu`` or ``cuda``; the classical segmenter runs on the CPU alone.

    Raises
    ------
    UsageError
        If the engine or the device is not to be had.
    """
    if device not in get_args(Device):
        raise UsageError(f"device must be one of {', '.join(get_args(Device))}, got {device!r}")
    lacking = None if engine == "classical" else lacking_for_cnn()
    if engine == "cnn" and lacking:
        raise UsageError(f"the cnn engine cannot run: {lacking}; or use --engine classical")
    if engine == "classical" or lacking:
        if device == "cuda":
            raise UsageError("the classical engine runs on the CPU; leave --device out")
        return ClassicalSegmenter()
    from her2path.nets.weights import shipped_folder
    from her2path.segment.neural import neural_segmenter

    return neural_segmenter(shipped_folder(), device)


def lacking_for_cnn() -> str | None:
    """Say what the network needs and this installation lacks; None where nothing is lacking."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        return f"{' and '.join(absent)} not installed; pip install 'her2path[cnn]'"
    from her2path.nets.weights import DEFAULT_NETWORK, shipped_networks

    return None if DEFAULT_NETWORK in shipped_networks() else "no network comes with this version"
