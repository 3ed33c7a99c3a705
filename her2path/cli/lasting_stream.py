"""A stream that a batch outlives: what cannot be printed is lost, and no slide with it."""

import os
from contextlib import suppress
from typing import TextIO


class LastingStream:
    """Standard output or error, which falls silent where it breaks.

    A pipe may be closed by its reader, and a log may lie on a full disk. What the stream still holds then
    would be tried again when the process ends, and change its exit code: its file is put aside as well.

    Parameters
    ----------
    to
        Where the text goes.
    """

    def __init__(self, to: TextIO) -> None:
        self._to = to
        self._is_broken = False

    @property
    def encoding(self) -> str:
        """Of the stream."""
        return self._to.encoding

    def write(self, text: str) -> int:
        """Write text; signs that the encoding lacks as question marks."""
        if not self._is_broken:
            encoding = self._to.encoding or "utf-8"
            try:
                self._to.write(text.encode(encoding, "replace").decode(encoding))
            except OSError:
                self._fall_silent()
        return len(text)

    def flush(self) -> None:
        """Write what waits."""
        if not self._is_broken:
            try:
                self._to.flush()
            except OSError:
                self._fall_silent()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._to.isatty()

    def fileno(self) -> int:
        """Give the number of its file."""
        return self._to.fileno()

    def _fall_silent(self) -> None:
        self._is_broken = True
        with suppress(OSError):  # a stream that is no file
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._to.fileno())
            os.close(nowhere)
