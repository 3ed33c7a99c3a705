"""Where the network runs."""

import torch

from her2path.errors import UsageError


def choose_device(name: str) -> torch.device:
    """Give the device that was asked for.

    Parameters
    ----------
    name
        ``auto`` takes a GPU where there is one; ``cpu``; ``cuda``.

    Raises
    ------
    UsageError
        If a GPU is asked for and torch sees none.
    """
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise UsageError("no GPU that torch can use; ask for --device cpu, or install a torch built for CUDA")
    return torch.device("cuda" if there and name != "cpu" else "cpu")
