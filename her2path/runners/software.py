"""Whether workers elsewhere run what runs here: another version would give other scores, or none."""

import pkgutil
import platform
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

Version: TypeAlias = Callable[[], str]
Ask: TypeAlias = Callable[[Version, Sequence[str]], Awaitable[Mapping[str, object]]]
"""Calls a function on the workers at some addresses: an answer each, or the exception there is instead."""

SAME: Mapping[str, Version] = {
    "her2path": partial(pkgutil.resolve_name, "her2path:__version__"),
    "distributed": partial(pkgutil.resolve_name, "distributed:__version__"),
    "Python": platform.python_version,
}
"""What must be the same everywhere. Asked with what every Python has: a worker may lack all of it."""


async def compare_software(ask: Ask, addresses: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Ask workers for their versions.

    Parameters
    ----------
    ask
        Reaches the workers.
    addresses
        Of the workers.

    Returns
    -------
    dict of str to tuple of str
        How each differs from this process, in words; nothing where it does not. A worker that has left, or
        has no time to answer, is not in it.
    """
    differences: dict[str, tuple[str, ...]] = dict.fromkeys(addresses, ())
    for name, version in SAME.items():
        if not differences:
            break
        answers = await ask(version, tuple(differences))
        for address in tuple(differences):
            answer = answers.get(address, OSError("no answer"))
            if isinstance(answer, OSError):
                del differences[address]
            elif isinstance(answer, Exception):
                differences[address] += (f"no {name} (here {version()})",)
            elif answer != version():
                differences[address] += (f"{name} {answer} (here {version()})",)
    return differences
