"""Synthetic slides with known cells and a known score."""

from her2path.phantom.spec import PhantomSpec, SlideSpec, read_spec
from her2path.phantom.write import write_phantoms

__all__ = ["PhantomSpec", "SlideSpec", "read_spec", "write_phantoms"]
