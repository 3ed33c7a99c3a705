"""NumPy columns as Arrow arrays over the same memory.

``pyarrow.array`` loads pandas, if it is installed, at its first call: a quarter of a second for nothing.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from her2path.arrays import Bools

Arrow: TypeAlias = "pa.Array[Any]"


def arrow_numbers(values: NDArray[Any], missing: Bools | None = None) -> Arrow:
    """Give a column of numbers or truths as an Arrow array.

    Parameters
    ----------
    values
        ``(n,)`` bool, whole numbers or floating point. The memory is shared.
    missing
        ``(n,)`` rows that become null.
    """
    kind = pa.from_numpy_dtype(values.dtype)
    stored = _bits(values) if values.dtype == bool else np.ascontiguousarray(values)
    valid = None if missing is None or not missing.any() else pa.py_buffer(_bits(~missing).data)
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(stored.data)])


def arrow_words(words: Sequence[str]) -> Arrow:
    """Give words as an Arrow array of strings."""
    encoded = [word.encode() for word in words]
    ends = np.cumsum([0, *(len(word) for word in encoded)], dtype=np.int32)
    data = pa.py_buffer(b"".join(encoded))
    return pa.Array.from_buffers(pa.string(), len(words), [None, pa.py_buffer(ends.data), data])


def _bits(truths: Bools) -> NDArray[np.uint8]:
    return np.packbits(truths, bitorder="little")
