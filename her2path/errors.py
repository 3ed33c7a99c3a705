"""Everything her2path raises on purpose.

::

    Her2pathError
    ├── UsageError (ValueError)          arguments, manifest, recipe or rulebook cannot be used: exit code 2
    │   ├── ConfigurationError           a TOML file with mistakes, all of them listed
    │   ├── RegionFileError              an include or exclude file that does not parse
    │   ├── WeightsError                 a network that is missing, damaged, or not the one it says it is
    │   └── SchedulerError               a scheduler of many machines that cannot be reached or used
    ├── OutputError (OSError)            the output folder cannot be written: exit code 2, before any work
    │   └── RegistryError                the database of a batch cannot be opened or used
    ├── SlideError (OSError)             this slide cannot be read: its status is "failed", the others go on
    │   ├── PixelSizeError               no pixel size, or one that no microscope has
    │   ├── ReadError                    some pixels cannot be read; their area is counted as unreadable
    │   └── StorageError                 its drive does not give it now; nothing is counted, it is tried again
    ├── WorkerLostError                  the process that scored this slide died: its status is "failed"
    └── NotEvaluableError                read, but there is nothing on it that may be scored: "not_evaluable"

A message says what was wrong, where, and what to do.
"""

from collections.abc import Sequence


class Her2pathError(Exception):
    """Base of every error that her2path raises on purpose."""


class UsageError(Her2pathError, ValueError):
    """What was asked for cannot be started; the message names the remedy."""


class ConfigurationError(UsageError):
    """A configuration file with mistakes.

    Parameters
    ----------
    source
        The file, or the option, that holds the mistakes.
    problems
        One line each: key, what is wrong, allowed values.
    """

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(
            source, self.problems
        )  # its own arguments, so that it comes back from a worker process

    def __str__(self) -> str:
        return "\n".join(f"{self.source}: {problem}" for problem in self.problems)


class RegionFileError(UsageError):
    """A region file that does not parse, or holds no closed shape."""


class WeightsError(UsageError):
    """The weights of a network are missing, damaged, or of another network."""


class SchedulerError(UsageError):
    """A scheduler that cannot be reached, or whose workers cannot be used."""


class OutputError(Her2pathError, OSError):
    """The output folder cannot be written."""


class RegistryError(OutputError):
    """The database of a batch cannot be opened, or is not one that this program can use."""


class SlideError(Her2pathError, OSError):
    """A slide that cannot be opened or read."""


class PixelSizeError(SlideError):
    """No pixel size is known, or the one given is outside what microscopes have."""


class ReadError(SlideError):
    """A region of an open slide cannot be read."""


class StorageError(SlideError):
    """The drive that a slide lies on fails, which may pass: it tells nothing of the slide."""


class WorkerLostError(Her2pathError):
    """The process that scored a slide died, again and again."""


class NotEvaluableError(Her2pathError):
    """A slide that was read and holds nothing that may be scored.

    Parameters
    ----------
    code
        The flag that says why, in capitals (``NO_TISSUE``).
    reason
        One line that a technician can act on.
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(code, reason)

    def __str__(self) -> str:
        return self.reason
