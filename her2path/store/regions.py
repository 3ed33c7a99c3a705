"""Read the regions that a person drew: QuPath GeoJSON, ImageScope XML, ASAP XML.

Coordinates are level-0 pixels of the whole plane, as OpenSlide counts them.
"""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import shapely
from shapely.geometry import shape

from her2path.errors import RegionFileError

AREA_TYPES = {"Polygon", "MultiPolygon", "GeometryCollection"}
LINE_TYPES = {"Point", "MultiPoint", "LineString", "MultiLineString"}

IMAGESCOPE_ELLIPSE = "2"
IMAGESCOPE_LINES = {"3", "4"}
"""Region types of ImageScope: arrow and ruler hold no area; 0 freehand, 1 rectangle, 2 ellipse do."""

ASAP_AREAS = {"Polygon", "Rectangle", "Spline"}

EXPECTED = "expected QuPath GeoJSON, ImageScope XML or ASAP XML"

_PARSING_ERRORS = (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.GEOSException)
"""What shapely and the look-ups raise on a geometry that is not one."""


@dataclass(frozen=True, eq=False)
class Outline:
    """One closed shape; holes are inside the geometry."""

    geometry: shapely.Polygon | shapely.MultiPolygon
    """x and y in level-0 pixels; valid and not empty."""

    name: str
    """Class of the shape where it has one, else its name, else empty."""


@dataclass(frozen=True, eq=False)
class RegionFile:
    """What a region file holds."""

    outlines: tuple[Outline, ...]
    """At least one."""

    n_without_area: int
    """Lines, points and empty shapes that were passed over."""


def read_regions(path: Path) -> RegionFile:
    """Read a region file.

    Parameters
    ----------
    path
        GeoJSON (FeatureCollection, Feature or bare array; may be gzipped) as QuPath writes it, or XML as
        ImageScope and ASAP write it.

    Raises
    ------
    RegionFileError
        If the file cannot be read, is of another kind, or holds no closed shape.
    """
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise RegionFileError(f"{path} cannot be read ({error}); check the path") from error
    content = content.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        if content.startswith((b"{", b"[")):
            found = list(_geojson(orjson.loads(content)))
        elif content.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
            # Expat ≥ 2.4.1, which comes with every supported Python, stops entity expansion.
            found = list(_xml(ElementTree.fromstring(content)))  # noqa: S314
        else:
            raise RegionFileError(f"{path.name} is no region file; {EXPECTED}")
    except RegionFileError:
        raise
    except (*_PARSING_ERRORS, ElementTree.ParseError) as error:
        raise RegionFileError(f"{path.name} does not parse ({error}); {EXPECTED}") from error
    outlines = tuple(Outline(area, name) for geometry, name in found if (area := _area(geometry)) is not None)
    if not outlines:
        raise RegionFileError(
            f"{path.name} holds no closed shape ({len(found)} lines, points or empty shapes); "
            "draw a polygon, rectangle or ellipse and export again"
        )
    return RegionFile(outlines, len(found) - len(outlines))


def _geojson(document: Any) -> Iterator[tuple[shapely.Geometry | None, str]]:  # noqa: ANN401 - any JSON
    features = document if isinstance(document, list) else document.get("features", [document])
    for feature in features:
        geometry = feature["geometry"] if feature["type"] == "Feature" else feature
        if geometry is None or geometry["type"] in LINE_TYPES:
            yield None, ""
        elif geometry["type"] in AREA_TYPES:
            properties = feature.get("properties") or {}
            classification = properties.get("classification") or {}
            yield shape(geometry), str(classification.get("name") or properties.get("name") or "")
        else:
            raise ValueError(f"unknown geometry {geometry['type']!r}")


def _xml(root: ElementTree.Element) -> Iterator[tuple[shapely.Geometry | None, str]]:
    if root.tag == "ASAP_Annotations":
        return _asap(root)
    if root.tag == "Annotations":
        return _imagescope(root)
    raise ValueError(f"unknown root element {root.tag!r}")


def _asap(root: ElementTree.Element) -> Iterator[tuple[shapely.Geometry | None, str]]:
    for annotation in root.iter("Annotation"):
        group = annotation.get("PartOfGroup", "None")
        corners = sorted(annotation.iter("Coordinate"), key=lambda corner: int(corner.attrib["Order"]))
        area = _polygon(corners) if annotation.get("Type") in ASAP_AREAS else None
        yield area, annotation.get("Name", "") if group == "None" else group


def _imagescope(root: ElementTree.Element) -> Iterator[tuple[shapely.Geometry | None, str]]:
    for layer in root.iter("Annotation"):
        holes = []
        named: dict[str, list[shapely.Geometry]] = defaultdict(list)
        for region in layer.iter("Region"):
            area = None if region.get("Type") in IMAGESCOPE_LINES else _imagescope_area(region)
            if area is None:
                yield None, ""
            elif region.get("NegativeROA") == "1":
                holes.append(area)
            else:
                named[_imagescope_name(layer, region)].append(area)
        # A negative region is cut out of all regions of its layer.
        cut = shapely.union_all(holes)
        for name, areas in named.items():
            for area in areas:
                yield shapely.difference(area, cut), name


def _imagescope_area(region: ElementTree.Element) -> shapely.Geometry | None:
    vertices = list(region.iter("Vertex"))
    if len(vertices) != 2:
        return _polygon(vertices)
    # Two vertices are opposite corners of the box around a rectangle or an ellipse.
    (x0, y0), (x1, y1) = map(_xy, vertices)
    box = shapely.box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    if region.get("Type") != IMAGESCOPE_ELLIPSE:
        return box
    circle = shapely.Point((x0 + x1) / 2, (y0 + y1) / 2).buffer(0.5, quad_segs=32)
    return shapely.affinity.scale(circle, abs(x1 - x0), abs(y1 - y0))


def _imagescope_name(layer: ElementTree.Element, region: ElementTree.Element) -> str:
    attributes = (attribute.get("Name") for attribute in layer.iter("Attribute"))
    return layer.get("Name") or region.get("Text") or next(filter(None, attributes), "")


def _polygon(corners: list[ElementTree.Element]) -> shapely.Geometry | None:
    return shapely.make_valid(shapely.Polygon(map(_xy, corners))) if len(corners) >= 3 else None


def _xy(corner: ElementTree.Element) -> tuple[float, float]:
    return float(corner.attrib["X"]), float(corner.attrib["Y"])


def _area(geometry: shapely.Geometry | None) -> shapely.Polygon | shapely.MultiPolygon | None:
    """Keep the closed part of a geometry, mended where its outline crosses itself; None if there is none."""
    if geometry is None:
        return None
    parts = shapely.get_parts(shapely.make_valid(shapely.force_2d(geometry)))
    while any(part.geom_type == "GeometryCollection" for part in parts):
        parts = shapely.get_parts(parts)
    # Polygons alone: what a crossing outline leaves in lines and points holds no area.
    closed = shapely.union_all([part for part in shapely.get_parts(parts) if part.geom_type == "Polygon"])
    return (
        closed if isinstance(closed, shapely.Polygon | shapely.MultiPolygon) and not closed.is_empty else None
    )
