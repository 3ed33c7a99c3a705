"""How work is shared out: among processes and threads of one machine, among parts of a manifest."""

import os
import re
from contextlib import suppress
from pathlib import Path

from her2path.errors import UsageError

PROCESS_BYTES = 2 << 30
"""Memory for a process that scores: the network's peak on the largest slides is 1.4 GB
(benchmarks/results), and the system keeps some files in memory too."""

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux tells a container the memory that it may use, version 2 and version 1."""

SHARD = re.compile(r"(\d+)/(\d+)")


def crew_size(workers: int, n_slides: int, *, memory_bytes: int | None) -> tuple[int, int]:
    """Share out the workers of one machine.

    A process a slide keeps all of them busy on small slides, whose first and last steps run on one thread;
    where there are fewer slides than workers, or little memory, a slide's tiles get more threads.

    Parameters
    ----------
    workers
        Cores to use.
    n_slides
        Slides to score.
    memory_bytes
        Of the machine; None where it is not known.

    Returns
    -------
    tuple of (int, int)
        Processes, and threads in each; at most ``workers`` threads in all.
    """
    fit = workers if memory_bytes is None else max(1, memory_bytes // PROCESS_BYTES)
    n_processes = max(1, min(workers, n_slides, fit))
    return n_processes, max(1, workers // n_processes)


def usable_cores() -> int:
    """Cores that this process may use: a queue system gives a job some of a machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usable_memory_bytes() -> int | None:
    """Memory of the machine, or what its job or container may use; None where neither is known."""
    limits = []
    if "SC_PHYS_PAGES" in os.sysconf_names:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for file in CGROUP_LIMITS:
        with suppress(OSError, ValueError):
            limits.append(int(file.read_text()))  # "max" is none
    return min(limits, default=None)


def parse_shard(text: str | None) -> slice:
    """Read ``2/5``, the second of five parts; None is all.

    Parts are dealt like cards, so that a manifest sorted by size gives equal ones.

    Raises
    ------
    UsageError
        If there is no such part.
    """
    if text is None:
        return slice(None)
    found = SHARD.fullmatch(text.strip())
    part, n_parts = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= n_parts:
        raise UsageError(f"--shard {text!r} is no part; write 2/5 for the second of five")
    return slice(part - 1, None, n_parts)
