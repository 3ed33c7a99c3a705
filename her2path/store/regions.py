"""Read the regions that a person drew: QuPath GeoJSON, ImageScope XML, ASAP XML.

Coordinates are level-0 pixels of the whole plane, as OpenSlide counts them.
"""

import gzip
from collections import Counter
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

NO_REGIONS = {
    "root": "whole image",
    "detection": "detection",
    "cell": "cell",
    "tile": "tile",
    "PathRootObject": "whole image",
    "PathDetectionObject": "detection",
    "PathCellObject": "cell",
    "PathTileObject": "tile",
}
"""What QuPath exports beside annotations and cores: nobody drew these.
``objectType``, or ``id`` before QuPath 0.3."""

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

    title: str = ""
    """The shape's own name where it has one beside its class."""

    @property
    def label(self) -> str:
        """What tells this shape from others of its class: its own name, else its class."""
        return self.title or self.name


@dataclass(frozen=True, eq=False)
class RegionFile:
    """What a region file holds."""

    outlines: tuple[Outline, ...]
    """At least one."""

    passed_over: tuple[str, ...] = ()
    """Kind and name of each line, point, empty shape, cell or missing core: none of them is a region."""

    @property
    def passed_over_words(self) -> str:
        """Kinds with their number: ``2 x LineString 'margin', 1 x Point``; empty where there is none."""
        return ", ".join(f"{n} x {what}" for what, n in Counter(self.passed_over).items())


@dataclass(frozen=True, eq=False)
class _Drawn:
    """One thing in a file."""

    geometry: shapely.Geometry | None
    """None where it is no region, whatever its form."""

    kind: str
    name: str = ""
    title: str = ""


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
    outlines, passed_over = [], []
    for drawn in found:
        area = _area(drawn.geometry)
        if area is None:
            label = drawn.title or drawn.name
            passed_over.append(f"{drawn.kind} {label!r}" if label else drawn.kind)
        else:
            outlines.append(Outline(area, drawn.name or drawn.title, drawn.title))
    read = RegionFile(tuple(outlines), tuple(passed_over))
    if not outlines:
        raise RegionFileError(
            f"{path.name} holds no closed shape (found: {read.passed_over_words or 'nothing'}); "
            "draw a polygon, rectangle or ellipse and export again"
        )
    return read


def _geojson(document: Any) -> Iterator[_Drawn]:  # noqa: ANN401 - any JSON
    features = document if isinstance(document, list) else document.get("features", [document])
    for feature in features:
        is_feature = feature["type"] == "Feature"
        geometry = feature["geometry"] if is_feature else feature
        properties = (feature.get("properties") if is_feature else None) or {}
        title, name = str(properties.get("name") or ""), _class_name(properties.get("classification"))
        kind = _qupath_kind(feature, properties)
        if kind is not None:
            yield _Drawn(None, kind, name, title)
        elif geometry is None or geometry["type"] in LINE_TYPES:
            yield _Drawn(None, "empty shape" if geometry is None else geometry["type"], name, title)
        elif geometry["type"] in AREA_TYPES:
            yield _Drawn(shape(geometry), geometry["type"], name, title)
        else:
            raise ValueError(f"unknown geometry {geometry['type']!r}")


def _qupath_kind(feature: Any, properties: Any) -> str | None:  # noqa: ANN401 - any JSON
    """Say what a QuPath object is where it is no region."""
    if properties.get("isMissing") is True:
        return "missing core"
    return NO_REGIONS.get(str(properties.get("objectType") or feature.get("id")))


def _class_name(classification: Any) -> str:  # noqa: ANN401 - any JSON
    """Name of a QuPath class; the parts of a derived one are joined as QuPath writes them."""
    if isinstance(classification, dict):
        names = classification.get("names")
        classification = classification.get("name") or (": ".join(map(str, names)) if names else "")
    return str(classification or "")


def _xml(root: ElementTree.Element) -> Iterator[_Drawn]:
    if root.tag == "ASAP_Annotations":
        return _asap(root)
    if root.tag == "Annotations":
        return _imagescope(root)
    raise ValueError(f"unknown root element {root.tag!r}")


def _asap(root: ElementTree.Element) -> Iterator[_Drawn]:
    """Yield every annotation; a spline is the polygon of its corners, as ASAP itself draws masks of it."""
    for annotation in root.iter("Annotation"):
        group, kind = annotation.get("PartOfGroup", "None"), annotation.get("Type", "untyped annotation")
        corners = sorted(annotation.iter("Coordinate"), key=lambda corner: int(corner.attrib["Order"]))
        area = _polygon(corners) if kind in ASAP_AREAS else None
        yield _Drawn(area, kind, "" if group == "None" else group, annotation.get("Name", ""))


def _imagescope(root: ElementTree.Element) -> Iterator[_Drawn]:
    for layer in root.iter("Annotation"):
        regions = list(layer.iter("Region"))
        areas = [_imagescope_area(region) for region in regions]
        # A negative region is cut out of all regions of its layer.
        is_hole = [region.get("NegativeROA") == "1" for region in regions]
        cut = shapely.union_all([area for area, hole in zip(areas, is_hole, strict=True) if area and hole])
        attributes = (attribute.get("Name") for attribute in layer.iter("Attribute"))
        name = layer.get("Name") or next(filter(None, attributes), "")
        for region, area, hole in zip(regions, areas, is_hole, strict=True):
            if area is None:
                yield _Drawn(None, "line or point", name, region.get("Text", ""))
            elif not hole:
                yield _Drawn(shapely.difference(area, cut), "cut away shape", name, region.get("Text", ""))


def _imagescope_area(region: ElementTree.Element) -> shapely.Geometry | None:
    vertices, kind = list(region.iter("Vertex")), region.get("Type")
    if kind in IMAGESCOPE_LINES or len(vertices) < 2:
        return None
    ellipse = kind == IMAGESCOPE_ELLIPSE and len(vertices) <= 4
    if len(vertices) > 2 and not ellipse:
        return _polygon(vertices)
    # Few vertices stand for the box around a rectangle or an ellipse: its corners, or points on its sides.
    x, y = zip(*map(_xy, vertices), strict=True)
    left, top, right, bottom = min(x), min(y), max(x), max(y)
    circle = shapely.Point((left + right) / 2, (top + bottom) / 2).buffer(0.5, quad_segs=32)
    drawn: shapely.Geometry = (
        shapely.affinity.scale(circle, right - left, bottom - top)
        if ellipse
        else shapely.box(left, top, right, bottom)
    )
    return drawn


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
