"""Every mistake in what was asked for, at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from her2path.errors import UsageError


class Mistakes:
    """Collects the mistakes of several checks, so that nobody has to find them one by one."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Run a check; what is wrong is kept for later."""
        try:
            yield
        except UsageError as error:
            self._lines += str(error).splitlines()

    def raise_all(self) -> None:
        """Raise what was noted, one line each; nothing was noted where this returns."""
        if self._lines:
            raise UsageError("\n".join(self._lines))
