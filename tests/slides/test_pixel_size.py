"""A wrong pixel size moves every membrane measure: the order of sources and the refusals are pinned here."""

import pytest

from her2path.errors import PixelSizeError
from her2path.image.geometry import PixelSize
from her2path.slides.pixel_size import (
    Stated,
    chosen_pixel_size,
    given_size,
    ome_size,
    property_size,
    resolution_size,
)

OME = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">
<Pixels PhysicalSizeX="0.25" PhysicalSizeXUnit="µm" PhysicalSizeY="250" PhysicalSizeYUnit="nm" SizeX="4"/>
</Image></OME>"""


def test_given_wins_over_the_file() -> None:
    stated = (given_size((0.2, 0.3)), Stated((0.5, 0.5), "slide property"))
    assert chosen_pixel_size("a.svs", stated) == (PixelSize(0.2, 0.3), "given")


def test_the_next_source_serves_where_one_is_silent() -> None:
    stated = (given_size(None), None, Stated((0.5, 0.4), "TIFF tags"))
    assert chosen_pixel_size("a.svs", stated) == (PixelSize(0.5, 0.4), "TIFF tags")


def test_no_pixel_size_asks_for_mpp() -> None:
    with pytest.raises(PixelSizeError, match=r"a\.svs does not say its pixel size.*--mpp"):
        chosen_pixel_size("a.svs", (None, None))


def test_a_printers_resolution_is_refused_with_its_value_and_source() -> None:
    with pytest.raises(PixelSizeError, match=r"352\.778 µm/px, from its TIFF tags, .*72 dpi.*--mpp"):
        chosen_pixel_size("a.tif", (resolution_size((72, 72), "INCH"),))


def test_an_impossible_given_value_is_refused() -> None:
    with pytest.raises(PixelSizeError, match="given with --mpp"):
        chosen_pixel_size("a.tif", (given_size((25, 0.25)), Stated((0.25, 0.25), "slide property")))


def test_properties_of_the_slide() -> None:
    found = property_size(
        {"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.26", "openslide.vendor": "aperio"}
    )
    assert found == Stated((0.26, 0.25), "slide property")


def test_properties_that_openslide_took_from_tiff_tags_say_so() -> None:
    properties = {"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.25", "openslide.vendor": "generic-tiff"}
    found = property_size(properties)
    assert found is not None
    assert found.source == "TIFF tags"


@pytest.mark.parametrize("properties", [{}, {"openslide.mpp-x": "0.25"}, {"openslide.objective-power": "40"}])
def test_magnification_is_no_pixel_size(properties: dict[str, str]) -> None:
    assert property_size(properties) is None


@pytest.mark.parametrize("text", ["zero", "0", "-1", "inf", "nan", ""])
def test_a_property_that_is_no_size_is_silent(text: str) -> None:
    assert property_size({"openslide.mpp-x": text, "openslide.mpp-y": "0.25"}) is None


def test_resolution_in_centimetres() -> None:
    found = resolution_size((40_000, 20_000), "CENTIMETER")
    assert found is not None
    assert found.yx_um == pytest.approx((0.25, 0.5))


@pytest.mark.parametrize(("per_unit", "unit"), [((40_000, 40_000), "NONE"), ((0, 0), "INCH")])
def test_resolution_without_a_unit_is_silent(per_unit: tuple[float, float], unit: str) -> None:
    assert resolution_size(per_unit, unit) is None


def test_ome_header_with_a_unit_of_its_own_for_each_axis() -> None:
    assert ome_size(OME) == Stated((0.25, 0.25), "OME metadata")


@pytest.mark.parametrize(
    "description",
    [
        None,
        "Aperio Image Library",
        "<OME><broken",
        "<OME><Image/></OME>",
        OME.replace("nm", "furlong"),
        OME.replace("<OME", '<!DOCTYPE x [<!ENTITY a "aa">]><OME'),
    ],
)
def test_what_is_no_ome_header_is_silent(description: str | None) -> None:
    assert ome_size(description) is None
