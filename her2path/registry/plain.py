"""Values as both databases can keep them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from her2path.registry.address import hide_passwords


def plain(value: object) -> Any:  # noqa: ANN401 - what JSON holds
    """Turn a value into what JSON and a column can hold, whatever the database.

    Parameters
    ----------
    value
        Numbers of Python or NumPy, text, mappings, sequences; anything else by its ``str``.

    Returns
    -------
    None, bool, int, float, str, list or dict
        NaN and infinity as None. Text without passwords of addresses, and without NUL and the halves of
        characters that stand for bytes of a file's name that are no UTF-8: PostgreSQL keeps neither.
    """
    match value:
        case None | bool():
            return value
        case np.generic() | np.ndarray():
            return plain(value.tolist())
        case int():
            return int(value)
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {_text(str(key)): plain(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(one) for one in value]
        case _:
            return _text(str(value))


def _text(value: str) -> str:
    whole = value.encode("utf-8", "backslashreplace").decode("utf-8")
    return hide_passwords(whole.replace("\0", "\\x00"))
