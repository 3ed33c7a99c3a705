"""Whole-slide HER2 immunohistochemistry scoring.

For Research Use Only. Not for use in diagnostic procedures.
"""

__version__ = "0.1.0"
DISCLAIMER = "For Research Use Only. Not for use in diagnostic procedures."
"""The wording of the US label for research-use-only products (FDA RUO/IUO guidance, 2013)."""
