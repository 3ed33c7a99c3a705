"""The command line: parse, build values, call the pipeline, print. No logic lives here."""

import sys

EXIT_FAILED = 1
"""At least one slide failed; the others are finished and written."""

EXIT_UNUSABLE = 2
"""Arguments, recipe or rulebook cannot be used; nothing was started."""

EXIT_INTERRUPTED = 130
"""Ctrl-C, or a polite end; finished slides are kept."""


def main() -> None:
    """Run the program; the process ends with an exit code of the contract."""
    from her2path.cli.app import app
    from her2path.errors import OutputError, UsageError

    try:
        app()
    except (UsageError, OutputError) as error:
        sys.stderr.write(f"her2path: {error}\n")
        sys.exit(EXIT_UNUSABLE)
