"""The words of the cell table: kinds of cell and membrane patterns, as small integer codes."""

KINDS = ("tumour", "stroma", "lymphocyte", "other")
"""Kind of a cell by its int8 code. ``tumour`` means invasive tumour."""

TUMOUR, STROMA, LYMPHOCYTE, OTHER = range(4)

PATTERNS = ("N", "FI", "FC", "WI", "WC", "MI", "MC", "SI", "SC")
"""Membrane pattern by its int8 code: intensity None, Faint, Weak, Moderate, Strong × Incomplete, Complete.

The order is the one of ``fractions`` in score.json. Code = 0 for N, else 2 * intensity - 1 + complete with
intensity 1 (faint) to 4 (strong).
"""

UNGRADED = -1
"""Pattern and grade of a cell that could not be measured: missing is not "N"."""
