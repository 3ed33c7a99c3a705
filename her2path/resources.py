"""Find what travels with the program: configurations and networks, in a checkout or in an installed wheel."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """Path of a file or folder that belongs to the program.

    Parameters
    ----------
    name
        As in the checkout, ``configs/rulebooks``.

    Raises
    ------
    FileNotFoundError
        If the installation lacks it.
    """
    # The wheel's own copy first: next to an installed package lie other people's folders.
    for root in (PACKAGE / "_data", PACKAGE.parent):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is missing from this installation of her2path; install it again")
