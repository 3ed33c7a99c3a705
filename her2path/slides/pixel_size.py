"""Where a pixel size comes from. It is never inferred from a magnification such as "40x"."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

from her2path.errors import PixelSizeError
from her2path.image.geometry import MAX_MPP_UM, MIN_MPP_UM, PixelSize
from her2path.slides.protocol import PixelSizeSource

UM_PER_UNIT: Mapping[str, float] = {"centimeter": 1e4, "inch": 2.54e4}
"""Units that the TIFF tag ResolutionUnit can have, apart from "none"."""

OME_UNIT_UM: Mapping[str, float] = {"nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4}
"""Units of PhysicalSizeX in OME-XML; both micro signs occur. µm is the standard's default."""


class Stated(NamedTuple):
    """A pixel size and who states it."""

    yx_um: tuple[float, float]
    source: PixelSizeSource


def chosen_pixel_size(name: str, stated: Sequence[Stated | None]) -> tuple[PixelSize, PixelSizeSource]:
    """Take the first pixel size that anyone states.

    Parameters
    ----------
    name
        Of the slide, for the message.
    stated
        In order of precedence: given, slide property, OME metadata, TIFF tags.

    Raises
    ------
    PixelSizeError
        If nobody states one, or the first that is stated is outside what microscopes have: a wrong value
        is not passed over in silence.
    """
    first = next((one for one in stated if one is not None), None)
    if first is None:
        raise PixelSizeError(
            f"{name} does not say its pixel size; give the scanner's value in micrometres with --mpp"
        )
    (y_um, x_um), source = first
    if not all(MIN_MPP_UM <= value <= MAX_MPP_UM for value in (y_um, x_um)):
        origin = "given with --mpp" if source == "given" else f"from its {source}"
        value = f"{y_um:g}" if y_um == x_um else f"{y_um:g} × {x_um:g}"
        hint = " (72 dpi is a printer's value, not a scanner's)" if source == "TIFF tags" else ""
        raise PixelSizeError(
            f"{name}: {value} µm/px, {origin}, is outside {MIN_MPP_UM}–{MAX_MPP_UM}{hint}; "
            "give the scanner's value in micrometres with --mpp"
        )
    return PixelSize(y_um, x_um), source


def given_size(mpp_um: tuple[float, float] | None) -> Stated | None:
    """Take what the user says, ``(y, x)``, if anything."""
    return Stated(mpp_um, "given") if mpp_um else None


def property_size(properties: Mapping[str, str]) -> Stated | None:
    """Read ``openslide.mpp-y`` and ``openslide.mpp-x``.

    For a generic TIFF OpenSlide fills these from the resolution tags, and the source says so.
    """
    sizes = positive(properties.get("openslide.mpp-y")), positive(properties.get("openslide.mpp-x"))
    if sizes[0] is None or sizes[1] is None:
        return None
    generic = properties.get("openslide.vendor") == "generic-tiff"
    return Stated((sizes[0], sizes[1]), "TIFF tags" if generic else "slide property")


def resolution_size(pixels_per_unit_yx: tuple[float, float], unit: str) -> Stated | None:
    """Read the TIFF tags YResolution, XResolution and ResolutionUnit (``centimeter`` or ``inch``)."""
    um = UM_PER_UNIT.get(unit.lower())
    if um is None or not all(math.isfinite(value) and value > 0 for value in pixels_per_unit_yx):
        return None
    y, x = pixels_per_unit_yx
    return Stated((um / y, um / x), "TIFF tags")


def ome_size(description: str | None) -> Stated | None:
    """Read PhysicalSizeY and PhysicalSizeX of the first image in an OME-XML header; None if it is not one."""
    if not description or "<OME" not in description[:2000]:
        return None
    # Entities are never needed in OME-XML, and expanding them can fill the memory.
    if "<!ENTITY" in description:
        return None
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", description))  # noqa: S314 (no entities)
    except ElementTree.ParseError:
        return None
    pixels = root.find(".//{*}Pixels")
    if pixels is None:
        return None
    y, x = (positive(pixels.get(f"PhysicalSize{axis}")) for axis in "YX")
    y_unit_um, x_unit_um = (OME_UNIT_UM.get(pixels.get(f"PhysicalSize{axis}Unit", "µm")) for axis in "YX")
    if y is None or x is None or y_unit_um is None or x_unit_um is None:
        return None
    return Stated((y * y_unit_um, x * x_unit_um), "OME metadata")


def positive(text: str | None) -> float | None:
    """Read a positive number; None if there is none."""
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
