"""The array types that every layer speaks.

Images are ``(y, x)`` or ``(y, x, channel)``. Stain planes are *fixed point*: ``uint16`` in steps of
``OD_STEP``, so that every filter on them is integer arithmetic and gives the same bits wherever the
tile border falls (docs/decisions/0004-fixed-point-density.md).
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Rgb8: TypeAlias = NDArray[np.uint8]
"""``(y, x, 3)`` uint8, red green blue."""

Plane16: TypeAlias = NDArray[np.uint16]
"""``(y, x)`` uint16: a stain plane. The value times ``OD_STEP`` is optical density."""

Mask: TypeAlias = NDArray[np.bool_]
"""``(y, x)`` bool."""

Bools: TypeAlias = NDArray[np.bool_]
"""Bool of any shape."""

Radii8: TypeAlias = NDArray[np.uint8]
"""``(n, rays)`` uint8: contours in steps of ``cells.table.RADIUS_STEP_UM``."""

Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int32]
Codes: TypeAlias = NDArray[np.int8]

OD_STEP = 1 / 2048
"""Optical density (base 10) of one step of a stain plane: finer than one grey level of an 8-bit image."""
